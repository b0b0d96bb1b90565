/*
 * CALL-NEW: a handler process whose first message is a call of who starts it.
 */
#include <coppice/handler.h>
#include <coppice/memory.h>
#include <coppice/test_process.h>

struct first {
        bool served; /* something was */
};

static void init(void *state, cop_term argument)
{
        cop_exit("init_is_not_called");
}

static void serve(struct first *first, cop_term request, cop_from from)
{
        cop_term term;

        if (cop_match(request, "{answer, Term}", &term))
                cop_answer(from, "{Term, Again}", term, first->served);
        else if (cop_match(request, "{exit, Term}", &term))
                cop_exit_term(term);
        else if (cop_match(request, "links"))
                cop_answer_term(from, cop_process_info(cop_self(), "links"));
        first->served = true;
}

static void take(void *state, const struct cop_message *message)
{
        if (message->kind == COP_SYSTEM || message->kind == COP_CALL)
                serve(state, message->term, message->from);
}

static const struct cop_handler handler = { "first", sizeof(struct first), init, take };

/* What became of the call, as a term. */
static cop_term call_new(cop_term request, int64_t timeout_ms,
                         const struct cop_spawn_options *options, cop_pid *pid)
{
        cop_term result;
        bool answered = cop_call_new_handler(&handler, request, timeout_ms, options, pid, &result);

        return cop_build("{Answered, Result}", answered, result);
}

COP_TEST_PROCESSES();

static const struct cop_spawn_options plain = { .struct_size = sizeof(plain) };

COP_TEST(CALL_NEW_answered, "the call is the first message, and its answer comes back")
{
        cop_pid pid;

        cop_assert_term(call_new(cop_build("{answer, \"a list\"}"), COP_FOREVER, &plain, &pid),
                        "{true, {\"a list\", false}}");
        cop_assert_term(cop_call(pid, "{answer, 2}"), "{2, true}");
        cop_assert_term(call_new(cop_build("{answer, 1}"), 5000, &plain, &pid),
                        "{true, {1, false}}");
}

COP_TEST(CALL_NEW_dies, "one that ends without an answer makes the call fail with its reason")
{
        struct cop_spawn_options linked = { .struct_size = sizeof(linked), .link = true };
        cop_pid pid;

        cop_assert_term(call_new(cop_build("{exit, {bad, [start]}}"), COP_FOREVER, &plain, &pid),
                        "{false, {bad, [start]}}");
        cop_assert(!cop_is_alive(pid));
        cop_trap_exits(true);
        cop_assert_term(call_new(cop_build("{exit, gone}"), COP_FOREVER, &linked, &pid),
                        "{false, gone}");
        cop_assert(cop_receive(5000, "{'EXIT', ^Pid, gone}", &pid));
}

COP_TEST(CALL_NEW_timeout, "one that does not answer in time goes on without the caller")
{
        cop_pid pid;

        cop_assert_term(call_new(cop_build("forget_it"), 0, &plain, &pid), "{false, timeout}");
        cop_assert_term(cop_call(pid, "{answer, later}"), "{later, true}");
        cop_assert_term(call_new(cop_build("forget_it"), 1, &plain, &pid), "{false, timeout}");
        cop_assert(cop_is_alive(pid));
}

COP_TEST(CALL_NEW_linked, "links and monitors are there before the first message")
{
        cop_ref ref;
        struct cop_spawn_options options = { .struct_size = sizeof(options),
                                             .link = true,
                                             .monitor = &ref };
        cop_pid pid;

        cop_assert_term(call_new(cop_build("links"), COP_FOREVER, &options, &pid), "{true, [Me]}",
                        cop_self());
        cop_unlink(pid);
        cop_kill(pid);
        cop_assert(cop_receive(5000, "{'DOWN', ^Ref, process, ^Pid, killed}", &ref, &pid));
}

struct wrong {
        struct cop_spawn_options options;
};

static void start_wrong(void *argument)
{
        struct wrong *wrong = argument;
        cop_pid pid;

        call_new(cop_build("{answer, 1}"), COP_FOREVER, &wrong->options, &pid);
}

COP_TEST(CALL_NEW_name_taken,
         "where its name is taken nothing is started, and the next call is as ever")
{
        struct wrong wrong = { { .struct_size = sizeof(wrong.options), .name = "call_new_taken" } };
        cop_term reason;
        cop_pid pid;

        cop_register("call_new_taken", cop_self());
        cop_assert_equal(cop_try(start_wrong, &wrong, &reason), COP_ERROR);
        cop_assert(cop_match(reason, "{badarg, _}"));
        cop_assert_term(call_new(cop_build("{answer, 1}"), COP_FOREVER, &plain, &pid),
                        "{true, {1, false}}");
}
