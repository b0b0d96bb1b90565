/*
 * heart.c: cop-heart, the parent of a program, that starts it again.
 *
 * It is a program of its own, runs no code of its child's, and does next to nothing: what does
 * little does not fail. It allocates nothing after its start.
 *
 * The program runs (`pid`), or is to be started when its time has come (`due`). Four things happen:
 * it ends; a beat comes from it; an OS signal comes; the time is up.
 *
 * Beats      The program has the writing end of a pipe, whose number is in COP_HEART. One that has
 *            never sent a beat owes none.
 *
 * Signals    are blocked and read from a descriptor, so that nothing happens between two steps. What
 *            the terminal sends to everybody of its group is not passed on: the program had it.
 *
 * Orphans    What the program leaves behind becomes a child of this process (it is a subreaper, or
 *            PID 1) and is killed before the program is started again, and at the end. If this
 *            process is killed itself, the kernel sends SIGTERM to the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
        RESTARTS_MOST = 10000,
        SECONDS_MOST = 1000000,
        MS = 1000000,
        CANNOT_RUN = 127,
        USAGE = 64,
};

#define SECOND ((int64_t)1000000000)
#define NEVER  INT64_MAX

enum state { RUNNING, STOPPING, KILLING, WAITING };

static struct {
        int64_t intensity, period_s;
        int64_t beat_s;
        int64_t back_off_ms, back_off_most_ms;
        bool abort; /* a program without a beat gets SIGABRT, and leaves a core file */
} options = {
        .intensity = 10, .period_s = 60, .beat_s = 60, .back_off_ms = 100, .back_off_most_ms = 30000
};

static struct {
        char **arguments;
        const char *name;
        pid_t pid;                    /* 0: it does not run */
        int status;                   /* of its last end */
        int beat;                     /* the reading end of its pipe; -1: closed */
        bool stopping;                /* it was asked to end: whatever it ends with is the end */
        bool hung;                    /* it was killed because no beat came */
        int64_t due;                  /* when the next beat has to be there, or it is started */
        int64_t back_off_ms;          /* before its last start */
        int64_t times[RESTARTS_MOST]; /* of the last restarts, a ring */
        uint64_t restarts;
} program;

static int signals;     /* a descriptor */
static sigset_t before; /* the mask that the program gets */

static int64_t now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * SECOND + t.tv_nsec;
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
        char line[512];
        size_t size = (size_t)snprintf(line, sizeof(line), "cop-heart: %s: ", program.name);
        va_list list;
        int more;

        if (size >= sizeof(line))
                size = sizeof(line) - 1;
        va_start(list, format);
        more = vsnprintf(line + size, sizeof(line) - size, format, list);
        va_end(list);
        size += more < 0 ? 0 : (size_t)more;
        if (size >= sizeof(line))
                size = sizeof(line) - 1;
        line[size++] = '\n';
        if (write(STDERR_FILENO, line, size) < 0)
                return; /* nobody hears it */
}

/* ---- the program ---- */

/* Why it is started again, for its $COP_RESTART_REASON. */
static void describe(char *text, size_t room)
{
        int number = WTERMSIG(program.status);

        if (program.hung)
                snprintf(text, room, "no heartbeat for %lld s", (long long)options.beat_s);
        else if (WIFEXITED(program.status))
                snprintf(text, room, "exit %d", WEXITSTATUS(program.status));
        else
                snprintf(text, room, "signal %d (SIG%s)%s", number,
                         sigabbrev_np(number) ? sigabbrev_np(number) : "?",
                         WCOREDUMP(program.status) ? ", core dumped" : "");
}

/* In the child. */
static void become(pid_t parent, int beat, const char *why)
{
        char number[32];

        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
                _exit(CANNOT_RUN); /* it died before that */
        snprintf(number, sizeof(number), "%d:%lld", beat, (long long)options.beat_s * 1000);
        setenv("COP_HEART", number, 1);
        snprintf(number, sizeof(number), "%llu", (unsigned long long)program.restarts);
        setenv("COP_RESTART_COUNT", number, 1);
        if (why)
                setenv("COP_RESTART_REASON", why, 1);
        else
                unsetenv("COP_RESTART_REASON");
        sigprocmask(SIG_SETMASK, &before, NULL);
        execvp(program.arguments[0], program.arguments);
        say("cannot run %s: %s", program.arguments[0], strerrordesc_np(errno));
        _exit(CANNOT_RUN);
}

static void start(const char *why)
{
        pid_t parent = getpid();
        int ends[2];

        program.due = NEVER;
        program.hung = false;
        if (pipe2(ends, O_CLOEXEC) < 0) {
                say("cannot make a pipe: %s", strerrordesc_np(errno));
                exit(CANNOT_RUN);
        }
        program.pid = fork();
        if (program.pid == 0) {
                fcntl(ends[1], F_SETFD, 0);
                become(parent, ends[1], why);
        }
        close(ends[1]);
        if (program.pid < 0) {
                say("cannot start: %s", strerrordesc_np(errno));
                exit(CANNOT_RUN);
        }
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        program.beat = ends[0];
}

