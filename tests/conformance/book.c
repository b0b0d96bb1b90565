/*
 * book.c: a server that numbers the processes of a scenario, hears of their deaths, and writes down
 * what happened.
 *
 * Order     Whoever has something to tell sends it before it does anything else, so an event that
 *           causes another stands before it in the book's inbox, and the inbox is the order.
 */
#include "runner.h"

struct person {
        cop_pid pid, parent;
        cop_term label, kind, reason; /* kept */
        int64_t incarnation;
        bool alive, parallel, crashed, blocked, told;
};

/* How often something was counted, by a key. */
struct counter {
        cop_term key; /* kept */
        int64_t count;
};

struct book {
        struct person *people;
        size_t people_count, people_room;
        struct counter *counters;
        size_t counters_count, counters_room;
        cop_term *events; /* {Pid, Event}, kept, since the last news */
        size_t events_count, events_room;
        int64_t progress;
        cop_term definitions; /* kept: #{Name => {Flags, Specs, Options}} */
};

static void *grown(void *list, size_t *room, size_t needed, size_t size)
{
        if (needed <= *room)
                return list;
        *room = *room ? *room * 2 : 16;
        return cop_realloc(list, *room * size);
}

/* ---- what it knows ---- */

static struct person *person_of(struct book *book, cop_pid pid)
{
        size_t i;

        for (i = book->people_count; i-- > 0;)
                if (cop_same(book->people[i].pid, pid))
                        return &book->people[i];
        return NULL;
}

static int64_t count(struct book *book, cop_term key)
{
        struct counter *counter;
        size_t i;

        for (i = 0; i < book->counters_count; i++)
                if (cop_equal(book->counters[i].key, key))
                        return ++book->counters[i].count;
        book->counters = grown(book->counters, &book->counters_room, book->counters_count + 1,
                               sizeof(*book->counters));
        counter = &book->counters[book->counters_count++];
        counter->key = cop_keep(key);
        counter->count = 1;
        return 1;
}

static void enter(struct book *book, cop_pid pid, cop_term label, cop_term kind, cop_pid parent)
{
        struct person *above = person_of(book, parent);
        bool parallel = above && cop_match(above->kind, "{supervisor, simple_one_for_one}");
        struct person *person;

        book->people = grown(book->people, &book->people_room, book->people_count + 1,
                             sizeof(*book->people));
        person = &book->people[book->people_count++];
        *person = (struct person){
                .pid = pid,
                .parent = parent,
                .label = cop_keep(label),
                .kind = cop_keep(kind),
                .incarnation = count(book, cop_build("{incarnation, L}", label)),
                .alive = true,
                .parallel = parallel,
        };
        cop_monitor(pid);
}

static cop_term next_result(struct book *book, cop_term label, cop_term results)
{
        int64_t n = count(book, cop_build("{start, L}", label));

        while (n-- > 1 && !cop_is_nil(cop_tail(results)))
                results = cop_tail(results);
        return cop_head(results);
}

/* {Label, N}, or Label: the newest that lives, else the newest. */
static cop_term find(struct book *book, cop_term ref)
{
        struct person *newest = NULL;
        cop_term label;
        int64_t n;
        size_t i;

        if (cop_match(ref, "{Label, N}", &label, &n)) {
                for (i = 0; i < book->people_count; i++)
                        if (book->people[i].incarnation == n &&
                            cop_equal(book->people[i].label, label))
                                return cop_pid_term(book->people[i].pid);
                return cop_build("undefined");
        }
        for (i = 0; i < book->people_count; i++)
                if (cop_equal(book->people[i].label, ref) &&
                    (!newest || book->people[i].alive || !newest->alive))
                        newest = &book->people[i];
        return newest ? cop_pid_term(newest->pid) : cop_build("undefined");
}

static cop_term living(const struct book *book)
{
        cop_term list = cop_nil();
        size_t i;

        for (i = book->people_count; i-- > 0;)
                if (book->people[i].alive)
                        list = cop_cons(cop_build("{Pid, Blocked}", book->people[i].pid,
                                                  book->people[i].blocked),
                                        list);
        return list;
}

static cop_term people(const struct book *book)
{
        cop_term *keys = cop_alloc((book->people_count + 1) * sizeof(*keys));
        cop_term *values = cop_alloc((book->people_count + 1) * sizeof(*values));
        cop_term map;
        size_t i;

        for (i = 0; i < book->people_count; i++) {
                const struct person *person = &book->people[i];
                cop_term parent = cop_is_nobody(person->parent) ? cop_build("undefined")
                                                                : cop_pid_term(person->parent);

                keys[i] = cop_pid_term(person->pid);
                values[i] = cop_build("{L, I, K, Parallel, Parent}", person->label,
                                      person->incarnation, person->kind, person->parallel, parent);
        }
        map = cop_map(book->people_count, keys, values);
        cop_free(keys);
        cop_free(values);
        return map;
}

