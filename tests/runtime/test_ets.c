/*
 * ETS: tables that processes share.
 */
#include "support/ets_do.h"
#include "support/puppet.h"

static cop_ref a_table(enum cop_ets_type type)
{
        return cop_ets_new("table", .type = type, .access = COP_ETS_PUBLIC);
}

static cop_term sorted(cop_ref table)
{
        return cop_sort(cop_ets_to_list(table));
}

/* What another process gets for an operation. */
static void does(cop_term argument)
{
        cop_term operation;
        cop_pid to;
        cop_ref table;

        cop_match(argument, "{To, Table, Operation}", &to, &table, &operation);
        cop_send(to, "{result, R}", ets_do_term(table, operation));
}

static cop_term elsewhere(cop_ref table, cop_term operation)
{
        cop_term result;

        cop_spawn(does, cop_build("{Me, Table, O}", cop_self(), table, operation));
        cop_assert(cop_receive(5000, "{result, R}", &result));
        return result;
}

/* ---- owners ---- */

/* Makes a table, says so, and waits. {named, Heir or none, Data or none}. */
static void owner(cop_term argument)
{
        cop_pid tester, heir = { 0 };
        cop_term data = COP_NONE;
        cop_ref table;

        if (!cop_match(argument, "{Tester, Heir, Data}", &tester, &heir, &data) &&
            !cop_match(argument, "{Tester, Heir}", &tester, &heir))
                cop_match(argument, "{Tester}", &tester);
        table = cop_ets_new("owned", .named = true, .heir = heir, .heir_data = data);
        cop_ets_insert(table, "{a, 1}");
        cop_send(tester, "{table, T}", table);
        cop_next_message();
}

static cop_ref table_of(cop_pid *pid, cop_term argument)
{
        cop_ref table;

        *pid = cop_spawn(owner, argument);
        cop_assert(cop_receive(5000, "{table, T}", &table));
        return table;
}

COP_TEST(ETS_1_owner, "a table dies with its owner, and its name is free")
{
        cop_pid pid;
        cop_ref table = table_of(&pid, cop_build("{Me}", cop_self()));

        cop_assert_term(ets_do(table, "{lookup, a}"), "[{a, 1}]");
        cop_kill(pid);
        cop_assert(!cop_is_alive(pid));
        cop_assert_term(ets_do(table, "{lookup, a}"), "badarg");
        cop_assert(cop_is_none(cop_ets_info(table, "size")));
        cop_assert_equal(cop_ets_whereis("owned").word, 0);
        cop_ets_new("owned", .named = true);
}

COP_TEST(ETS_1_heir, "with an heir it goes to that, who is told by whom and with which data")
{
        cop_pid pid;
        cop_ref table = table_of(&pid, cop_build("{Me, Me, {some, <<\"data\">>}}", cop_self()));

        cop_kill(pid);
        cop_assert_term(messages(), "[{'ETS-TRANSFER', owned, Pid, {some, <<\"data\">>}}]", pid);
        cop_assert_term(cop_ets_info(table, "owner"), "Me", cop_self());
        cop_ets_insert("owned", "{b, 2}");
        cop_assert_term(sorted(table), "[{a, 1}, {b, 2}]");
}

COP_TEST(ETS_1_heir_without_message, "an heir without data gets the table and no message")
{
        cop_pid pid;
        cop_ref table = table_of(&pid, cop_build("{Me, Me}", cop_self()));

        cop_kill(pid);
        cop_assert_term(messages(), "[]");
        cop_assert_term(cop_ets_info(table, "owner"), "Me", cop_self());
        cop_assert_term(cop_ets_info(table, "heir"), "Me", cop_self());
}

COP_TEST(ETS_1_dead_heir, "an heir that is dead already inherits nothing")
{
        cop_pid pid, heir = puppet();
        cop_ref table = table_of(&pid, cop_build("{Me, Heir, x}", cop_self(), heir));

        cop_kill(heir);
        cop_assert(!cop_is_alive(heir));
        cop_kill(pid);
        cop_assert(!cop_is_alive(pid));
        cop_assert_term(ets_do(table, "size"), "undefined");
}

