/*
 * coppice/partition_supervisor.h: several processes instead of one that everybody waits for.
 *
 * It starts the same child a number of times, one on each partition, and a key says which of them
 * one talks to: the same key is always the same child. Where a single server is what all wait for,
 * this makes as many of it as there are cores. This is Elixir's PartitionSupervisor.
 *
 *     COP_PARTITION_SUPERVISOR(counters, .child_spec = COP_CHILD_SPEC(COP_WORKER(counter, "0")));
 *
 *     cop_supervisor_start_link(counters, .name = "counters");
 *     cop_call(cop_partition("counters", cop_int(user)), "next");
 *
 * It has to have a registered name, by which its partitions are found. cop_partition() makes the
 * term {via, cop_partition_supervisor, {Name, Key}}, which stands wherever a destination is taken
 * (<coppice/via.h>). An integer key N is partition abs(N) rem Partitions, any other key one that is
 * the same for equal keys. Between the death of a child and its restart a dead process is found: who
 * calls it then exits with noproc.
 *
 * It is an ordinary supervisor, and is asked as one (<coppice/supervisor.h>); the ids of its children
 * are the numbers of the partitions, from 0.
 */
#ifndef COPPICE_PARTITION_SUPERVISOR_H
#define COPPICE_PARTITION_SUPERVISOR_H

#include <coppice/supervisor.h>
#include <coppice/via.h>

COP_BEGIN_DECLS

/* Leave out what you do not care about: zero is always the default. */
struct cop_partition_supervisor_options {
        cop_term child_spec;        /* an OTP child specification; its id means nothing */
        int partitions;             /* 0: one for each scheduler */
        enum cop_strategy strategy; /* all but COP_SIMPLE_ONE_FOR_ONE */
        int max_restarts;           /* so many restarts ...; 0: 3; COP_NO_RESTARTS: none */
        int max_seconds;            /* ... in so many seconds are too many; 0: 5 */
        /* The arguments (a list) of the child on this partition, made of those in child_spec; NULL:
         * the same for all. */
        cop_term (*with_arguments)(cop_term arguments, int partition);
};

/* COP_PARTITION_SUPERVISOR(name, .child_spec = ..., ...) defines one. The options stand in a function
 * that runs at each start: they need not be constant. */
#define COP_PARTITION_SUPERVISOR(name, ...)                                                        \
        static cop_term cop__partition_##name(cop_term argument)                                   \
        {                                                                                          \
                COP__OPTIONS_ON                                                                    \
                return cop__partition(COP__PARTITION_OPTIONS(__VA_ARGS__));                        \
                COP__OPTIONS_OFF                                                                   \
        }                                                                                          \
        COP_SUPERVISOR(name, .init = cop__partition_##name)

#ifndef __cplusplus
#define COP__PARTITION_OPTIONS(...)                                                                \
        (&(const struct cop_partition_supervisor_options){ __VA_ARGS__ })
#else
#define COP__PARTITION_OPTIONS(...) cop__lend(cop_partition_supervisor_options{ __VA_ARGS__ })
#endif

/*
 * One for which no code has to be written: its argument is a map.
 *
 *     COP_WORKER(cop_partition_supervisor, "#{child_spec => #{id => c, start => ...}}", .name = "c")
 *
 * It takes #{child_spec => Spec, partitions => N, strategy => S, max_restarts => 3, max_seconds => 5},
 * all but the first of which may be left out.
 */
extern COP_API const struct cop_module COP__MODULE(cop_partition_supervisor);

/* The term by which the partition for this key is called. */
COP_API cop_term cop_partition(const char *name, cop_term key);

/* How many partitions there are. No such supervisor: the caller exits with
 * {noproc, {cop_partition_supervisor, partitions, [Name]}}. */
COP_API int cop_partitions(const char *name);

/*
 * From now on there are so many: 1 up to as many as it was started with, else badarg. What is too
 * many is ended, what is missing is started.
 *
 * Blocks    until that is done.
 */
COP_API void cop_partition_resize(const char *name, int partitions);

/* ---- behind the macros ---- */

COP_API cop_term cop__partition(const struct cop_partition_supervisor_options *options);

COP_END_DECLS

#endif
