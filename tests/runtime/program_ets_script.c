/*
 * Runs a script of ets tables, and prints what came of each operation, as
 * tests/conformance/tables/run.escript does in Erlang; README.md there says what the operations are.
 *
 *     runtime_ets_script FILE.script [SEED]       with a seed: simulated
 */
#include <coppice.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/ets_do.h"
#include "support/script.h"

enum { TABLES = 4, PROCESSES = 3, EVER_MOST = 1000 };

static cop_ref tables[TABLES];
static cop_pid players[PROCESSES];

/* All there ever were, by number, and which they are. */
static struct {
        cop_ref table[EVER_MOST];
        cop_pid player[EVER_MOST];
        int table_slot[EVER_MOST], player_slot[EVER_MOST];
        int table_count, player_count;
} ever;

static int slot_of_player(cop_pid pid)
{
        for (int i = 0; i < ever.player_count; i++)
                if (cop_same(ever.player[i], pid))
                        return ever.player_slot[i];
        return -1;
}

static int slot_of_table(cop_term table)
{
        if (cop_is_atom(table))
                return cop_to_atom_text(table)[1] - '0';
        for (int i = 0; i < ever.table_count; i++)
                if (ever.table[i].word == table.word)
                        return ever.table_slot[i];
        return -1;
}

/* ---- processes ---- */

static void make(void *argument)
{
        cop_term *what = argument;
        cop_term type, access, heir = COP_NONE;
        struct cop_ets_options options = { .struct_size = sizeof(options) };
        char name[] = "t0";
        int t;

        cop_match(*what, "{new, T, _, Type, Access, Keypos, Named, Heir}", &t, &type, &access,
                  &options.keypos, &options.named, &heir);
        name[1] = (char)('0' + t);
        options.type = cop_is(type, "set")           ? COP_ETS_SET
                       : cop_is(type, "ordered_set") ? COP_ETS_ORDERED_SET
                       : cop_is(type, "bag")         ? COP_ETS_BAG
                                                     : COP_ETS_DUPLICATE_BAG;
        options.access = cop_is(access, "public")      ? COP_ETS_PUBLIC
                         : cop_is(access, "protected") ? COP_ETS_PROTECTED
                                                       : COP_ETS_PRIVATE;
        if (cop_match(heir, "{Q, Data}", &t, &options.heir_data))
                options.heir = players[t];
        *what = cop_ref_term(cop_ets_new_with(name, &options));
}

static cop_term messages_here(void)
{
        cop_term all = cop_nil(), table, data;
        cop_pid from;

        while (cop_receive(0, "{'ETS-TRANSFER', Table, From, Data}", &table, &from, &data))
                all = cop_cons(
                        cop_build("{T, P, Data}", slot_of_table(table), slot_of_player(from), data),
                        all);
        return cop_reverse(all);
}

static cop_term play_one(cop_term what)
{
        cop_term operation, data, reason;
        int t, q;

        if (cop_match(what, "{op, T, _, O}", &t, &operation))
                return ets_do_term(tables[t], operation);
        if (cop_match(what, "{give, T, _, Q, Data}", &t, &q, &data))
                return ets_do(tables[t], "{give, Pid, Data}", players[q], data);
        if (cop_match(what, "{heir, T, _, Q, Data}", &t, &q, &data))
                return ets_do(tables[t], "{heir, Pid, Data}", players[q], data);
        if (cop_match(what, "{no_heir, T, _}", &t))
                return ets_do(tables[t], "no_heir");
        if (cop_match(what, "{delete, T, _}", &t))
                return ets_do(tables[t], "delete");
        if (cop_match(what, "{messages, _}"))
                return messages_here();
        if (cop_try(make, &what, &reason) != COP_NORMAL)
                return cop_atom("badarg");
        return what;
}

static void play(cop_term argument)
{
        cop_term what;
        cop_pid from;

        for (;;) {
                cop_receive(COP_FOREVER, "{do, From, What}", &from, &what);
                cop_scope {
                        cop_send(from, "{result, R}", play_one(what));
                }
        }
}

static cop_term tell(int p, cop_term what)
{
        cop_term result;

        cop_send(players[p], "{do, Me, What}", cop_self(), what);
        cop_receive(COP_FOREVER, "{result, R}", &result);
        return result;
}

