/*
 * LOGGER: where events are written, how they look there, and what happens when that place is slow,
 * full or gone.
 */
#include <coppice/logger.h>
#include <coppice/server.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/world.h"

enum { TEXT_MOST = 4 * 1024 * 1024 };

static char path[256];
static char text[TEXT_MOST];

/* A path for this test, where nothing is. */
static void begin(void)
{
        const char *tmp = getenv("TMPDIR");

        cop_logger_remove("default");
        snprintf(path, sizeof(path), "%s/coppice-log-XXXXXX", tmp ? tmp : "/tmp");
        close(mkstemp(path));
        unlink(path);
}

static const char *beside(const char *ending)
{
        static char name[300];

        snprintf(name, sizeof(name), "%s%s", path, ending);
        return name;
}

static const char *content(const char *name)
{
        int fd = open(name, O_RDONLY | O_CLOEXEC);
        ssize_t size;
        size_t got = 0;

        if (fd < 0)
                return NULL;
        while ((size = read(fd, text + got, sizeof(text) - 1 - got)) > 0)
                got += (size_t)size;
        text[got] = '\0';
        close(fd);
        return text;
}

static uint64_t number_in(const char *id, const char *key)
{
        return cop_to_uint(cop_map_get(cop_logger_handler(id), cop_atom(key), cop_int(0)));
}

/* ---- order, loss, storms ---- */

enum { PROCESSES_MOST = 1000, EVENTS_MOST = 100 };

static void log_numbers(cop_term argument)
{
        int64_t id, count, i;

        cop_match(argument, "{Id, Count}", &id, &count);
        for (i = 0; i < count; i++)
                cop_log_error("%lld: %lld.", (long long)id, (long long)i);
}

/* Processes that each log their numbers; waits for their end. */
static void storm(int processes, int events)
{
        cop_ref ref;
        int i;

        for (i = 0; i < processes; i++)
                cop_spawn(log_numbers, cop_build("{Id, Count}", i, events), .monitor = &ref);
        for (i = 0; i < processes; i++)
                cop_assert(cop_receive(60000, "{'DOWN', _, process, _, normal}"));
}

/* How many lines there are of these processes; each one's numbers must rise. */
static int64_t count_in_order(const char *lines)
{
        static long long next[PROCESSES_MOST];
        int64_t count = 0;
        long long id, number;
        const char *line;

        memset(next, 0, sizeof(next));
        for (line = strstr(lines, "[error] "); line; line = strstr(line + 8, "[error] ")) {
                if (sscanf(line, "[error] %lld: %lld.", &id, &number) != 2)
                        continue;
                cop_assert(id >= 0 && id < PROCESSES_MOST);
                cop_assert(number >= next[id]);
                next[id] = number + 1;
                count++;
        }
        return count;
}

/* The sum of all "N events before this one were lost". */
static uint64_t told_lost(const char *lines)
{
        static const char lead[] = "[warning] logger: ";
        unsigned long long lost;
        uint64_t sum = 0;

        for (lines = strstr(lines, lead); lines; lines = strstr(lines + 1, lead))
                if (sscanf(lines, "[warning] logger: %llu events", &lost) == 1)
                        sum += lost;
        return sum;
}

COP_TEST(LOGGER_file, "a file gets every line, those of a process in order")
{
        begin();
        cop_assert_equal(cop_logger_add_file("file", path, .burst_max = COP_NO_BURST_MAX), 0);
        storm(20, 50);
        cop_assert(cop_logger_flush(60000));
        cop_assert_equal(count_in_order(content(path)), 1000);
        cop_assert_equal(number_in("file", "taken"), 1000);
        cop_assert_equal(number_in("file", "lost"), 0);
        cop_assert_equal(cop_logger_remove("file"), 0);
        unlink(path);
}

