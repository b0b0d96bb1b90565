/*
 * worker.h: the child of which the benchmarks of supervisors have very many.
 */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include <coppice/server.h>

struct worker {
        int64_t a, b;
};

static cop_next init(struct worker *w, cop_term nothing)
{
        w->a = w->b = 1;
        return cop_ok();
}

static cop_next handle_call(struct worker *w, cop_term request, cop_from from)
{
        return cop_match(request, "x") ? cop_reply(cop_int(w->a)) : cop_no_clause();
}

COP_SERVER(worker, struct worker, .init = init, .handle_call = handle_call);

#endif
