#include "sprout_counter.h"

COP_SUPERVISOR(sprout_counter_supervisor, .strategy = COP_ONE_FOR_ONE,
               .children = COP_CHILDREN(COP_WORKER(sprout_counter, "[]", .name = "sprout_counter")));

/* VSN is the version in the meson.build at the top. */
COP_APPLICATION(sprout_counter, .description = "counts", .vsn = VSN, .env = "[{first, 1}]",
                .start = COP_ROOT(sprout_counter_supervisor));
