/*
 * GE: random scripts of event managers do here what they did in Erlang, whose traces were recorded;
 * see tests/conformance/managers/README.md. Time is virtual, and the seed says who runs when.
 */
#include "support/scripts.h"

COP_TEST(GE_scripts, "random scripts of event managers do what they do in Erlang", .limit_s = 120)
{
        scripts_compare("managers", "otp_manager_script", 20);
}