COP_TEST(ETS_1_inherited_again, "who inherited it is its owner: it dies with that")
{
        cop_pid pid, heir = puppet();
        cop_ref table = table_of(&pid, cop_build("{Me, Heir, x}", cop_self(), heir));

        cop_kill(pid);
        cop_assert(!cop_is_alive(pid));
        cop_assert_term(cop_ets_info(table, "owner"), "Heir", heir);
        cop_kill(heir);
        cop_assert(!cop_is_alive(heir));
        cop_assert_term(ets_do(table, "size"), "undefined");
        messages();
}

COP_TEST(ETS_1_give_away, "a table that is given away has another owner, who is told")
{
        cop_pid to = puppet();
        cop_ref table = cop_ets_new("gift");

        cop_ets_insert(table, "{a, 1}");
        cop_ets_give_away(table, to, cop_atom("data"));
        cop_assert_term(messages(), "[{To, {'ETS-TRANSFER', Table, Me, data}}]", to, table,
                        cop_self());
        cop_assert_term(ets_do(table, "{lookup, a}"), "[{a, 1}]");
        cop_assert_term(ets_do(table, "{insert, {b, 2}}"), "badarg");
        cop_assert_term(ets_do(table, "{give, Me, x}", cop_self()), "badarg");
        cop_kill(to);
        cop_assert(!cop_is_alive(to));
        cop_assert_term(ets_do(table, "{lookup, a}"), "badarg");
}

COP_TEST(ETS_1_give_away_badarg, "not to oneself, not to the dead, not what is another's")
{
        cop_pid dead = puppet();
        cop_ref table = cop_ets_new("gift");

        cop_kill(dead);
        cop_assert(!cop_is_alive(dead));
        cop_assert_term(ets_do(table, "{give, Me, x}", cop_self()), "badarg");
        cop_assert_term(ets_do(table, "{give, Dead, x}", dead), "badarg");
        cop_assert_term(elsewhere(table, cop_build("{give, Me, x}", cop_self())), "badarg");
        cop_assert_term(elsewhere(table, cop_build("{heir, Me, x}", cop_self())), "badarg");
        cop_assert_term(cop_ets_info(table, "owner"), "Me", cop_self());
        cop_assert_term(messages(), "[]");
}

COP_TEST(ETS_1_heir_later,
         "the heir may be named later, and taken back; it stays when the table is "
         "given away")
{
        cop_pid to = puppet();
        cop_ref table = cop_ets_new("gift");

        cop_assert_term(cop_ets_info(table, "heir"), "none");
        cop_ets_set_heir(table, to, cop_atom("x"));
        cop_ets_set_heir(table, (cop_pid){ 0 }, COP_NONE);
        cop_assert_term(cop_ets_info(table, "heir"), "none");
        cop_ets_set_heir(table, cop_self(), cop_atom("back"));
        cop_ets_give_away(table, to, cop_atom("take"));
        messages();
        cop_kill(to);
        cop_assert_term(messages(), "[{'ETS-TRANSFER', Table, To, back}]", table, to);
        cop_assert_term(cop_ets_info(table, "owner"), "Me", cop_self());
}

COP_TEST(ETS_1_give_to_the_dying, "a table given to one that dies meanwhile is nobody's or still "
                                  "the giver's")
{
        for (int i = 0; i < world_times(); i++) {
                cop_pid to = puppet();
                cop_ref table = cop_ets_new("gift");
                bool given;

                cop_kill(to);
                given = cop_is_bool(ets_do(table, "{give, To, x}", to));
                cop_assert(!cop_is_alive(to));
                if (given)
                        cop_assert_term(ets_do(table, "size"), "undefined");
                else
                        cop_ets_free(table);
                cop_assert_term(cop_ets_all(), "[]");
        }
}

