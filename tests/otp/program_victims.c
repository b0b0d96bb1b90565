/*
 * Servers that fault all the time, and others that answer meanwhile.
 *
 *     otp_victims faults SCHEDULERS FAULTS SERVERS
 *     otp_victims spin SCHEDULERS SPINNERS
 *     otp_victims turn SCHEDULERS SERVERS
 *
 * faults: so many servers fault, each supervised and started again, and as many others are called all
 * the time. Before that it is the same with requests that are answered, as many of them, so that what the
 * storm changes is the faults alone. Prints how many of those were answered, and how many faults ended a
 * server for the right reason; how many calls the others answered, and how many were lost or answered
 * wrongly; how long the calls took before the storm and in it; and how many blocks of memory are left when
 * the system has stopped.
 *
 * spin: so many servers begin to spin, each is killed, and its supervisor starts it again. Prints how
 * many answer in the end.
 *
 * turn: one of so many servers, whose turns are limited, waits in the kernel for ever. Prints whether its
 * caller hears of the limit, and how many answer in the end.
 */
#include <coppice.h>

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"

enum {
        SERVERS_MOST = 1000,
        GROUP = 50, /* servers of a supervisor */
        TORMENTORS = 8,
        CALLERS = 4,
        CALLS = 5000, /* a caller's, before the storm and in it; more while it lasts */
        KEPT = 200000,
};

/* ---- who faults ---- */

static volatile int zero;
static int *volatile nowhere;
static volatile char *beyond_file; /* mapped, and the file ends before */
static _Atomic(int) starts, ends;

static __attribute__((noinline)) int recurse(int depth)
{
        volatile char frame[100];

        if (zero)
                return 0;
        frame[depth % 100] = (char)depth;
        return recurse(depth + 1) + frame[depth % 100];
}

static void count_end(void *none)
{
        ends++;
}

static cop_next victim_init(int *unused, cop_term argument)
{
        cop_own(&ends, count_end);
        starts++;
        return cop_ok();
}

static cop_next victim_call(int *unused, cop_term request, cop_from from)
{
        if (cop_match(request, "segv"))
                *nowhere = 1;
        if (cop_match(request, "bus"))
                zero = *beyond_file;
        if (cop_match(request, "ill"))
                __builtin_trap();
        if (cop_match(request, "abort"))
                abort();
        if (cop_match(request, "stack_overflow"))
                zero = recurse(0);
#if defined(__x86_64__)
        if (cop_match(request, "fpe"))
                zero = 5 / zero;
#endif
        if (cop_match(request, "spin"))
                while (!zero)
                        continue;
        if (cop_match(request, "wait"))
                while (!zero)
                        poll(NULL, 0, -1);
        return cop_reply(cop_atom("alive"));
}

static const char *const deeds[] = {
        "segv", "bus", "ill", "abort", "stack_overflow",
#if defined(__x86_64__)
        "fpe",
#endif
};

enum { DEEDS = sizeof(deeds) / sizeof(deeds[0]) };

COP_SERVER(victim, int, .init = victim_init, .handle_call = victim_call);
COP_SUPERVISOR(victims, .strategy = COP_SIMPLE_ONE_FOR_ONE, .intensity = 1000000000, .period = 1,
               .children = COP_CHILDREN(COP_WORKER(victim, "[]")));

static char names[SERVERS_MOST][16];

static const char *victim_name(int i)
{
        return names[i];
}

/* Before memory is looked at: atoms stay. */
static void make_names(void)
{
        for (int i = 0; i < SERVERS_MOST; i++) {
                snprintf(names[i], sizeof(names[i]), "victim_%d", i);
                cop_atom(names[i]);
        }
}

static void start_victims(int count)
{
        cop_pid group = cop_self();

        for (int i = 0; i < count; i++) {
                if (i % GROUP == 0)
                        group = cop_supervisor_start_link(victims);
                cop_scope {
                        cop_start_child(group, "[#{name => Name}]", cop_atom(victim_name(i)));
                }
        }
}

