#include "sprout.h"

/* What this is called elsewhere. It starts no process; VSN is the version in meson.build. */
COP_APPLICATION(sprout, .description = "greets", .vsn = VSN);
