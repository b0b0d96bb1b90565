/*
 * DS: random scripts of a dynamic supervisor do here what they did in Elixir, whose traces were
 * recorded; see tests/conformance/dynamic/README.md.
 */
#include "support/scripts.h"

COP_TEST(DS_scripts, "random scripts of a dynamic supervisor do what they do in Elixir",
         .limit_s = 120)
{
        scripts_compare("dynamic", "otp_dynamic_script", 20);
}