/* ---- who answers ---- */

static cop_next adder_call(int *unused, cop_term request, cop_from from)
{
        int64_t a, b;

        if (cop_match(request, "{add, A, B}", &a, &b))
                return cop_reply(cop_int(a + b));
        return cop_no_clause();
}

COP_SERVER(adder, int, .handle_call = adder_call);

static int server_count, fault_count;
static cop_pid adders[SERVERS_MOST];
static bool harmless; /* what the victims are asked for */
static _Atomic(bool) storm_over;
static _Atomic(int) next_fault, unharmed, as_should, lost, wrong, calls;
static _Atomic(int) kept;
static int64_t latencies[KEPT];

static void call_one(uint64_t n)
{
        int64_t a = (int64_t)(n >> 40), b = (int64_t)(n & 0xffff), sum;
        int64_t then = cop_now_ns(), took;
        cop_term answer;
        int place;

        if (!cop_try_call(&answer, 20000, adders[n % (uint64_t)server_count], "{add, A, B}", a, b))
                lost++;
        else if (!cop_match(answer, "Sum", &sum) || sum != a + b)
                wrong++;
        took = cop_now_ns() - then;
        calls++;
        place = kept++;
        latencies[place % KEPT] = took;
}

static void call_all_the_time(cop_term seed)
{
        uint64_t n = (uint64_t)cop_to_int(seed) * 0x9e3779b97f4a7c15u + 1;

        for (int i = 0; i < CALLS || !storm_over; i++) {
                n = n * 6364136223846793005u + 1442695040888963407u;
                cop_scope {
                        call_one(n);
                }
        }
}

/* ---- the storm ---- */

static void torment_one(int fault, int victim)
{
        const char *deed = harmless ? "hello" : deeds[fault % DEEDS];
        cop_term answer, what;

        do {
                if (cop_try_call(&answer, 20000, victim_name(victim), "Deed", cop_atom(deed))) {
                        unharmed += cop_is(answer, "alive");
                        return;
                }
                if (cop_is(answer, "noproc")) /* it is being started again */
                        cop_yield();
        } while (cop_is(answer, "noproc"));
        what = cop_is_tuple(answer) ? cop_element(answer, 0) : answer;
        as_should += strcmp(cop_to_atom_text(what), deed) == 0;
}

static void torment(cop_term index)
{
        int first = (int)cop_to_int(index) * server_count / TORMENTORS;
        int own = server_count / TORMENTORS, fault;

        for (int i = 0; (fault = next_fault++) < fault_count; i++)
                cop_scope {
                        torment_one(fault, first + i % own);
                }
}

static void all_end(cop_process_fn *fn, int count)
{
        cop_ref refs[TORMENTORS];

        for (int i = 0; i < count; i++)
                cop_spawn(fn, cop_int(i), .monitor = &refs[i]);
        for (int i = 0; i < count; i++)
                cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, _}", &refs[i]);
}

static int compare(const void *a, const void *b)
{
        int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

        return (x > y) - (x < y);
}

static void print_latencies(const char *when)
{
        int count = kept < KEPT ? kept : KEPT;

        qsort(latencies, (size_t)count, sizeof(latencies[0]), compare);
        printf("%s: p99 %lld us, slowest %lld us\n", when,
               (long long)latencies[(int64_t)count * 99 / 100] / 1000,
               (long long)latencies[count - 1] / 1000);
        kept = 0;
}

static void call_in_storm(cop_term none)
{
        all_end(call_all_the_time, CALLERS);
}

static void call_meanwhile(const char *when)
{
        cop_ref callers;

        next_fault = 0;
        storm_over = false;
        cop_spawn(call_in_storm, cop_nil(), .monitor = &callers);
        all_end(torment, TORMENTORS);
        storm_over = true;
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, _}", &callers);
        print_latencies(when);
}

