/*
 * ETS: random scripts of tables do here what they did in Erlang, whose traces were recorded; see
 * tests/conformance/tables/README.md. Time is virtual, and the seed says who runs when.
 */
#include "support/scripts.h"

COP_TEST(ETS_scripts, "random scripts of tables do what they do in Erlang", .limit_s = 120)
{
        scripts_compare("tables", "runtime_ets_script", 20);
}
