#include "sprout.h"

/* It starts no process of its own, but needs those of another application. */
COP_APPLICATION(sprout, .description = "greets", .vsn = VSN, .applications = "[sprout_counter]");
