/*
 * What processes cost: the rows of bench/rows that begin with call, cast, spawn, ring, fan_in, skynet, idle, waiting and
 * timers. runtime.erl and runtime.go do the same.
 *
 *     build/bench/runtime ROW KIND [NUMBER...]
 */
#include <coppice/handler.h>
#include <coppice/memory.h>
#include <coppice/system.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

static const char *row;

static void show(double figure, const char *unit)
{
        printf("%s\t%.4g\t%s\n", row, figure, unit);
}

/* ---- a server that does next to nothing ---- */

struct server {
        int64_t count;
};

static void serve(void *state, const struct cop_message *message)
{
        struct server *s = state;
        int64_t n;

        if (message->kind == COP_CALL && cop_match(message->term, "x"))
                cop_answer(message->from, "ok");
        else if (message->kind == COP_CAST && cop_match(message->term, "x"))
                s->count++;
        else if (message->kind == COP_CAST && cop_match(message->term, "{add, N}", &n))
                s->count += n;
}

static const struct cop_handler server = { "server", sizeof(struct server), NULL, serve };

/* ---- calls and casts ---- */

static void call(cop_pid to, long times)
{
        while (times-- > 0)
                cop_scope {
                        cop_call(to, "x");
                }
}

static void bench_call(long times, long unused)
{
        cop_pid to = cop_spawn_handler(&server, cop_nil());
        int64_t start;

        call(to, times / 10);
        start = cop_now_ns();
        call(to, times);
        show(since(start) / (double)times, "ns");
}

static void client(cop_term argument)
{
        cop_pid to, parent;
        long times;

        if (!cop_match(argument, "{To, Parent, Times}", &to, &parent, &times))
                return;
        cop_receive(COP_FOREVER, "go");
        call(to, times);
        cop_send(parent, "done");
}

enum { CLIENTS = 8 };

static double calls(const cop_pid *servers, long times)
{
        cop_pid clients[CLIENTS];
        int64_t start = cop_now_ns();
        int i;

        for (i = 0; i < CLIENTS; i++)
                clients[i] = cop_spawn(
                        client, cop_build("{To, Parent, Times}", servers[i], cop_self(), times));
        for (i = 0; i < CLIENTS; i++)
                cop_send(clients[i], "go");
        for (i = 0; i < CLIENTS; i++)
                cop_receive(COP_FOREVER, "done");
        return CLIENTS * (double)times / since(start) * 1e9;
}

static void bench_calls(long times, long server_count)
{
        cop_pid servers[CLIENTS] = { 0 };
        int i;

        for (i = 0; i < CLIENTS; i++)
                servers[i] = i < server_count ? cop_spawn_handler(&server, cop_nil())
                                              : servers[i % server_count];
        calls(servers, times / 10);
        show(calls(servers, times), "/s");
}

static void bench_cast(long times, long with_tuple)
{
        cop_pid to = cop_spawn_handler(&server, cop_nil());
        int64_t start;
        long i;

        for (i = 0; i < times / 10; i++)
                cop_cast(to, "x");
        cop_call(to, "x");
        start = cop_now_ns();
        for (i = 0; i < times; i++) {
                if (with_tuple)
                        cop_cast(to, "{add, N}", i);
                else
                        cop_cast(to, "x");
        }
        cop_call_within(COP_FOREVER, to, "x");
        show(since(start) / (double)times, "ns");
}

/* ---- spawning ---- */

static void child(cop_term nothing)
{
}

static void teller(cop_term parent)
{
        cop_send(parent, "done");
}

static void spawn_all(long times)
{
        enum { BATCH = 10000 };
        size_t base = cop_process_count();
        long i;

        for (i = 0; i < times; i++) {
                if (i % BATCH == BATCH - 1) {
                        cop_spawn(teller, cop_pid_term(cop_self()));
                        cop_receive(COP_FOREVER, "done");
                } else {
                        cop_spawn(child, cop_nil());
                }
        }
        while (cop_process_count() > base)
                cop_yield();
}

static void bench_spawn(long times, long unused)
{
        int64_t start;

        spawn_all(times / 10);
        start = cop_now_ns();
        spawn_all(times);
        show((double)times / since(start) * 1e9, "/s");
}

static void monitor_all(long times, long window)
{
        cop_ref ref;
        long i, k;

        for (i = 0; i < times; i += window) {
                for (k = 0; k < window; k++)
                        cop_spawn(child, cop_nil(), .monitor = &ref);
                for (k = 0; k < window; k++)
                        cop_scope {
                                cop_receive(COP_FOREVER, "{'DOWN', _, process, _, _}");
                        }
        }
}

