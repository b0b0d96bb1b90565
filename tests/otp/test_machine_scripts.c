/*
 * SM: random scripts of state machines do here what they did in Erlang, whose traces were recorded;
 * see tests/conformance/machines/README.md. Time is virtual, and the seed says who runs when.
 */
#include "support/scripts.h"

COP_TEST(SM_scripts, "random scripts of state machines do what they do in Erlang", .limit_s = 120)
{
        scripts_compare("machines", "otp_machine_script", 20);
}