COP_TEST(ETS_2_before_down, "the table is gone before the owner's DOWN and EXIT are seen")
{
        for (int i = 0; i < world_times(); i++) {
                cop_pid pid;
                cop_ref table = table_of(&pid, cop_build("{Me}", cop_self()));
                cop_ref ref = cop_monitor(pid);

                cop_kill(pid);
                down_reason(ref);
                cop_assert_equal(cop_ets_whereis("owned").word, 0);
                cop_assert_term(ets_do(table, "size"), "undefined");
        }
}

COP_TEST(ETS_3_copies, "objects are copied in and out: what one has does not change with the table")
{
        cop_ref table = a_table(COP_ETS_SET);
        cop_term mine, before = COP_NONE;

        cop_scope {
                cop_ets_insert(table, "{k, [1, {2, <<\"three\">>}]}");
                mine = cop_ets_lookup(table, cop_atom("k"));
                before = cop_keep(mine);
                cop_ets_insert(table, "{k, other}");
                cop_assert_term(mine, "[{k, [1, {2, <<\"three\">>}]}]");
        }
        cop_ets_free(table);
        cop_assert_term(before, "[{k, [1, {2, <<\"three\">>}]}]");
        cop_release(before);
}

COP_TEST(ETS_3_large, "large binaries are shared with the table, and outlive it")
{
        static uint8_t bytes[100000];
        cop_ref table = a_table(COP_ETS_SET);
        cop_term out;

        bytes[sizeof(bytes) - 1] = 7;
        cop_ets_insert(table, "{k, B}", cop_binary(bytes, sizeof(bytes)));
        out = cop_ets_lookup_element(table, cop_atom("k"), 2);
        cop_ets_free(table);
        cop_assert_equal(cop_byte_size(out), sizeof(bytes));
        cop_assert_equal(cop_to_bytes(out)[sizeof(bytes) - 1], 7);
}

/* ---- test and set ---- */

static void tries_to_be_first(cop_term argument)
{
        cop_pid to;
        cop_ref table;

        cop_match(argument, "{To, Table}", &to, &table);
        cop_send(to, "{first, B}", cop_bool(cop_ets_insert_new(table, "{leader, Me}", cop_self())));
}

COP_TEST(ETS_4_insert_new, "of many that insert a new object one succeeds")
{
        enum { MANY = 8 };

        for (int i = 0; i < world_times(); i++) {
                cop_ref table = a_table(COP_ETS_SET);
                int firsts = 0;

                for (int k = 0; k < MANY; k++)
                        cop_spawn(tries_to_be_first, cop_build("{Me, T}", cop_self(), table));
                for (int k = 0; k < MANY; k++) {
                        bool first;

                        cop_assert(cop_receive(5000, "{first, B}", &first));
                        firsts += first;
                }
                cop_assert_equal(firsts, 1);
                cop_ets_free(table);
        }
}

COP_TEST(ETS_4_insert_new_list, "a list is inserted as a whole, or not at all")
{
        cop_ref table = a_table(COP_ETS_SET), bag = a_table(COP_ETS_BAG);

        cop_assert_term(ets_do(table, "{insert_new, [{a, 1}, {b, 2}, {a, 3}]}"), "true");
        cop_assert_term(sorted(table), "[{a, 3}, {b, 2}]");
        cop_assert_term(ets_do(table, "{insert_new, [{c, 1}, {b, 9}]}"), "false");
        cop_assert_term(ets_do(table, "{insert_new, []}"), "true");
        cop_assert_term(ets_do(table, "{insert, [{d, 1}, {d}, notuple]}"), "badarg");
        cop_assert_term(sorted(table), "[{a, 3}, {b, 2}]");
        cop_assert_term(ets_do(bag, "{insert_new, [{a, 1}, {a, 2}]}"), "true");
        cop_assert_term(ets_do(bag, "{insert_new, {a, 3}}"), "false");
}