static void faults(cop_term none)
{
        start_victims(server_count);
        for (int i = 0; i < server_count; i++)
                adders[i] = cop_server_start_link(adder, cop_nil());
        harmless = true;
        call_meanwhile("without");
        printf("%d requests without a fault answered\n", unharmed);
        harmless = false;
        call_meanwhile("with");
        printf("%d faults as they should, %d calls, %d lost, %d wrong\n", as_should, calls, lost,
               wrong);
}

/* ---- those that spin ---- */

/* Of the one that is to be killed: its successor would never be. */
static void spin_one(cop_term victim)
{
        cop_term answer;

        cop_try_call(&answer, COP_FOREVER, cop_to_pid(victim), "spin");
}

/* Each is waited for while it is being started again. */
static int count_alive(void)
{
        int alive = 0;

        for (int i = 0; i < server_count; i++) {
                cop_term answer;

                while (!cop_try_call(&answer, 20000, victim_name(i), "hello") &&
                       cop_is(answer, "noproc"))
                        cop_yield();
                alive += cop_is(answer, "alive");
        }
        return alive;
}

static void spin(cop_term none)
{
        int ended = 0;
        cop_ref refs[SERVERS_MOST];
        cop_pid pids[SERVERS_MOST];

        start_victims(server_count);
        for (int i = 0; i < server_count; i++)
                pids[i] = cop_whereis(victim_name(i));
        for (int i = 0; i < server_count; i++)
                cop_spawn(spin_one, cop_pid_term(pids[i]), .monitor = &refs[i]);
        for (int i = 0; i < server_count; i++) {
                cop_sleep(1); /* some are killed while they spin, some before */
                cop_kill(pids[i]);
        }
        for (int i = 0; i < server_count; i++)
                ended += cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, _}", &refs[i]);
        printf("%d ended, %d alive again\n", ended, count_alive());
}

/* ---- one whose turn has a limit ---- */

static void limited(cop_term owner)
{
        cop_pid to = cop_to_pid(owner);

        start_victims(server_count);
        cop_send(to, "ready");
        cop_receive(COP_FOREVER, "stop");
}

static void turn(cop_term none)
{
        cop_term answer = cop_nil();
        cop_pid pid = cop_spawn(limited, cop_pid_term(cop_self()), .max_turn_ms = 2000,
                                .inherit_quotas = true);

        cop_receive(COP_FOREVER, "ready");
        cop_try_call(&answer, COP_FOREVER, victim_name(0), "wait");
        printf("%s, %d alive again\n", cop_show(answer), count_alive());
        cop_send(pid, "stop");
}

/* ---- the program ---- */

static void map_beyond_file(void)
{
        char name[] = "/tmp/cop-storm-XXXXXX";
        int fd = mkstemp(name);

        unlink(name);
        beyond_file = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
        close(fd);
}

static void nothing(cop_term none)
{
}

static int64_t around(cop_process_fn *fn)
{
        cop_ref ref;

        if (cop_system_start() < 0)
                return -1;
        cop_spawn(fn, cop_nil(), .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, _}", &ref);
        cop_system_stop(60000);
        return cop__alloc_live_blocks();
}

int main(int argc, char **argv)
{
        bool is_faults = argc == 5 && strcmp(argv[1], "faults") == 0;
        bool is_turn = argc == 4 && strcmp(argv[1], "turn") == 0;
        int64_t before;

        if (!is_faults && !is_turn && !(argc == 4 && strcmp(argv[1], "spin") == 0))
                return 2;
        setenv("COP_SCHEDULERS", argv[2], 1);
        fault_count = is_faults ? atoi(argv[3]) : 0;
        server_count = atoi(argv[is_faults ? 4 : 3]);
        if (server_count < TORMENTORS || server_count > SERVERS_MOST)
                return 2;
        cop_set_report_level(COP_LEVEL_NONE);
        map_beyond_file();
        make_names();
        around(nothing);
        before = around(nothing);
        printf("%lld blocks left\n", (long long)(around(is_faults ? faults
                                                        : is_turn ? turn
                                                                  : spin) -
                                                 before));
        printf("%d started, %d ended\n", starts, ends);
        return 0;
}