COP_TEST(LOGGER_storm, "100,000 events of 1,000 processes: what is lost is counted and told",
         .limit_s = 300)
{
        uint64_t lost;

        begin();
        cop_assert_equal(cop_logger_add_file("file", path, .burst_max = COP_NO_BURST_MAX,
                                             .queue_max = 64 * 1024),
                         0);
        storm(PROCESSES_MOST, EVENTS_MOST);
        cop_assert(cop_logger_flush(60000));
        cop_assert_equal(number_in("file", "taken"), PROCESSES_MOST * EVENTS_MOST);
        lost = number_in("file", "lost");
        cop_assert_equal(cop_logger_remove("file"), 0);
        content(path);
        cop_assert_equal(count_in_order(text) + (int64_t)lost, PROCESSES_MOST * EVENTS_MOST);
        cop_assert_equal(told_lost(text), lost);
        unlink(path);
}

COP_TEST(LOGGER_burst, "a handler takes so many events in a time, and counts the others")
{
        begin();
        cop_assert_equal(cop_logger_add_file("file", path, .burst_max = 10, .burst_ms = 3600000),
                         0);
        storm(2, 50);
        cop_assert_equal(number_in("file", "lost"), 90);
        cop_assert_equal(cop_logger_remove("file"), 0);
        cop_assert_equal(count_in_order(content(path)), 10);
        cop_assert_equal(told_lost(text), 90);
        cop_assert(strstr(text, "were lost: there were too many\n"));
        unlink(path);
}

/* Reads what is in the pipe, and goes on until everybody has closed it. */
static const char *drain(int fd)
{
        size_t got = 0;
        ssize_t size;

        while ((size = read(fd, text + got, sizeof(text) - 1 - got)) > 0)
                got += (size_t)size;
        text[got] = '\0';
        close(fd);
        return text;
}

COP_TEST(LOGGER_stuck_pipe, "a pipe that nobody reads blocks nobody: what it does not take is lost",
         .limit_s = 120)
{
        int ends[2];

        if (world_is_simulated())
                return; /* there is no thread that could wait for it */
        begin();
        cop_assert_equal(pipe2(ends, O_CLOEXEC), 0);
        cop_assert_equal(cop_logger_add_console("pipe", .fd = ends[1], .queue_max = 200 * 1024,
                                                .burst_max = COP_NO_BURST_MAX),
                         0);
        storm(10, 1000);
        cop_assert(!cop_logger_flush(10));
        cop_assert(number_in("pipe", "lost") > 0);
        cop_assert_equal(cop_logger_remove("pipe"), 0);
        close(ends[1]);
        cop_assert(count_in_order(drain(ends[0])) < 10000);
}

COP_TEST(LOGGER_closed_pipe, "a pipe that nobody has open any more loses events, and harms nobody")
{
        int ends[2];

        begin();
        cop_assert_equal(pipe2(ends, O_CLOEXEC), 0);
        close(ends[0]);
        cop_assert_equal(cop_logger_add_console("pipe", .fd = ends[1]), 0);
        storm(1, 20);
        cop_assert(cop_logger_flush(60000));
        cop_assert_equal(number_in("pipe", "lost"), 20);
        cop_assert_equal(cop_logger_remove("pipe"), 0);
        close(ends[1]);
}

COP_TEST(LOGGER_full_disk, "a full disk loses events, counts them, and harms nobody")
{
        begin();
        cop_assert_equal(cop_logger_add_file("file", "/dev/full"), 0);
        storm(1, 20);
        cop_assert(cop_logger_flush(60000));
        cop_assert_equal(number_in("file", "lost"), 20);
        cop_assert_equal(cop_logger_remove("file"), 0);
}

COP_TEST(LOGGER_unwritable,
         "a file that cannot be opened is no handler, and the reason is returned")
{
        begin();
        cop_assert_equal(cop_logger_add_file("file", beside("/no/such/place")), -ENOENT);
        cop_assert_equal(cop_logger_add_file("file", "/"), -EISDIR);
        cop_assert_equal(cop_logger_add_file("file", ""), -EINVAL);
        cop_assert_term(cop_logger_handlers(), "[]");
}