static void counts(cop_term argument)
{
        cop_pid to;
        cop_ref table;

        cop_match(argument, "{To, Table}", &to, &table);
        for (int i = 0; i < 1000; i++)
                cop_ets_update_counter_or(table, "hits", cop_build("{any, 0, x}"), "1");
        cop_send(to, "done");
}

COP_TEST(ETS_4_update_counter, "counters count what all count, the first one inserts them")
{
        enum { MANY = 4 };
        cop_ref table = a_table(COP_ETS_SET);

        for (int k = 0; k < MANY; k++)
                cop_spawn(counts, cop_build("{Me, T}", cop_self(), table));
        for (int k = 0; k < MANY; k++)
                cop_assert(cop_receive(20000, "done"));
        cop_assert_term(cop_ets_to_list(table), "[{<<\"hits\">>, 4000, x}]");
}

COP_TEST(ETS_4_counter_forms, "adding, at a position, up to a threshold, in a list")
{
        cop_ref table = a_table(COP_ETS_ORDERED_SET);

        cop_ets_insert(table, "{k, 10, 20}");
        cop_assert_term(ets_do(table, "{update_counter, k, -3}"), "7");
        cop_assert_term(ets_do(table, "{update_counter, k, {3, 5}}"), "25");
        cop_assert_term(ets_do(table, "{update_counter, k, {3, 5, 29, 1}}"), "1");
        cop_assert_term(ets_do(table, "{update_counter, k, {3, -5, 0, 99}}"), "99");
        cop_assert_term(ets_do(table, "{update_counter, k, {3, 0, 9, 5}}"), "5");
        cop_assert_term(ets_do(table, "{update_counter, k, [{2, 1}, {2, 1}, {3, 0}]}"),
                        "[8, 9, 5]");
        cop_assert_term(ets_do(table, "{update_counter, k, []}"), "[]");
        cop_assert_term(ets_do(table, "{lookup, k}"), "[{k, 9, 5}]");
        cop_assert_term(ets_do(table, "{update_counter, k, {2, 1152921504606846975}}"),
                        "1152921504606846984");
        cop_assert_term(ets_do(table, "{update_counter, k, {2, -1152921504606846975}}"), "9");
}

COP_TEST(ETS_4_counter_badarg, "what is no counter is badarg, and nothing is changed")
{
        cop_ref table = a_table(COP_ETS_SET), bag = a_table(COP_ETS_BAG);

        cop_ets_insert(table, "{k, 10, a}");
        cop_ets_insert(bag, "{k, 10}");
        cop_assert_term(ets_do(table, "{update_counter, none, 1}"), "badarg");
        cop_assert_term(ets_do(table, "{update_counter, k, {3, 1}}"), "badarg");
        cop_assert_term(ets_do(table, "{update_counter, k, {4, 1}}"), "badarg");
        cop_assert_term(ets_do(table, "{update_counter, k, {1, 1}}"), "badarg");
        cop_assert_term(ets_do(table, "{update_counter, k, {0, 1}}"), "badarg");
        cop_assert_term(ets_do(table, "{update_counter, k, 1.5}"), "badarg");
        cop_assert_term(ets_do(table, "{update_counter, k, [{2, 1}, {3, 1}]}"), "badarg");
        cop_assert_term(ets_do(table, "{update_counter, none, 1, {x, y}}"), "badarg");
        cop_assert_term(ets_do(table, "{update_counter, none, 1, notuple}"), "badarg");
        cop_assert_term(ets_do(bag, "{update_counter, k, 1}"), "badarg");
        cop_assert_term(ets_do(table, "{update_counter, k, 9223372036854775807}"), "badarg");
        cop_assert_term(cop_ets_to_list(table), "[{k, 10, a}]");
}

/* ---- going through ---- */