static void bench_monitor(long times, long window)
{
        int64_t start;

        monitor_all(times / 10, window);
        start = cop_now_ns();
        monitor_all(times, window);
        show((double)times / since(start) * 1e9, "/s");
}

/* ---- rings, many to one, trees ---- */

static void ring_node(cop_term next)
{
        cop_pid to = {}, parent;
        long hops;

        if (cop_is_pid(next))
                to = cop_to_pid(next);
        for (;;) {
                cop_term message = cop_next_message();

                if (cop_match(message, "{token, Hops}", &hops)) {
                        if (hops > 0)
                                cop_send(to, "{token, Hops}", hops - 1);
                        else
                                cop_send("main", "ring_done");
                } else if (cop_match(message, "{next, To}", &parent)) {
                        to = parent;
                } else {
                        cop_send(to, "die");
                        return;
                }
        }
}

static double ring(long nodes, long hops)
{
        cop_pid first = cop_spawn(ring_node, cop_nil());
        cop_pid last = first;
        int64_t start;
        double took;
        long i;

        for (i = 1; i < nodes; i++)
                last = cop_spawn(ring_node, cop_pid_term(last));
        cop_send(first, "{next, To}", last);
        start = cop_now_ns();
        cop_send(first, "{token, Hops}", hops);
        cop_receive(COP_FOREVER, "ring_done");
        took = since(start);
        cop_send(first, "die");
        return took / (double)hops;
}

static void bench_ring(long hops, long nodes)
{
        ring(nodes, hops / 10);
        show(ring(nodes, hops), "ns");
}

static void fan_sender(cop_term argument)
{
        cop_pid to;
        long each, i;

        if (!cop_match(argument, "{To, Each}", &to, &each))
                return;
        cop_receive(COP_FOREVER, "go");
        for (i = 0; i < each; i++)
                cop_send(to, "{m, I}", i);
}

static void fan_receiver(cop_term argument)
{
        cop_pid parent;
        long count;

        if (!cop_match(argument, "{Parent, Count}", &parent, &count))
                return;
        while (count-- > 0)
                if (!cop_match(cop_next_message(), "{m, _}"))
                        cop_exit("not_mine");
        cop_send(parent, "done");
}

static double fan_in(long senders, long each)
{
        cop_pid to =
                cop_spawn(fan_receiver, cop_build("{Parent, Count}", cop_self(), senders * each));
        cop_pid *from = cop_alloc((size_t)senders * sizeof(*from));
        int64_t start;
        long i;

        for (i = 0; i < senders; i++)
                from[i] = cop_spawn(fan_sender, cop_build("{To, Each}", to, each));
        start = cop_now_ns();
        for (i = 0; i < senders; i++)
                cop_send(from[i], "go");
        cop_receive(COP_FOREVER, "done");
        return (double)(senders * each) / since(start) * 1e9;
}

static void bench_fan_in(long senders, long each)
{
        fan_in(senders, each / 10);
        show(fan_in(senders, each), "/s");
}

static void sky(cop_term argument)
{
        cop_pid parent;
        long number, size, i, sum = 0, part;

        if (!cop_match(argument, "{Parent, Number, Size}", &parent, &number, &size))
                return;
        if (size == 1) {
                cop_send(parent, "N", number);
                return;
        }
        size /= 10;
        for (i = 0; i < 10; i++)
                cop_spawn(sky,
                          cop_build("{Parent, Number, Size}", cop_self(), number + i * size, size));
        for (i = 0; i < 10; i++) {
                cop_receive(COP_FOREVER, "N", &part);
                sum += part;
        }
        cop_send(parent, "N", sum);
}

static double skynet(long leaves)
{
        int64_t start = cop_now_ns();
        long sum;

        cop_spawn(sky, cop_build("{Parent, 0, Leaves}", cop_self(), leaves));
        cop_receive(COP_FOREVER, "N", &sum);
        if (sum != leaves * (leaves - 1) / 2)
                cop_exit("{wrong_sum, Sum}", sum);
        return since(start) / 1e6;
}

static void bench_skynet(long leaves, long unused)
{
        skynet(leaves / 10);
        show(skynet(leaves), "ms");
}

/* ---- a long list, sent ---- */