COP_TEST(LOGGER_rotation, "a file that has its size is renamed, and so many are kept")
{
        static const char *const endings[] = { ".1", ".0", "" };
        long long first = -1, number, next = 0;
        struct stat stat_of;
        size_t i;

        begin();
        cop_assert_equal(cop_logger_add_file("file", path, .size_max = 2000, .files_max = 2), 0);
        storm(1, 400);
        cop_assert_equal(cop_logger_remove("file"), 0);
        cop_assert_equal(access(beside(".2"), F_OK), -1);
        for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
                const char *line = content(beside(endings[i]));

                cop_assert(line);
                cop_assert_equal(stat(beside(endings[i]), &stat_of), 0);
                cop_assert(stat_of.st_size <= 2000);
                for (; (line = strstr(line, "[error] 0: ")); line++) {
                        sscanf(line, "[error] 0: %lld.", &number);
                        if (first < 0)
                                first = next = number;
                        cop_assert_equal(number, next++);
                }
                unlink(beside(endings[i]));
        }
        cop_assert_equal(next, 400);
        cop_assert(first > 0);
}

/* ---- the journal ---- */

static int journal_open(void)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        cop_assert(strlen(path) < sizeof(address.sun_path));
        memcpy(address.sun_path, path, strlen(path) + 1);
        cop_assert_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

/* One record, which may have come as a file. */
static size_t journal_receive(int fd)
{
        char control[CMSG_SPACE(sizeof(int))];
        struct iovec part = { text, sizeof(text) - 1 };
        struct msghdr message = { .msg_iov = &part,
                                  .msg_iovlen = 1,
                                  .msg_control = control,
                                  .msg_controllen = sizeof(control) };
        ssize_t size = recvmsg(fd, &message, 0);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        int file;

        cop_assert(size >= 0);
        if (header) {
                memcpy(&file, CMSG_DATA(header), sizeof(file));
                size = pread(file, text, sizeof(text) - 1, 0);
                close(file);
        }
        text[size] = '\0';
        return (size_t)size;
}

COP_TEST(LOGGER_journal, "the journal gets an event as its fields, the caller's keys among them")
{
        int fd;

        begin();
        cop_assert_equal(cop_logger_add_journal("journal", .socket = path), -ENOENT);
        fd = journal_open();
        cop_assert_equal(cop_logger_add_journal("journal", .socket = path), 0);
        cop_log_with(COP_LEVEL_WARNING, cop_build("#{door => 3, '9 lives' => \"cat\"}"), "stiff");
        journal_receive(fd);
        cop_assert_equal(strncmp(text, "MESSAGE=stiff\nPRIORITY=4\nSYSLOG_IDENTIFIER=", 43), 0);
        cop_assert(strstr(text, "\nCODE_FUNC=cop__test_run_LOGGER_journal\n"));
        cop_assert(strstr(text, "\nCOPPICE_MODULE=test_logger_devices\n"));
        cop_assert(strstr(text, "\nDOOR=3\n"));
        cop_assert(strstr(text, "\nX9_LIVES=\"cat\"\n"));

        cop_log_error("two\nlines");
        journal_receive(fd);
        cop_assert_bytes(text, 26, "MESSAGE\n\x09\0\0\0\0\0\0\0two\nlines\n", 26);
        cop_assert_equal(cop_logger_remove("journal"), 0);
        close(fd);
        unlink(path);
}

COP_TEST(LOGGER_journal_large, "what is too long for a datagram comes as a file")
{
        enum { SIZE = 80000 };
        char *bytes = cop_alloc(SIZE);
        cop_term large;
        int fd;

        begin();
        memset(bytes, 'x', SIZE);
        large = cop_binary(bytes, SIZE);
        fd = journal_open();
        cop_assert_equal(cop_logger_add_journal("journal", .socket = path, .term_max = 2 * SIZE),
                         0);
        cop_log_with(COP_LEVEL_ERROR, cop_build("#{a => X, b => X, c => X}", large), "large");
        cop_assert(journal_receive(fd) > 3 * SIZE);
        cop_assert_equal(strncmp(text, "MESSAGE=large\n", 14), 0);
        cop_assert_equal(cop_logger_remove("journal"), 0);
        close(fd);
        unlink(path);
        cop_free(bytes);
}

/* ---- how events look ---- */

static struct cop_log_event event_of(enum cop_level level, const char *said, cop_term report)
{
        struct cop_log_event event = { .level = level,
                                       .time_ns = 1577836800123456789,
                                       .text = said,
                                       .report = report,
                                       .file = "src/door.c",
                                       .function = "open_door",
                                       .module = "door",
                                       .line = 7 };