/* Whoever is a child of this process now was left behind. */
static void kill_orphans(void)
{
        char path[64], text[4096], *at;
        ssize_t size;
        int file;

        snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
        do {
                file = open(path, O_RDONLY | O_CLOEXEC);
                size = file < 0 ? -1 : read(file, text, sizeof(text) - 1);
                close(file);
                if (size <= 0)
                        return;
                text[size] = '\0';
                for (at = text; *at >= '0' && *at <= '9'; at += *at == ' ') {
                        pid_t pid = (pid_t)strtol(at, &at, 10);

                        kill(pid, SIGKILL);
                        waitpid(pid, NULL, 0);
                }
        } while (true); /* their children have become this one's */
}

/* The end, with what the program ended with. */
static void finish(void)
{
        kill_orphans();
        if (WIFSIGNALED(program.status))
                exit(128 + WTERMSIG(program.status));
        exit(WEXITSTATUS(program.status));
}

/* ---- starting again ---- */

/* More restarts within the period than are allowed, if there is one more now? */
static bool is_too_often(int64_t at)
{
        uint64_t count = program.restarts, most = (uint64_t)options.intensity;

        if (most == 0)
                return true;
        return count >= most &&
               at - program.times[(count - most) % RESTARTS_MOST] <= options.period_s * SECOND;
}

/* The first restart is at once; then each waits twice as long, until all was well for a period. */
static int64_t next_back_off(int64_t at)
{
        int64_t last = program.times[(program.restarts - 1) % RESTARTS_MOST];

        if (program.restarts == 0 || at - last > options.period_s * SECOND)
                program.back_off_ms = 0;
        else
                program.back_off_ms =
                        program.back_off_ms ? 2 * program.back_off_ms : options.back_off_ms;
        if (program.back_off_ms > options.back_off_most_ms)
                program.back_off_ms = options.back_off_most_ms;
        return program.back_off_ms;
}

static void restart(void)
{
        char why[64];

        describe(why, sizeof(why));
        program.times[program.restarts++ % RESTARTS_MOST] = now();
        start(why);
}

/* It was to end; or it could not even begin. */
static bool is_meant(void)
{
        if (program.stopping)
                return true;
        if (program.hung)
                return false;
        if (WIFEXITED(program.status))
                return WEXITSTATUS(program.status) == 0 ||
                       (WEXITSTATUS(program.status) == CANNOT_RUN && program.restarts == 0);
        return WTERMSIG(program.status) == SIGHUP;
}

static void ended(void)
{
        int64_t at = now(), wait_ms;
        char why[64];

        close(program.beat);
        program.beat = -1;
        program.pid = 0;
        if (is_meant())
                finish();
        describe(why, sizeof(why));
        if (is_too_often(at)) {
                say("%s; it was started again %lld times in %lld s: giving up", why,
                    (long long)options.intensity, (long long)options.period_s);
                finish();
        }
        kill_orphans();
        wait_ms = next_back_off(at);
        if (wait_ms == 0)
                say("%s; starting it again", why);
        else
                say("%s; starting it again in %lld ms", why, (long long)wait_ms);
        program.due = at + wait_ms * MS;
}

/* ---- events ---- */

static void reap(void)
{
        pid_t pid;
        int status;

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
                if (pid != program.pid)
                        continue; /* somebody's orphan */
                program.status = status;
                ended();
        }
}

static void take_beats(void)
{
        char bytes[256];
        ssize_t size;
        bool any = false;

        while ((size = read(program.beat, bytes, sizeof(bytes))) > 0)
                any = true;
        if (any && !program.stopping && !program.hung)
                program.due = now() + options.beat_s * SECOND;
        if (size == 0) { /* closed: only its end counts from here on */
                close(program.beat);
                program.beat = -1;
        }
}

static void take_signal(void)
{
        struct signalfd_siginfo info;

        if (read(signals, &info, sizeof(info)) != sizeof(info))
                return;
        if (info.ssi_signo == SIGCHLD) {
                reap();
                return;
        }
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT || info.ssi_signo == SIGQUIT) {
                if (!program.pid)
                        finish(); /* it does not run, and will not */
                program.stopping = true;
                program.due = NEVER;
        }
        if (program.pid && info.ssi_code != SI_KERNEL)
                kill(program.pid, (int)info.ssi_signo);
}

static void time_is_up(void)
{
        if (!program.pid) {
                restart();
                return;
        }
        say("no heartbeat for %lld s: killing it", (long long)options.beat_s);
        kill(program.pid, options.abort && !program.hung ? SIGABRT : SIGKILL);
        program.hung = true;
        program.due = now() + options.beat_s * SECOND; /* should an abort not have helped */
}

