/*
 * ets_do.h: operations on ets tables, as terms.
 *
 * What Erlang would do with ets:F(Table, A...) is {F, A...}, or F alone: {insert, {a, 1}},
 * {update_counter, a, {2, 1}}, first. And
 *
 *     {match, V}  {match_key, K}          the objects {_, V}, and those {K, _}
 *     {match_count, V}  {match_delete, V} how many {_, V}; the same, removed
 *     walk                                all keys, from first to next
 *     fold                                all objects, from a loop
 *     {give, Pid, Data}  {heir, Pid, Data}  {heir, Pid}  no_heir
 */
#ifndef COP_TESTS_SUPPORT_ETS_DO_H
#define COP_TESTS_SUPPORT_ETS_DO_H

#include <coppice/ets.h>

/* What comes of it; badarg where it is that. Of what returns nothing, true. */
#define ets_do(table, ...) ets_do_term((table), cop_build(__VA_ARGS__))
cop_term ets_do_term(cop_ref table, cop_term operation);

#endif
