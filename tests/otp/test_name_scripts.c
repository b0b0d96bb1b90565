/*
 * REG, PG: random scripts of registries and groups do here what they did in Elixir and Erlang, whose
 * traces were recorded; see tests/conformance/registry/README.md and tests/conformance/groups/README.md.
 */
#include "support/scripts.h"

COP_TEST(REG_scripts, "random scripts of registries do what they do in Elixir", .limit_s = 120)
{
        scripts_compare("registry", "otp_registry_script", 20);
}

COP_TEST(PG_scripts, "random scripts of process groups do what they do in OTP", .limit_s = 120)
{
        scripts_compare("groups", "otp_groups_script", 20);
}