static void new_player(int p)
{
        players[p] = cop_spawn(play, cop_nil());
        ever.player[ever.player_count] = players[p];
        ever.player_slot[ever.player_count++] = p;
}

static cop_term kill_player(int p)
{
        cop_kill(players[p]);
        cop_is_alive(players[p]);
        new_player(p);
        return cop_bool(true);
}

/* ---- what came of it ---- */

static int compare_texts(const void *a, const void *b)
{
        return strcmp(cop_show(*(const cop_term *)a), cop_show(*(const cop_term *)b));
}

static cop_term sort(cop_term list)
{
        cop_term *elements = cop_alloc((cop_length(list) + 1) * sizeof(*elements));
        size_t count = 0;

        COP_EACH (element, list)
                elements[count++] = element;
        qsort(elements, count, sizeof(*elements), compare_texts);
        list = cop_list(count, elements);
        cop_free(elements);
        return list;
}

static bool is_one_of(cop_term operation, const char *const *names)
{
        cop_term kind = cop_is_tuple(operation) ? cop_element(operation, 0) : operation;

        while (*names && !cop_is(kind, *names))
                names++;
        return *names != NULL;
}

/* Sorted, where the order says nothing. */
static cop_term canon(int t, cop_term operation, cop_term result)
{
        static const char *const all[] = { "tab2list", "fold", "walk", "match", NULL };
        cop_term type = cop_ets_info(tables[t], "type");

        if (!cop_is_list(result) || cop_is_none(type) || cop_is(type, "ordered_set"))
                return result;
        return cop_is(type, "bag") || is_one_of(operation, all) ? sort(result) : result;
}

static bool is_step_without_order(int t, cop_term operation)
{
        static const char *const steps[] = { "first",       "last",         "next",
                                             "prev",        "first_lookup", "last_lookup",
                                             "next_lookup", "prev_lookup",  NULL };
        cop_term type = cop_ets_info(tables[t], "type");

        return is_one_of(operation, steps) && (cop_is_none(type) || !cop_is(type, "ordered_set"));
}

static cop_term info(cop_ref table)
{
        cop_term map = cop_ets_info(table, NULL), heir, type, access, named, keypos, size;
        cop_pid owner;

        if (cop_is_none(map))
                return cop_atom("undefined");
        cop_match(map,
                  "#{type := T, protection := P, keypos := K, named_table := N, owner := O, "
                  "heir := H, size := S}",
                  &type, &access, &keypos, &named, &owner, &heir, &size);
        if (cop_is_pid(heir))
                heir = cop_int(slot_of_player(cop_to_pid(heir)));
        return cop_build("{T, P, K, N, O, H, S}", type, access, keypos, named,
                         slot_of_player(owner), heir, size);
}

static cop_term made(int t, cop_term result)
{
        if (!cop_is_ref(result))
                return result;
        tables[t] = cop_to_ref(result);
        ever.table[ever.table_count] = tables[t];
        ever.table_slot[ever.table_count++] = t;
        return cop_bool(true);
}

static cop_term run_one(cop_term what)
{
        cop_term operation, second = cop_tuple_size(what) > 2 ? cop_element(what, 2) : COP_NONE;
        int t, p;

        if (cop_match(what, "{op, T, P, O}", &t, &p, &operation))
                return is_step_without_order(t, operation) ? cop_atom("no_order")
                                                           : canon(t, operation, tell(p, what));
        if (cop_match(what, "{info, T}", &t))
                return info(tables[t]);
        if (cop_match(what, "{kill, P}", &p))
                return kill_player(p);
        if (cop_match(what, "{messages, P}", &p))
                return sort(tell(p, what));
        t = (int)cop_to_int(cop_element(what, 1));
        p = (int)cop_to_int(second);
        if (cop_is(cop_element(what, 0), "new"))
                return made(t, tell(p, what));
        return tell(p, what);
}

/* ---- the script ---- */

static void run(void *path)
{
        for (int p = 0; p < PROCESSES; p++)
                new_player(p);
        COP_EACH (what, script_read(path)) {
                cop_term result = run_one(what);

                printf("%s\n  %s\n", cop_show(what), cop_show(result));
        }
}

int main(int argc, char **argv)
{
        return script_main(argc, argv, run);
}
