#include "support/failure.h"

#include "term/host.h"

static _Thread_local jmp_buf out;
static _Thread_local cop_term failed_with;
static _Thread_local const struct cop_place *failed_at;

static COP_NORETURN void jump_out(enum failure how, cop_term reason, const struct cop_place *place)
{
        failed_with = reason;
        failed_at = place;
        longjmp(out, 1);
}

jmp_buf *failure_begin(void)
{
        __atomic_store_n(&cop__host.fail, jump_out, __ATOMIC_RELAXED);
        failed_with = COP_NONE;
        failed_at = NULL;
        return &out;
}

cop_term failure_end(void)
{
        return failed_with;
}

const struct cop_place *failure_place(void)
{
        return failed_at;
}

bool is_limit(cop_term reason)
{
        return cop_is(reason, "system_limit") ||
               (cop_is_tuple(reason) && cop_tuple_size(reason) == 2 &&
                cop_is(cop_element(reason, 0), "system_limit"));
}
