#include "sprout.h"

/* More than 3 crashes in 5 seconds are too many: then the supervisor gives up. */
COP_SUPERVISOR(sprout_supervisor, .strategy = COP_ONE_FOR_ONE, .intensity = 3, .period = 5,
               .children = COP_CHILDREN(COP_WORKER(sprout, "[]", .name = "sprout")));