static void list_receiver(cop_term parent)
{
        for (;;) {
                cop_term list = cop_next_message();

                cop_send_term(cop_to_pid(parent), cop_is_list(list) ? cop_head(list) : list);
        }
}

/* One is under way while the next is sent. */
static void send_lists(cop_pid to, cop_term list, long times)
{
        cop_send_term(to, list);
        while (--times > 0) {
                cop_send_term(to, list);
                cop_receive(COP_FOREVER, "1");
        }
        cop_receive(COP_FOREVER, "1");
}

static void bench_list(long times, long length)
{
        cop_pid to = cop_spawn(list_receiver, cop_pid_term(cop_self()));
        cop_term list = cop_nil();
        int64_t start;

        for (; length > 0; length--)
                list = cop_cons(cop_int(length), list);
        send_lists(to, list, times / 10);
        start = cop_now_ns();
        send_lists(to, list, times);
        show(since(start) / 1e3 / (double)times, "us");
}

/* ---- many at once ---- */

static void idle_init(void *state, cop_term nothing)
{
        memset(state, 1, 16);
}

static const struct cop_handler idle = { "idle", 16, idle_init, serve };

static void bench_idle(long count, long unused)
{
        double before = resident();
        cop_pid last = cop_self();
        long i;

        for (i = 0; i < count; i++)
                last = cop_spawn_handler(&idle, cop_nil());
        cop_call_within(COP_FOREVER, last, "x");
        show((resident() - before) / (double)count, "B");
}

static void wait_plainly(cop_term nothing)
{
        cop_receive(COP_FOREVER, "stop");
}

static void bench_waiting(long count, long unused)
{
        double before = resident();
        cop_pid last = cop_self();
        long i;

        for (i = 0; i < count; i++)
                last = cop_spawn(wait_plainly, cop_nil());
        while (!cop_is(cop_process_info(last, "status"), "waiting"))
                cop_yield();
        show((resident() - before) / (double)count, "B");
}

/* ---- timers ---- */

/* Due evenly over a second that begins when all are set; how late the 99th of a hundred is. */
static void bench_timers(long count, long lead_ms)
{
        double *late = cop_alloc((size_t)count * sizeof(*late));
        int64_t start, due;
        double setup, before, size;
        long i;

        for (i = 0; i < count; i++)
                late[i] = 1; /* touched before memory is looked at */
        before = resident();
        start = cop_now_ns();
        for (i = 0; i < count; i++)
                cop_scope {
                        int64_t now = cop_now_ns();
                        int64_t delay = lead_ms - (now - start) / 1000000 + i % 1000;

                        cop_send_after(delay, cop_self(), "{due, When}", now + delay * 1000000);
                }
        setup = since(start) / (double)count;
        size = (resident() - before) / (double)count;
        for (i = 0; i < count; i++) {
                if (!cop_match(cop_next_message(), "{due, When}", &due))
                        cop_exit("not_mine");
                late[i] = since(due) / 1000;
        }
        if (strstr(row, "setup"))
                show(setup, "ns");
        else if (strstr(row, "size"))
                show(size, "B");
        else
                show(quantile(late, (size_t)count, 0.99), "us");
}

/* ---- the whole ---- */

static const struct {
        const char *kind;
        void (*run)(long first, long second);
} kinds[] = {
        { "call", bench_call },       { "calls", bench_calls },
        { "cast", bench_cast },       { "spawn", bench_spawn },
        { "monitor", bench_monitor }, { "ring", bench_ring },
        { "fan_in", bench_fan_in },   { "skynet", bench_skynet },
        { "idle", bench_idle },       { "waiting", bench_waiting },
        { "timers", bench_timers },   { "timers_setup", bench_timers },
        { "list", bench_list },       { "timers_size", bench_timers },
};

static char **arguments;
static int argument_count;

static long number(int n)
{
        return argument_count > n ? atol(arguments[n]) : 0;
}

static void run(cop_term nothing)
{
        size_t i;

        cop_register("main", cop_self());
        for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
                if (strcmp(kinds[i].kind, arguments[2]) == 0) {
                        kinds[i].run(number(3), number(4));
                        fflush(stdout);
                        _Exit(0); /* what is measured is over; a million processes need not be ended */
                }
        }
        cop_exit("{unknown, Kind}", arguments[2]);
}

int main(int argc, char **argv)
{
        if (argc < 3)
                return 2;
        row = argv[1];
        arguments = argv;
        argument_count = argc;
        return cop_main(run, 1, argv);
}