static void disturbs(cop_term argument)
{
        cop_ref table;

        cop_match(argument, "{Table}", &table);
        for (int i = 0;; i++) {
                cop_ets_insert(table, "{I, x}", 100000 + i % 500);
                cop_ets_delete(table, 100000 + (i * 7) % 500);
                if (i % 100 == 0)
                        cop_yield();
        }
}

static void meet_all(enum cop_ets_type type)
{
        enum { STAY = 1000 };
        cop_ref table = a_table(type);
        cop_pid other;
        char met[STAY] = { 0 };
        int count = 0;

        for (int i = 0; i < STAY; i++)
                cop_ets_insert(table, "{I, stays}", i);
        other = cop_spawn(disturbs, cop_build("{Table}", table));
        for (cop_term key = cop_ets_first(table); !cop_is_none(key);
             key = cop_ets_next(table, key)) {
                int64_t at = cop_to_int(key);

                if (at < 0 || at >= STAY)
                        continue;
                cop_assert_equal(met[at]++, 0);
                count++;
                cop_ets_delete(table, key); /* the next one is found all the same */
                cop_ets_insert(table, "{K, goes}", -1 - at);
                if (count % 50 == 0)
                        cop_yield();
        }
        cop_assert_equal(count, STAY);
        cop_kill(other);
        cop_assert(!cop_is_alive(other));
        cop_ets_free(table);
}

COP_TEST(ETS_5_next, "who goes through a changing table meets each key that stays once")
{
        meet_all(COP_ETS_SET);
        meet_all(COP_ETS_ORDERED_SET);
        meet_all(COP_ETS_BAG);
}

COP_TEST(ETS_5_each, "so does a loop, whatever its body does")
{
        cop_ref table = a_table(COP_ETS_SET);
        int count = 0;

        for (int i = 0; i < 500; i++)
                cop_ets_insert(table, "{I, 1}", i);
        COP_ETS_EACH(object, table)
        {
                count++;
                cop_ets_delete(table, cop_element(object, 0));
        }
        cop_assert_equal(count, 500);
        cop_assert_term(cop_ets_info(table, "size"), "0");
        COP_ETS_EACH(object, table)
        {
                cop_fail("there is nothing");
        }
}

COP_TEST(ETS_5_each_bag, "a loop over a bag meets all objects of one key")
{
        cop_ref table = a_table(COP_ETS_DUPLICATE_BAG);
        int64_t sum = 0, value;

        for (int i = 0; i < 300; i++)
                cop_ets_insert(table, "{k, I}", i);
        COP_ETS_EACH(object, table)
        {
                cop_assert_match(object, "{k, V}", &value);
                sum += value;
        }
        cop_assert_equal(sum, 300 * 299 / 2);
}

COP_TEST(ETS_5_order, "an ordered set is gone through upwards and downwards, from any key")
{
        cop_ref t = a_table(COP_ETS_ORDERED_SET);

        cop_ets_insert(t, "[{3, c}, {1, a}, {b, x}, {2.0, b}, {{t}, y}]");
        cop_assert_term(ets_do(t, "walk"), "[1, 2.0, 3, b, {t}]");
        cop_assert_term(ets_do(t, "tab2list"), "[{1, a}, {2.0, b}, {3, c}, {b, x}, {{t}, y}]");
        cop_assert_term(ets_do(t, "last"), "{t}");
        cop_assert_term(ets_do(t, "{prev, 3}"), "2.0");
        cop_assert_term(ets_do(t, "{prev, 2}"), "1");
        cop_assert_term(ets_do(t, "{prev, 1}"), "'$end_of_table'");
        cop_assert_term(ets_do(t, "{next, {t}}"), "'$end_of_table'");
        cop_assert_term(ets_do(t, "{next, 2}"), "3");
        cop_assert_term(ets_do(t, "{next, 2.5}"), "3");
        cop_assert_term(ets_do(t, "first_lookup"), "{1, [{1, a}]}");
        cop_assert_term(ets_do(t, "last_lookup"), "{{t}, [{{t}, y}]}");
        cop_assert_term(ets_do(t, "{next_lookup, 1}"), "{2.0, [{2.0, b}]}");
        cop_assert_term(ets_do(t, "{prev_lookup, 1}"), "'$end_of_table'");
        cop_ets_clear(t);
        cop_assert_term(ets_do(t, "first"), "'$end_of_table'");
        cop_assert_term(ets_do(t, "last"), "'$end_of_table'");
}

