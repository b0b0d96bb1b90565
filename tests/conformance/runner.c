/*
 * oracle-runner: runs scenario files and prints what happened.
 *
 *     oracle-runner [-o DIR] FILE...
 *
 * Prints the trace of each file, or with -o writes DIR/NAME.trace for each NAME.scn. Exit status: 0
 * if every scenario ran to its end, 1 if one did not, 2 if it was called wrongly.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runner.h"

struct scenario {
        FILE *out;
        cop_term pending; /* kept: [{Tag, none or {done, Result}}, ...] in the order of their start,
                             of asynchronous steps */
        cop_term own;     /* kept: {done, Result} of the step itself, when it has come */
        bool order_open;
};

/* ---- what is printed ---- */

static void put_line(struct scenario *s, const char *line)
{
        fprintf(s->out, "%s\n", line);
}

/* Called by whoever reports, in its process. */
static void hear_report(void *context, enum cop_level level, cop_term report)
{
        cop_term kind, reason, child, message, id;
        cop_pid pid;

        if (cop_match(report,
                      "#{label := {supervisor, progress}, report := [_, {started, "
                      "[{pid, Pid} | _]}]}",
                      &pid))
                book_record(cop_build("{started, Me, Pid}", cop_self(), pid));
        else if (cop_match(report,
                           "#{label := {supervisor, Kind}, report := [_, _, {reason, Reason},"
                           "  {offender, [{_, Child}, {id, Id} | _]}]}",
                           &kind, &reason, &child, &id))
                book_record(cop_build(
                        "{report, Me, Kind, Id, Child, Reason}", cop_self(), kind, id,
                        cop_is_int(child) ? cop_build("{nb_children, N}", child) : child, reason));
        else if (cop_match(report, "#{label := {gen_server, terminate}}"))
                book_record(cop_build("{server_error, Me}", cop_self()));
        else if (cop_match(report, "#{label := {proc_lib, crash}}"))
                book_note_crash();
        else if (cop_match(report, "#{label := {supervisor, unexpected}, message := M}", &message))
                book_record(cop_build("{unexpected, Me, M}", cop_self(), message));
}

/* Children of a simple_one_for_one supervisor are not reported as started by all releases. */
static bool is_left_out(cop_term event, cop_term people)
{
        cop_term pid, person;

        if (!cop_match(event, "{started, _, Pid}", &pid))
                return false;
        person = cop_map_find(people, pid);
        return !cop_is_none(person) && cop_match(person, "{_, _, _, true, _}");
}

static void put_events(struct scenario *s, cop_term events, cop_term exits, cop_term people)
{
        cop_term wanted = cop_nil();

        COP_EACH (event, events)
                if (!is_left_out(cop_element(event, 1), people))
                        wanted = cop_cons(event, wanted);
        wanted = cop_reverse(wanted);
        COP_EACH (entry, in_order(wanted, exits, people, s->order_open))
                put_line(s, canonical_line(cop_element(entry, 1), people));
}

static void put_sorted(struct scenario *s, cop_term lines, cop_term people)
{
        COP_EACH (line, sort_by_text(lines, people, NULL))
                put_line(s, canonical_line(line, people));
}

static void put_exits(struct scenario *s, cop_term exits, cop_term people)
{
        cop_term crashes = cop_nil(), deaths = cop_nil();

        COP_EACH (exit, exits) {
                cop_term pid = cop_element(exit, 0);

                if (cop_is(cop_element(exit, 2), "true"))
                        crashes = cop_cons(cop_build("{crash_report, P}", pid), crashes);
                deaths = cop_cons(cop_build("{exit, P, R}", pid, cop_element(exit, 1)), deaths);
        }
        put_sorted(s, crashes, people);
        put_sorted(s, deaths, people);
}

/* ---- results ---- */

/* The tag of what is not asynchronous. */
static cop_term own_tag(void)
{
        return cop_atom("");
}

/* Takes a result that has arrived, or does within this time. */
static bool take_result(struct scenario *s, int64_t timeout_ms)
{
        cop_term tag, result, list = cop_nil();

        if (!cop_receive(timeout_ms, "{op_result, Tag, Result}", &tag, &result))
                return false;
        if (cop_equal(tag, own_tag())) {
                cop_replace(&s->own, cop_build("{done, R}", result));
                return true;
        }
        COP_EACH (entry, s->pending) {
                if (cop_equal(cop_element(entry, 0), tag))
                        entry = cop_build("{Tag, {done, Result}}", tag, result);
                list = cop_cons(entry, list);
        }
        cop_replace(&s->pending, cop_reverse(list));
        return true;
}