        event.metadata = cop_build("#{door => 3, name => <<\"a\\\"b\">>, at => {1, 2}}");
        return event;
}

COP_TEST(LOGGER_json, "JSON is an object a line, with what it says escaped")
{
        struct cop_log_event event = event_of(COP_LEVEL_NOTICE, "two\n\"lines\"\x01", COP_NONE);

        cop_assert_text(cop_log_event_text(&event, COP_LOG_JSON),
                        "{\"time\":\"2020-01-01T00:00:00.123456Z\",\"level\":\"notice\","
                        "\"message\":\"two\\n\\\"lines\\\"\\u0001\",\"module\":\"door\","
                        "\"function\":\"open_door\",\"file\":\"src/door.c\",\"line\":7,"
                        "\"metadata\":{\"at\":\"{1,2}\",\"door\":3,\"name\":\"a\\\"b\"}}\n");
        event = event_of(COP_LEVEL_NOTICE, NULL, cop_build("#{a => \"b\"}"));
        event.metadata = COP_NONE;
        cop_assert(strstr(cop_log_event_text(&event, COP_LOG_JSON),
                          ",\"report\":\"#{a => \\\"b\\\"}\"}\n"));
}

/* The text without its time, and without the pid of the test behind a name. */
static const char *shown(cop_term report)
{
        const char *said = cop_report_text(COP_LEVEL_ERROR, report) + strlen("00:00:00.000 ");
        char pid[40];
        const char *at;

        snprintf(pid, sizeof(pid), " (%s)", cop_show(cop_pid_term(cop_self())));
        at = strstr(said, pid);
        if (!at)
                return said;
        snprintf(text, sizeof(text), "%.*s%s", (int)(at - said), said, at + strlen(pid));
        return text;
}

COP_TEST(LOGGER_text, "OTP's reports are sentences, with what is known under them")
{
        cop_assert_text(shown(cop_read("#{label => {supervisor, child_terminated},"
                                       " report => [{supervisor, {local, top}},"
                                       "   {errorContext, child_terminated}, {reason, killed},"
                                       "   {offender, [{pid, undefined}, {id, a},"
                                       "     {mfargs, {a, start_link, [1]}},"
                                       "     {restart_type, permanent}, {significant, true},"
                                       "     {shutdown, 5000}, {child_type, worker}]}]}")),
                        "[error] child a of supervisor top terminated\n"
                        "** killed\n"
                        "Start: {a,start_link,[1]}\n"
                        "Restart: permanent\n"
                        "Shutdown: 5000\n"
                        "Type: worker\n"
                        "Significant: true\n");
        cop_assert_text(shown(cop_read("#{label => {application_controller, exit},"
                                       " report => [{application, todo}, {exited, stopped},"
                                       "   {type, temporary}]}")),
                        "[error]\n"
                        "    application: todo\n"
                        "    exited: stopped\n"
                        "    type: temporary\n");
        cop_assert_text(shown(cop_read("#{label => {supervisor, shutdown_deadline}, supervisor =>"
                                       " {local, top}, deadline_ms => 50, killed => [a, b]}")),
                        "[error] supervisor top has killed what did not stop within 50 ms\n"
                        "Killed: [a,b]\n");
        cop_assert_text(shown(cop_read("#{label => {gen_event, terminate}, handler => lamp,"
                                       "  name => door, last_message => opened, state => off,"
                                       "  reason => {badarg, [{lamp, handle_event, 2,"
                                       "    [{file, \"lamp.c\"}, {line, 7}]}]}}")),
                        "[error] event handler lamp installed in door terminating\n"
                        "** badarg\n"
                        "    lamp.c:7: handle_event\n"
                        "Last message: opened\n"
                        "State: off\n");
        cop_assert_text(shown(cop_read("#{label => {gen_statem, terminate}, name => door,"
                                       "  queue => [], postponed => [], state => {open, 3},"
                                       "  reason => {error, badarg, []}}")),
                        "[error] state machine door terminating\n"
                        "** badarg\n"
                        "Queue: []\n"
                        "Postponed: []\n"
                        "State: open\n"
                        "Data: 3\n");
        cop_assert_text(shown(cop_read("#{any => report}")), "[error] #{any => report}\n");
}