/* ---- a worker and who keeps its table ---- */

static void works(cop_term argument)
{
        cop_ref table;

        cop_match(argument, "{Table}", &table);
        cop_ets_update_counter(table, cop_atom("jobs"), "1");
        cop_exit("crashed");
}

COP_TEST(ETS_6_owner_apart, "a table that another process owns survives its user's crashes")
{
        cop_ref table = a_table(COP_ETS_SET);

        cop_ets_insert(table, "{jobs, 0}");
        for (int i = 0; i < 3; i++) {
                cop_ref ref;

                cop_spawn(works, cop_build("{T}", table), .monitor = &ref);
                cop_assert_term(down_reason(ref), "crashed");
        }
        cop_assert_term(cop_ets_to_list(table), "[{jobs, 3}]");
}

/* ---- the rest ---- */

COP_TEST(ETS_defaults, "what a new table is, where nothing was said")
{
        cop_ref t = cop_ets_new("plain");

        cop_assert_term(cop_ets_info(t, "type"), "set");
        cop_assert_term(cop_ets_info(t, "protection"), "protected");
        cop_assert_term(cop_ets_info(t, "keypos"), "1");
        cop_assert_term(cop_ets_info(t, "heir"), "none");
        cop_assert_term(cop_ets_info(t, "named_table"), "false");
        cop_assert_term(cop_ets_info(t, "read_concurrency"), "false");
        cop_assert_term(cop_ets_info(t, "write_concurrency"), "false");
        cop_assert_term(cop_ets_info(t, "name"), "plain");
        cop_assert_term(cop_ets_info(t, "id"), "T", t);
        cop_assert_equal(cop_ets_whereis("plain").word, 0);
        cop_assert_term(cop_ets_all(), "[T]", t);
        cop_assert(cop_is_none(cop_ets_info("no such table", "size")));
}

COP_TEST(ETS_access, "private is for the owner, protected is read by all, public is everybody's")
{
        cop_ref closed = cop_ets_new("a", .access = COP_ETS_PRIVATE), seen = cop_ets_new("b"),
                open = cop_ets_new("c", .access = COP_ETS_PUBLIC);
        cop_term insert = cop_build("{insert, {k, 2}}"), lookup = cop_build("{lookup, k}");

        cop_ets_insert(closed, "{k, 1}");
        cop_ets_insert(seen, "{k, 1}");
        cop_assert_term(elsewhere(closed, lookup), "badarg");
        cop_assert_term(elsewhere(closed, cop_atom("tab2list")), "badarg");
        cop_assert_term(elsewhere(closed, cop_atom("size")), "1");
        cop_assert_term(elsewhere(seen, lookup), "[{k, 1}]");
        cop_assert_term(elsewhere(seen, insert), "badarg");
        cop_assert_term(elsewhere(seen, cop_build("{take, k}")), "badarg");
        cop_assert_term(elsewhere(seen, cop_build("{match_delete, 1}")), "badarg");
        cop_assert_term(elsewhere(seen, cop_atom("delete")), "badarg");
        cop_assert_term(elsewhere(open, insert), "true");
        cop_assert_term(ets_do(open, "{lookup, k}"), "[{k, 2}]");
        cop_assert_term(elsewhere(open, cop_atom("delete")), "true");
        cop_assert_term(ets_do(open, "size"), "undefined");
}

static void make_twice(void *name)
{
        cop_ets_new(name, .named = true);
}

static void rename_to(void *name)
{
        cop_ets_rename("one", name);
}