static void add_pending(struct scenario *s, cop_term tag, cop_term result)
{
        cop_term entry = cop_is_none(result) ? cop_build("{Tag, none}", tag)
                                             : cop_build("{Tag, {done, R}}", tag, result);
        cop_term list = cop_cons(entry, cop_reverse(s->pending));

        cop_replace(&s->pending, cop_reverse(list));
}

/* Prints those of asynchronous steps that are there. */
static void put_results(struct scenario *s, cop_term people)
{
        cop_term left = cop_nil(), tag, result;

        while (take_result(s, 0))
                ;
        COP_EACH (entry, s->pending) {
                if (cop_match(entry, "{Tag, {done, Result}}", &tag, &result))
                        put_line(s,
                                 canonical_line(cop_build("{result, T, R}", tag, result), people));
                else
                        left = cop_cons(entry, left);
        }
        cop_replace(&s->pending, cop_reverse(left));
}

/* The result of the step itself; COP_NONE: it did not come. */
static cop_term wait_for_result(struct scenario *s)
{
        int64_t deadline_ms = cop_now_ms() + DEADLINE_MS;

        while (cop_is_none(s->own)) {
                int64_t left_ms = deadline_ms - cop_now_ms();

                if (left_ms <= 0 || !take_result(s, left_ms))
                        return COP_NONE;
        }
        return cop_element(s->own, 1);
}

/* ---- steps ---- */

static void put_news(struct scenario *s)
{
        cop_term events, exits, people;

        cop_match(book_news(), "{Events, Exits, People}", &events, &exits, &people);
        put_events(s, events, exits, people);
        put_exits(s, exits, people);
        put_results(s, people);
}

static bool abort_scenario(struct scenario *s, const char *why)
{
        fprintf(s->out, "  {abort,%s}\n", why);
        return false;
}

static bool do_step(struct scenario *s, cop_term step)
{
        cop_term result = cop_build("ok");

        if (!cop_is(step, "settle")) {
                cop_replace(&s->own, COP_NONE);
                result = request_begin(own_tag(), step);
                if (cop_is_none(result))
                        result = wait_for_result(s);
                if (cop_is_none(result))
                        return abort_scenario(s, "no_result");
        }
        if (!settle())
                return abort_scenario(s, "not_settled");
        put_news(s);
        put_line(s, canonical_line(cop_build("{result, R}", result), book_people()));
        return true;
}

/* True: the step prints nothing but its own line. */
static bool do_quiet_step(struct scenario *s, cop_term step)
{
        cop_term tag, inner;
        int64_t ms;

        if (cop_match(step, "{sleep, Ms}", &ms)) {
                cop_receive(ms, "'$never'");
        } else if (cop_match(step, "{align, Ms}", &ms)) {
                cop_receive((ms - cop_now_ms() % 1000 + 1000) % 1000, "'$never'");
        } else if (cop_match(step, "{async, Tag, Inner}", &tag, &inner)) {
                add_pending(s, tag, request_begin(tag, inner));
        } else {
                return false;
        }
        return true;
}

static bool do_steps(struct scenario *s, cop_term steps)
{
        bool good = true;
        int n = 1;

        for (; good && !cop_is_nil(steps); steps = cop_tail(steps)) {
                cop_scope {
                        cop_term step = cop_head(steps);

                        put_line(s,
                                 canonical(cop_build("{step, N, Step}", n++, step), book_people()));
                        if (!do_quiet_step(s, step))
                                good = do_step(s, step);
                }
        }
        return good;
}

static void put_alive(struct scenario *s)
{
        cop_term pids = cop_nil(), people = book_people();

        COP_EACH (person, book_living())
                pids = cop_cons(cop_element(person, 0), pids);
        put_line(s, canonical(cop_build("{alive, L}", sort_by_words(pids, people)), people));
}

/* ---- a scenario ---- */

static void kill_all(cop_term pids)
{
        COP_EACH (pid, pids)
                cop_kill(cop_to_pid(pid));
        COP_EACH (pid, pids) {
                cop_term reason;

                /* returns when it is dead */
                cop_try_call_term(&reason, COP_FOREVER, COP__TO(pid), COP_CALL,
                                  cop_build("'$end'"));
        }
}

