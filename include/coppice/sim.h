/*
 * coppice/sim.h: the same program in another world: one thread, virtual time, and chance from a seed.
 *
 * In a simulation the same seed gives the same run, to the byte of its trace, whoever compiled it and on
 * whatever day; another seed another interleaving. A turn takes no time, and where all wait the clock jumps
 * to the next thing that is to happen: a day passes in seconds. Faults may happen, by chance or by plan.
 *
 *     $ COP_SIM=81 ./program
 *
 * simulates a whole program, and
 *
 *     COP_TEST(POOL_lends, "nobody waits for ever for something that was lent to the dead")
 *     {
 *             cop_simulate(borrow_and_die, .seeds = 1000, .faults = COP_SIM_KILL, .one_in = 50);
 *     }
 *
 * runs borrow_and_die as a process in a thousand such worlds. Where one fails the test does, with its seed, the
 * shortest plan of faults that still makes it fail, and what happened. docs/simulation.md has more.
 */
#ifndef COPPICE_SIM_H
#define COPPICE_SIM_H

#include <coppice/system.h>

COP_BEGIN_DECLS

/* What may happen to a process, before one of its turns. Each is a bit; a plan has them by name. */
#define COP_SIM_FAULTS(X)                                                                          \
        X(KILL, kill)     /* it is killed */                                                       \
        X(FAULT, fault)   /* it follows a null pointer: {segv, ...} */                             \
        X(LOOP, loop)     /* it runs for ever: until it is killed, or its turn was too long */     \
        X(SLOW, slow)     /* its turn takes a while */                                             \
        X(DROP, drop)     /* the answer it has just got never came */                              \
        X(DELAY, delay)   /* the same comes later */                                               \
        X(MEMORY, memory) /* one of the next allocations of its turn fails */                      \
        X(START, start)   /* only before its first: it ends with sim_start */

enum cop__sim_number {
#define COP__SIM_NUMBER(tag, name) COP__SIM_##tag,
        COP_SIM_FAULTS(COP__SIM_NUMBER)
#undef COP__SIM_NUMBER
                COP__SIM_KINDS
};

enum cop_sim_fault {
#define COP__SIM_BIT(tag, name) COP_SIM_##tag = 1 << COP__SIM_##tag,
        COP_SIM_FAULTS(COP__SIM_BIT)
#undef COP__SIM_BIT
                COP_SIM_ALL = (1 << COP__SIM_KINDS) - 1
};

/*
 * A world. Leave out what you do not care about: zero is always the default, and without any of these nothing
 * but the order of turns is left to chance.
 *
 * By chance faults happen to processes that a handler (a supervisor, say) has started and is linked with; with
 * .anybody to all but those that a thread of the program has started.
 */
struct cop_sim_options {
        size_t struct_size;
        unsigned faults;      /* which may happen by chance, as COP_SIM_KILL | COP_SIM_SLOW */
        unsigned one_in;      /* before one turn in so many; 0: before none */
        unsigned every_ms;    /* and one each so many virtual milliseconds; 0: none */
        unsigned faults_most; /* by chance, in all; 0: no limit */
        int64_t until_ms;     /* by chance, and later none, so that all may heal; 0: always */
        bool anybody;
        /* Registered names and names of servers, with blanks between: by chance nothing happens to them,
         * and to nobody before its first turn, in which most get their names. */
        const char *spare;
        unsigned while_ms;   /* how long slow and delay may last; 0: 100 */
        unsigned latency_us; /* each turn begins up to so much later; 0: at once */
        const char *plan;    /* what happens for certain: "kill <0.5.0>@3; slow <0.7.0>@1 20" */
        int trace;           /* a descriptor for what happens, a line each; 0: none */
        int64_t end_ms;      /* cop_stop(0) when so much virtual time has passed; 0: never */

        /* Called before each turn, by no process: looks at C data alone. NULL: all is as it must be; else
         * what is not: then the program says so, and ends with status 1. */
        const char *(*always)(void *argument);
        void *argument; /* its */

        /* Of cop_simulate() alone. */
        unsigned seeds;      /* in how many worlds; 0: COP_SIM_SEEDS in the environment, or 100 */
        uint64_t first_seed; /* where COP_SEED is not set; 0: that of the run */
        int limit_s;         /* how long one may take on the clock on the wall; 0: 20 */
};

/* In a simulation: returns when nobody can do anything any more but by time passing. Who asks again without
 * anybody having done anything since lets time pass. Elsewhere it exits with badarg. Any process; 16 at once. */
COP_API void cop_sim_rest(void);

/* Is this a simulation? Anywhere. */
COP_API bool cop_sim_is(void);

/* How many turns there have been in this simulation, and faults. Anywhere. */
COP_API uint64_t cop_sim_turns(void);
COP_API uint64_t cop_sim_fault_count(void);

/* ---- in tests: link with libcoppice-test ---- */

/* What was found out about worlds. */
struct cop_sim_found {
        uint64_t seed;    /* of the first that failed; 0: none did */
        unsigned worlds;  /* how many there were */
        unsigned events;  /* of the plan */
        char plan[1024];  /* the shortest that was found with which it still fails */
        const char *what; /* everything that world said, and its trace; good until the next call */
};

/*
 * cop_simulate(body, .seeds = 1000, ...) runs body as a process in so many worlds, each in an OS process of
 * its own. One fails where an assertion does, where `always` says so, where body does not end normally, or where
 * nothing can happen any more while it waits. Then the test fails.
 */
#define cop_simulate(body, ...)                                                                    \
        cop__simulate((body), COP_OPTIONS(struct cop_sim_options, __VA_ARGS__), __FILE__, __LINE__)
COP_API void cop__simulate(void (*body)(void), const struct cop_sim_options *options,
                           const char *file, int line);

/* cop_sim_find(&found, body, ...): the same for who wants to know, such as a test of a test. */
#define cop_sim_find(found, body, ...)                                                             \
        cop_sim_find_with((found), (body), COP_OPTIONS(struct cop_sim_options, __VA_ARGS__))
COP_API void cop_sim_find_with(struct cop_sim_found *found, void (*body)(void),
                               const struct cop_sim_options *options);

COP_END_DECLS

#endif
