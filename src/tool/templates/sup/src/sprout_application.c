#include "sprout.h"

/* What is started and stopped as a whole. VSN is the version in meson.build. */
COP_APPLICATION(sprout, .description = "counts", .vsn = VSN, .env = "[{first, 1}]",
                .start = COP_ROOT(sprout_supervisor));