/* While some are killed others may start more: until there are none. */
static void clean_up(struct scenario *s)
{
        cop_term pids = request_processes();
        bool more = true;

        while (more) {
                cop_term living;

                kill_all(pids);
                cop_system_quiet(DEADLINE_MS);
                living = book_living();
                more = !cop_is_nil(living);
                pids = cop_nil();
                COP_EACH (person, living)
                        pids = cop_cons(cop_element(person, 0), pids);
        }
        request_end_all();
        while (cop_receive(0, "_"))
                ;
        cop_replace(&s->pending, COP_NONE);
        cop_replace(&s->own, COP_NONE);
        book_stop();
}

static cop_term definitions_of(cop_term terms)
{
        cop_term map = cop_map(0, NULL, NULL), name, flags, specs, options;

        COP_EACH (term, terms) {
                options = cop_map(0, NULL, NULL);
                if (cop_match(term, "{supervisor, Name, Flags, Specs}", &name, &flags, &specs) ||
                    cop_match(term, "{supervisor, Name, Flags, Specs, Options}", &name, &flags,
                              &specs, &options))
                        map = cop_map_put(map, name, cop_build("{F, S, O}", flags, specs, options));
        }
        return map;
}

static bool run_scenario(FILE *out, cop_term terms)
{
        struct scenario s = { .out = out, .pending = cop_nil() };
        cop_term steps = cop_nil();
        bool good;

        COP_EACH (term, terms) {
                cop_match(term, "{run, Steps}", &steps);
                if (cop_match(term, "{order, processes}"))
                        s.order_open = true;
        }
        book_start(definitions_of(terms));
        good = do_steps(&s, steps);
        if (good)
                put_alive(&s);
        clean_up(&s);
        return good;
}

/* ---- files ---- */

static char *read_whole(const char *path, size_t *size)
{
        FILE *file = fopen(path, "r");
        char *bytes = NULL;
        size_t room = 0;

        if (!file)
                return NULL;
        *size = 0;
        do {
                room = room ? room * 2 : 65536;
                bytes = cop_realloc(bytes, room);
                *size += fread(bytes + *size, 1, room - *size, file);
        } while (*size == room);
        fclose(file);
        return bytes;
}

static FILE *open_trace(const char *directory, const char *path)
{
        const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
        int length = (int)strlen(name);
        char trace[4096];

        if (length > 4 && strcmp(name + length - 4, ".scn") == 0)
                length -= 4;
        snprintf(trace, sizeof(trace), "%s/%.*s.trace", directory, length, name);
        return fopen(trace, "w");
}

static bool run_file(const char *path, const char *directory)
{
        struct cop_read_result read;
        size_t size;
        char *text = read_whole(path, &size);
        FILE *out = stdout;
        bool good;

        if (!text) {
                fprintf(stderr, "%s: %s\n", path, strerrordesc_np(errno));
                return false;
        }
        read = cop_try_read_all(text, size, .new_atoms_max = 100000);
        if (read.error[0]) {
                fprintf(stderr, "%s:%u:%u: %s\n", path, read.line, read.column, read.error);
                return false;
        }
        if (directory)
                out = open_trace(directory, path);
        if (!out) {
                fprintf(stderr, "%s: %s\n", directory, strerrordesc_np(errno));
                return false;
        }
        good = run_scenario(out, read.term);
        if (directory)
                fclose(out);
        cop_free(text);
        return good;
}

int main(int argc, char **argv)
{
        const char *directory = NULL;
        bool good = true;
        int i = 1;

        if (argc > 2 && strcmp(argv[1], "-o") == 0) {
                directory = argv[2];
                i = 3;
        }
        if (i >= argc) {
                fprintf(stderr, "usage: oracle-runner [-o DIR] FILE...\n");
                return 2;
        }
        if (cop_system_start() < 0) {
                fprintf(stderr, "oracle-runner: the runtime does not start\n");
                return 1;
        }
        cop_report_to(hear_report, NULL);
        cop_set_report_level(COP_LEVEL_DEBUG);
        for (; i < argc; i++) {
                cop_scope {
                        good = run_file(argv[i], directory) && good;
                }
        }
        cop_system_stop(1000);
        return good ? 0 : 1;
}