static void run(void)
{
        for (;;) {
                struct pollfd wait[] = { { signals, POLLIN, 0 }, { program.beat, POLLIN, 0 } };
                int64_t left = program.due == NEVER ? -1 : program.due - now();
                struct timespec timeout = { left / SECOND, left % SECOND };

                if (program.due != NEVER && left <= 0) {
                        time_is_up();
                        continue;
                }
                if (ppoll(wait, 2, program.due == NEVER ? NULL : &timeout, NULL) <= 0)
                        continue;
                if (wait[1].revents)
                        take_beats();
                if (wait[0].revents)
                        take_signal();
        }
}

/* ---- start ---- */

static const char help[] =
        "cop-heart runs a program and starts it again when it ends abnormally.\n"
        "\n"
        "    cop-heart [OPTION...] [--] PROGRAM [ARGUMENT...]\n"
        "\n"
        "    --intensity=N       give up after more than N restarts (10; 0: never start again)\n"
        "    --period=SECONDS    within this time (60)\n"
        "    --back-off=MS:MOST  the first restart is at once, the second waits so long (100),\n"
        "                        each further one twice as long, up to MOST (30000); until all "
        "was\n"
        "                        well for a period. 0: none waits\n"
        "    --beat=SECONDS      a program that sends beats, as Coppice's do, is killed when none\n"
        "                        came for so long (60)\n"
        "    --abort             with SIGABRT, for a core file, and not SIGKILL\n"
        "\n"
        "A program ends normally with status 0, or when it was told to end: by SIGTERM, SIGINT or\n"
        "SIGQUIT through cop-heart, which passes signals on. Every other end is abnormal. A "
        "program\n"
        "started again finds why in $COP_RESTART_REASON, and how often in $COP_RESTART_COUNT.\n"
        "\n"
        "Its exit status is the program's last one, 128 + N where signal N ended it; 127 where it\n"
        "cannot be run, 64 for a wrong option. It may be PID 1 of a container.\n";

static void wrong(const char *option)
{
        fprintf(stderr,
                "cop-heart: %s: no such option, or not a number it may have; see cop-heart "
                "--help\n",
                option);
        exit(USAGE);
}

/* The number behind `=` of an option; *end is what stands behind it. */
static int64_t number_of(const char *option, const char *digits, int64_t least, int64_t most,
                         char **end)
{
        long long number;

        errno = 0;
        number = strtoll(digits, end, 10);
        if (errno || *end == digits || number < least || number > most || (**end && **end != ':'))
                wrong(option);
        return number;
}

static int64_t whole(const char *option, const char *digits, int64_t least, int64_t most)
{
        char *end;
        int64_t number = number_of(option, digits, least, most, &end);

        if (*end)
                wrong(option);
        return number;
}

static void take_back_off(const char *option, const char *digits)
{
        char *end;

        options.back_off_ms = number_of(option, digits, 0, SECONDS_MOST, &end);
        if (*end)
                options.back_off_most_ms = whole(option, end + 1, 0, SECONDS_MOST);
}

static bool begins(const char *text, const char *with, const char **rest)
{
        size_t size = strlen(with);

        *rest = text + size;
        return strncmp(text, with, size) == 0;
}

static void take_option(const char *option)
{
        const char *rest;

        if (begins(option, "--intensity=", &rest)) {
                options.intensity = whole(option, rest, 0, RESTARTS_MOST);
        } else if (begins(option, "--period=", &rest)) {
                options.period_s = whole(option, rest, 1, SECONDS_MOST);
        } else if (begins(option, "--beat=", &rest)) {
                options.beat_s = whole(option, rest, 1, SECONDS_MOST);
        } else if (begins(option, "--back-off=", &rest)) {
                take_back_off(option, rest);
        } else if (strcmp(option, "--abort") == 0) {
                options.abort = true;
        } else if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) {
                fputs(help, stdout);
                exit(0);
        } else {
                wrong(option);
        }
}

static void take_signals(void)
{
        static const int passed_on[] = { SIGHUP,  SIGINT,  SIGQUIT,  SIGTERM, SIGUSR1,
                                         SIGUSR2, SIGCONT, SIGWINCH, SIGCHLD };
        sigset_t set;

        sigemptyset(&set);
        for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
                sigaddset(&set, passed_on[i]);
        sigprocmask(SIG_BLOCK, &set, &before);
        signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signals < 0) {
                perror("cop-heart: signalfd");
                exit(CANNOT_RUN);
        }
        signal(SIGCHLD, SIG_DFL); /* if it was ignored, there would be no status */
}

int main(int argc, char **argv)
{
        int i = 1;

        while (i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0)
                take_option(argv[i++]);
        if (i < argc && strcmp(argv[i], "--") == 0)
                i++;
        if (i == argc) {
                fputs(help, stderr);
                return USAGE;
        }
        program.arguments = argv + i;
        program.name = strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i];
        take_signals();
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        start(NULL);
        run();
}
