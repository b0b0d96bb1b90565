/*
 * AG, TK: random scripts of agents and tasks do here what they did in Elixir, whose traces were
 * recorded; see tests/conformance/tasks/README.md. Time is virtual, and the seed says who runs when.
 */
#include "support/scripts.h"

COP_TEST(TK_scripts, "random scripts of agents and tasks do what they do in Elixir", .limit_s = 120)
{
        scripts_compare("tasks", "otp_task_script", 20);
}