COP_TEST(ETS_names, "a name is one table's, and not a process's")
{
        static char one_name[] = "one", two_name[] = "two";
        cop_ref one = cop_ets_new("one", .named = true);
        cop_term reason;

        cop_register("one", cop_self());
        cop_assert_equal(cop_try(make_twice, one_name, &reason), COP_ERROR);
        cop_assert_equal(cop_ets_whereis("one"), one);
        cop_ets_insert("one", "{a, 1}");
        cop_assert_term(cop_ets_lookup(cop_atom("one"), cop_atom("a")), "[{a, 1}]");
        cop_ets_new("two", .named = true);
        cop_assert_equal(cop_try(rename_to, two_name, &reason), COP_ERROR);
        cop_ets_rename("one", "three");
        cop_assert_equal(cop_ets_whereis("one").word, 0);
        cop_assert_equal(cop_ets_whereis("three"), one);
        cop_assert_term(cop_sort(cop_ets_all()), "[three, two]");
        cop_ets_free("three");
        cop_assert_equal(cop_ets_whereis("three").word, 0);
}

COP_TEST(ETS_set, "in a set keys are compared with =:=, in an ordered set with ==")
{
        cop_ref set = a_table(COP_ETS_SET), ordered = a_table(COP_ETS_ORDERED_SET);

        cop_ets_insert(set, "[{1, a}, {1.0, b}, {1, c}]");
        cop_ets_insert(ordered, "[{1, a}, {1.0, b}]");
        cop_assert_term(ets_do(set, "{lookup, 1}"), "[{1, c}]");
        cop_assert_term(ets_do(set, "{lookup, 1.0}"), "[{1.0, b}]");
        cop_assert_term(ets_do(ordered, "{lookup, 1}"), "[{1.0, b}]");
        cop_assert_term(ets_do(ordered, "size"), "1");
}

COP_TEST(ETS_bags, "a bag has each object once, a duplicate bag as often as it was inserted")
{
        cop_ref bag = a_table(COP_ETS_BAG), all = a_table(COP_ETS_DUPLICATE_BAG);
        cop_term objects = cop_build("{insert, [{k, 2}, {k, 1}, {k, 2}, {k, 2.0}, {j, 1}]}");

        ets_do_term(bag, objects);
        ets_do_term(all, objects);
        cop_assert_term(ets_do(bag, "{lookup, k}"), "[{k, 2}, {k, 1}, {k, 2.0}]");
        cop_assert_term(ets_do(all, "{lookup, k}"), "[{k, 2}, {k, 1}, {k, 2}, {k, 2.0}]");
        cop_assert_term(ets_do(all, "{lookup_element, k, 2}"), "[2, 1, 2, 2.0]");
        cop_assert_term(ets_do(all, "{delete_object, {k, 2}}"), "true");
        cop_assert_term(ets_do(all, "{lookup, k}"), "[{k, 1}, {k, 2.0}]");
        cop_assert_term(ets_do(bag, "{take, k}"), "[{k, 2}, {k, 1}, {k, 2.0}]");
        cop_assert_term(cop_ets_to_list(bag), "[{j, 1}]");
}

COP_TEST(ETS_keypos, "the key is where it was said to be, and objects are long enough for it")
{
        cop_ref t = cop_ets_new("t", .keypos = 2);

        cop_ets_insert(t, "[{a, k, 1}, {b, k, 2}]");
        cop_assert_term(ets_do(t, "{lookup, k}"), "[{b, k, 2}]");
        cop_assert_term(ets_do(t, "{insert, {x}}"), "badarg");
        cop_assert_term(ets_do(t, "{update_counter, k, 5}"), "7");
        cop_assert_term(ets_do(t, "{update_element, k, {1, c}}"), "true");
        cop_assert_term(ets_do(t, "{update_element, k, {2, c}}"), "badarg");
        cop_assert_term(cop_ets_to_list(t), "[{c, k, 7}]");
}