COP_TEST(LOGGER_erlang, "Erlang's format is Erlang's, header, columns and all")
{
        struct cop_log_event event =
                event_of(COP_LEVEL_NOTICE, NULL,
                         cop_read("#{label => {application_controller, exit},"
                                  "  report => [{application, todo}, {exited, stopped},"
                                  "             {type, temporary}]}"));
        const char *line;

        line = cop_log_event_text(&event, COP_LOG_ERLANG);
        cop_assert_equal(strncmp(line, "=INFO REPORT==== ", 17), 0);
        cop_assert_text(strchr(line, '\n'), "\n    application: todo\n"
                                            "    exited: stopped\n"
                                            "    type: temporary\n\n");
        event.report = cop_read("#{label => {gen_server, terminate}, name => door,"
                                "  last_message => knock, client_info => undefined,"
                                "  state => closed, reason => {function_clause, [{door,"
                                "  handle_call, 3, [{file, \"src/door.c\"}, {line, 4711}]}]}}");
        line = cop_log_event_text(&event, COP_LOG_ERLANG);
        cop_assert_equal(strncmp(line, "=NOTICE REPORT==== ", 19), 0);
        cop_assert_text(strchr(line, '\n'),
                        "\n** Generic server door terminating \n"
                        "** Last message in was knock\n"
                        "** When Server state == closed\n"
                        "** Reason for termination ==\n"
                        "** {function_clause,[{door,handle_call,3,[{file,\"src/door.c\"},"
                        "{line,4711}]}]}\n\n");
}

/* What Erlang/OTP 25 says of the same reports. */
static const struct {
        const char *report, *text;
} erlang[] = {
        { "#{label => {gen_statem, terminate}, name => door, queue => [{cast, x}, {info, y}],"
          "  postponed => [{cast, later}], modules => [door], callback_mode => state_functions,"
          "  state_enter => true, state => {locked, #{code => 1}}, timeouts => {1, [{timeout, n}]},"
          "  log => [], client_info => undefined, reason => {exit, boom, [{door, locked, 3,"
          "  [{file, \"door.erl\"}, {line, 7}]}]}}",
          "** State machine door terminating\n"
          "** Last event = {cast,x}\n"
          "** When server state  = {locked,#{code => 1}}\n"
          "** Reason for termination = exit:boom\n"
          "** Callback modules = [door]\n"
          "** Callback mode = [state_functions,state_enter]\n"
          "** Queued = [{info,y}]\n"
          "** Postponed = [{cast,later}]\n"
          "** Stacktrace =\n"
          "**  [{door,locked,3,[{file,\"door.erl\"},{line,7}]}]\n"
          "** Time-outs: {1,[{timeout,n}]}\n" },
        { "#{label => {gen_statem, terminate}, name => door, queue => [], postponed => [],"
          "  modules => [door], callback_mode => handle_event_function, state_enter => false,"
          "  state => {locked, #{code => 1}}, timeouts => {0, []}, log => [],"
          "  client_info => {client, dead}, reason => {error, function_clause, []}}",
          "** State machine door terminating\n"
          "** When server state  = {locked,#{code => 1}}\n"
          "** Reason for termination = error:function_clause\n"
          "** Callback modules = [door]\n"
          "** Callback mode = handle_event_function\n"
          "** Client client is dead\n" },
        { "#{label => {gen_event, terminate}, handler => {h, id}, name => mgr,"
          "  last_message => {event, x}, state => {state, 1, \"abc\"},"
          "  reason => {'EXIT', {boom, [{h, handle_event, 2, []}]}}}",
          "** gen_event handler {h,id} crashed.\n"
          "** Was installed in mgr\n"
          "** Last event was: {event,x}\n"
          "** When handler state == {state,1,\"abc\"}\n"
          "** Reason == {boom,[{h,handle_event,2,[]}]}\n" },
        { "#{label => {gen_event, no_handle_info}, module => h, message => hello}",
          "** Undefined handle_info in h\n"
          "** Unhandled message: hello\n" },
        { "#{label => {supervisor, unexpected}, supervisor => {local, top}, message => hello}",
          "Supervisor received unexpected message: hello\n" },
        { "#{label => {gen_server, no_handle_info}, module => h, message => hello}",
          "** Undefined handle_info in h\n"
          "** Unhandled message: hello\n" },
};

