/*
 * APP: random scripts of applications do here what they did in Erlang, whose traces were recorded; see
 * tests/conformance/applications/README.md. Time is virtual, and the seed says who runs when.
 */
#include "support/scripts.h"

COP_TEST(APP_8_scripts, "random scripts of applications do what they do in Erlang", .limit_s = 120)
{
        scripts_compare("applications", "otp_application_script", 20);
}