static cop_term events(struct book *book)
{
        cop_term list = cop_nil();
        size_t i;

        for (i = book->events_count; i-- > 0;)
                list = cop_cons(cop_build("E", book->events[i]), list);
        return list;
}

static cop_term exits(struct book *book)
{
        cop_term list = cop_nil();
        size_t i;

        for (i = book->people_count; i-- > 0;) {
                struct person *person = &book->people[i];

                if (person->alive || person->told)
                        continue;
                person->told = true;
                list = cop_cons(cop_build("{Pid, Reason, Crashed}", person->pid, person->reason,
                                          person->crashed),
                                list);
        }
        return list;
}

/* The events may go only when the answer has been copied; so it is sent here. */
static void answer_news(struct book *book, cop_from from)
{
        size_t i;

        cop_answer(from, "{Events, Exits, People}", events(book), exits(book), people(book));
        for (i = 0; i < book->events_count; i++)
                cop_release(book->events[i]);
        book->events_count = 0;
}

/* ---- the server ---- */

static cop_next init(struct book *book, cop_term definitions)
{
        book->definitions = cop_keep(definitions);
        return cop_ok();
}

static cop_next handle_call(struct book *book, cop_term request, cop_from from)
{
        cop_term label, part;
        cop_pid parent;

        if (cop_match(request, "{next_result, Label, Results}", &label, &part))
                return cop_reply(next_result(book, label, part));
        if (cop_match(request, "{register, Label, Kind, Parent}", &label, &part, &parent)) {
                enter(book, from.pid, label, part, parent);
                return cop_reply(cop_build("ok"));
        }
        if (cop_match(request, "{definition, Name}", &part))
                return cop_reply(cop_map_get(book->definitions, part, cop_build("undefined")));
        if (cop_match(request, "{find, Ref}", &part))
                return cop_reply(find(book, part));
        if (cop_match(request, "living"))
                return cop_reply(living(book));
        if (cop_match(request, "progress"))
                return cop_reply(cop_int(book->progress));
        if (cop_match(request, "people"))
                return cop_reply(people(book));
        if (!cop_match(request, "news"))
                return cop_no_clause();
        answer_news(book, from);
        return cop_noreply();
}

static cop_next handle_cast(struct book *book, cop_term request)
{
        struct person *person;
        cop_term event;
        cop_pid pid;

        if (cop_match(request, "{event, Pid, Event}", &pid, &event)) {
                book->events = grown(book->events, &book->events_room, book->events_count + 1,
                                     sizeof(*book->events));
                book->events[book->events_count++] =
                        cop_keep(cop_build("{Pid, Event}", pid, event));
                book->progress++;
                return cop_noreply();
        }
        if (cop_match(request, "{crash, Pid}", &pid)) {
                person = person_of(book, pid);
                if (person)
                        person->crashed = true;
                return cop_noreply();
        }
        if (!cop_match(request, "{never, Pid}", &pid))
                return cop_no_clause();
        person = person_of(book, pid);
        if (person)
                person->blocked = true;
        return cop_noreply();
}

static cop_next handle_info(struct book *book, cop_term message)
{
        struct person *person;
        cop_term reason;
        cop_pid pid;

        if (!cop_match(message, "{'DOWN', _, process, Pid, Reason}", &pid, &reason))
                return cop_no_clause();
        person = person_of(book, pid);
        person->alive = false;
        person->reason = cop_keep(reason);
        book->progress++;
        return cop_noreply();
}

COP_SERVER(conformance_book, struct book, .init = init, .handle_call = handle_call,
           .handle_cast = handle_cast, .handle_info = handle_info);

/* ---- what others call ---- */

static cop_term ask(cop_term request)
{
        return cop_call_term(COP__TO("conformance_book"), request, COP_FOREVER);
}

void book_start(cop_term definitions)
{
        cop_server_start(conformance_book, definitions, .name = "conformance_book");
}

void book_stop(void)
{
        cop_server_stop("conformance_book");
}

cop_term book_next_result(cop_term label, cop_term results)
{
        return ask(cop_build("{next_result, Label, Results}", label, results));
}

void book_register_self(cop_term label, cop_term kind)
{
        ask(cop_build("{register, Label, Kind, Parent}", label, kind, cop_parent()));
}

cop_term book_definition(cop_term name)
{
        return ask(cop_build("{definition, Name}", name));
}

void book_record(cop_term event)
{
        cop_cast("conformance_book", "{event, Pid, Event}", cop_self(), event);
}

void book_note_crash(void)
{
        cop_cast("conformance_book", "{crash, Pid}", cop_self());
}

void book_note_never(void)
{
        cop_cast("conformance_book", "{never, Pid}", cop_self());
}

cop_term book_find(cop_term ref)
{
        return ask(cop_build("{find, Ref}", ref));
}

cop_term book_living(void)
{
        return ask(cop_build("living"));
}

cop_term book_progress(void)
{
        return ask(cop_build("progress"));
}

cop_term book_news(void)
{
        return ask(cop_build("news"));
}

cop_term book_people(void)
{
        return ask(cop_build("people"));
}