COP_TEST(ETS_elements, "elements are looked up and changed, with what to take where there is none")
{
        cop_ref t = a_table(COP_ETS_SET);

        cop_ets_insert(t, "{k, 1, 2}");
        cop_assert_term(ets_do(t, "{lookup_element, k, 3}"), "2");
        cop_assert_term(ets_do(t, "{lookup_element, k, 4}"), "badarg");
        cop_assert_term(ets_do(t, "{lookup_element, k, 0}"), "badarg");
        cop_assert_term(ets_do(t, "{lookup_element, x, 2}"), "badarg");
        cop_assert_term(ets_do(t, "{lookup_element, x, 2, none}"), "none");
        cop_assert_term(ets_do(t, "{update_element, k, [{2, a}, {3, <<\"b\">>}]}"), "true");
        cop_assert_term(ets_do(t, "{update_element, x, {2, a}}"), "false");
        cop_assert_term(ets_do(t, "{update_element, k, {4, a}}"), "badarg");
        cop_assert_term(ets_do(t, "{update_element, x, {2, a}, {y, 1}}"), "true");
        cop_assert_term(sorted(t), "[{x, a}, {k, a, <<\"b\">>}]");
        cop_assert_term(ets_do(t, "{member, x}"), "true");
        cop_assert_term(ets_do(t, "{delete, x}"), "true");
        cop_assert_term(ets_do(t, "{member, x}"), "false");
        cop_assert_term(ets_do(t, "{take, x}"), "[]");
}

COP_TEST(ETS_match, "what has a form is listed, counted, removed")
{
        cop_ref t = a_table(COP_ETS_ORDERED_SET);
        cop_term state = cop_atom("up");
        int64_t n;

        for (int i = 0; i < 200; i++)
                cop_ets_insert(t, "{I, S}", i, cop_atom(i % 3 ? "up" : "down"));
        cop_assert_equal(cop_ets_match_count(t, "{_, ^S}", &state), 133);
        cop_assert_equal(cop_ets_match_count(t, "{_, down}"), 67);
        n = 6;
        cop_assert_term(cop_ets_match(t, "{^N, _}", &n), "[{6, down}]");
        cop_assert_equal(cop_ets_match_delete(t, "{_, ^S}", &state), 133);
        cop_assert_equal(cop_length(cop_ets_match(t, "_")), 67);
        cop_assert_term(cop_head(cop_ets_match(t, "{_, _}")), "{0, down}");
}

static cop_term add_up(cop_term object, cop_term sum, void *context)
{
        return cop_int(cop_to_int(sum) + cop_to_int(cop_element(object, 0)));
}

COP_TEST(ETS_fold, "a function goes over all objects")
{
        cop_ref t = a_table(COP_ETS_SET);

        for (int i = 1; i <= 1000; i++)
                cop_ets_insert(t, "{I}", i);
        cop_assert_term(cop_ets_foldl(t, add_up, cop_int(0), NULL), "500500");
}

COP_TEST(ETS_many, "a hundred thousand objects, found, and removed again")
{
        enum { MANY = 100000 };
        cop_ref tables[] = { a_table(COP_ETS_SET), a_table(COP_ETS_ORDERED_SET),
                             cop_ets_new("w", .write_concurrency = true) };

        for (int k = 0; k < 3; k++) {
                cop_ref t = tables[k];

                cop_scope {
                        for (int i = 0; i < MANY; i++)
                                cop_ets_insert(t, "{I, I}", i * 7919LL % MANY);
                        for (int i = 0; i < MANY; i += 97)
                                cop_assert_term(cop_ets_lookup_element(t, i, 2), "I", i);
                        for (int i = 0; i < MANY; i += 2)
                                cop_ets_delete(t, i);
                        cop_assert_term(cop_ets_info(t, "size"), "50000");
                        cop_assert(!cop_ets_member(t, 4));
                        cop_assert(cop_ets_member(t, 5));
                }
        }
}