COP_TEST(LOGGER_erlang_reports, "machines, event handlers, lost messages: in Erlang's words")
{
        for (size_t i = 0; i < sizeof(erlang) / sizeof(erlang[0]); i++) {
                struct cop_log_event event =
                        event_of(COP_LEVEL_ERROR, NULL, cop_read(erlang[i].report));
                const char *line = strchr(cop_log_event_text(&event, COP_LOG_ERLANG), '\n');
                char expected[1000];

                snprintf(expected, sizeof(expected), "\n%s\n", erlang[i].text);
                cop_assert_text(line, expected);
        }
}

COP_TEST(LOGGER_large_term, "of a large term as much is shown as a handler allows")
{
        cop_term list = cop_nil();
        const char *said;
        int i;

        for (i = 0; i < 100000; i++)
                list = cop_cons(cop_int(i + 1000), list);
        said = shown(list);
        cop_assert(strlen(said) < 4200);
        cop_assert(strstr(said, "...\n"));
}

COP_TEST(LOGGER_colours, "colours are for terminals, or for who asks for them")
{
        int ends[2];

        begin();
        cop_assert_equal(pipe2(ends, O_CLOEXEC), 0);
        cop_assert_equal(cop_logger_add_console("plain", .fd = ends[1]), 0);
        cop_log_error("x");
        cop_assert_equal(cop_logger_remove("plain"), 0);
        cop_assert_equal(cop_logger_add_console("coloured", .fd = ends[1],
                                                .colours = COP_COLOURS_ALWAYS, .places = true),
                         0);
        cop_log_error("y");
        cop_assert_equal(cop_logger_remove("coloured"), 0);
        close(ends[1]);
        drain(ends[0]);
        cop_assert(strstr(text, " [error] x\n"));
        cop_assert(strstr(text, " \033[31m[error]\033[0m y\n"));
        cop_assert(strstr(text, "test_logger_devices.c:"));
}

/* ---- the crash of a server, as a person reads it ---- */

struct sequence {
        int64_t current;
};

static cop_next init(struct sequence *s, cop_term first)
{
        s->current = cop_to_int(first);
        return cop_ok();
}

static cop_next handle_cast(struct sequence *s, cop_term request)
{
        int64_t delta;

        if (cop_match(request, "{increment_number, Delta}", &delta)) {
                s->current += delta;
                return cop_noreply();
        }
        return cop_no_clause();
}

static const int no_clause_line = __LINE__ - 3;

COP_SERVER(sequence, struct sequence, .init = init, .handle_cast = handle_cast);

static bool is_inspected(void)
{
        struct sequence s = { 0 };

        return cop_match(COP__MODULE(sequence).show(&s), "{_, [{current, 0}]}");
}

COP_TEST(LOGGER_crash, "a crash says who, why, in which line, what it was told, and its state")
{
        struct cop_log_capture *capture = cop_log_capture_begin(COP_LEVEL_ERROR);
        cop_pid pid = cop_server_start(sequence, cop_int(457), .name = "sequence");
        cop_ref ref = cop_monitor(pid);
        const char *said;
        char expected[1024];

        cop_cast("sequence", "{increment_number, \"cat\"}");
        down_reason(ref);
        said = cop_log_capture_end(capture);
        snprintf(expected, sizeof(expected),
                 "[error] server sequence (%s) terminating\n"
                 "** function_clause\n"
                 "    %s:%d: handle_cast\n"
                 "Last message: {'$gen_cast',{increment_number,\"cat\"}}\n"
                 "State: %s\n"
                 "[error] process sequence (%s) terminating\n"
                 "** function_clause\n",
                 cop_show(cop_pid_term(pid)), __FILE__, no_clause_line,
                 is_inspected() ? "struct sequence{current = 457}"
                                : cop_show(COP__MODULE(sequence).show(&(struct sequence){ 457 })),
                 cop_show(cop_pid_term(pid)));
        if (strncmp(said, expected, strlen(expected)) != 0)
                cop_assert_text(said, expected);
}
