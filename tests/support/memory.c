#include "support/memory.h"

#include <coppice/test.h>

#include "base/alloc.h"

int without_memory(bool (*task)(void *context), void (*undo)(void *context), void *context)
{
        int64_t before = cop__alloc_live_blocks();
        int n;

        for (n = 1;; n++) {
                bool done;
                bool refused;

                cop__alloc_fail_at(n);
                done = task(context);
                refused = cop__alloc_fail_at(0);
                if (done && undo)
                        undo(context);
                if (cop__alloc_live_blocks() != before)
                        cop_fail("allocation %d %s: %lld blocks are left behind", n,
                                 refused ? "failed" : "did not fail",
                                 (long long)(cop__alloc_live_blocks() - before));
                if (done && !refused)
                        return n - 1;
                if (!done && !refused)
                        cop_fail("the task fails although it has all the memory it wants");
        }
}
