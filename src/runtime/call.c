/*
 * call.c: requests and answers.
 *
 * A call is one signal, and so is its answer: no monitor is set up or taken down. The called
 * process remembers whom it owes an answer, and its end answers them all. The caller has one slot
 * for the answer it waits for, `await`; an answer that is for no slot and no request is dropped, so
 * a late one never gets into the mailbox.
 */
#include "base/alloc.h"
#include "runtime/process.h"
#include "runtime/quota.h"
#include "runtime/scheduler.h"
#include "term/pattern.h"

enum { DEFAULT_TIMEOUT_MS = 5000 };

/* The caller no longer waits: whoever was called need not remember it. */
static void give_up(struct process *p, uint64_t called, uint64_t ref)
{
        cop__hint(SIGNAL_CANCEL, called, pid_of(p), ref);
}

void cop__expect_answer(struct process *p, struct signal *call)
{
        call->from = pid_of(p);
        call->ref = new_ref(p);
        p->called = call->to;
        p->reply = NULL;
        atomic_store_explicit(&p->await, call->ref, memory_order_relaxed);
}

static void wait_for_reply(struct process *p, int64_t timeout_ms)
{
        cop__wait_begin(p, timeout_ms);
        while (!p->reply && !cop__wait_is_over(p))
                cop__wait(p);
        cop__wait_end(p);
}

/* Returns the answer's signal, which is the caller's; NULL: *reason says why there is none. */
static struct signal *wait_for_answer(struct process *p, uint64_t called, uint64_t ref,
                                      int64_t timeout_ms, cop_term *reason)
{
        struct signal *reply;

        cop__signals_handle(p);
        if (!p->reply && timeout_ms != 0)
                wait_for_reply(p, timeout_ms);
        reply = p->reply;
        p->reply = NULL;
        if (reply) {
                if (reply->from != called && reply->kind == SIGNAL_REPLY)
                        give_up(p, called, ref); /* somebody else answered in its place */
                return reply;
        }
        atomic_store_explicit(&p->await, 0, memory_order_relaxed);
        give_up(p, called, ref);
        *reason = ATOM(timeout);
        return NULL;
}

/* The term of an answer, whose memory is the turn's from now on. */
static cop_term term_of_answer(struct signal *reply)
{
        cop_term term = reply->term;

        if (reply->words)
                turn_adopts(cop__thread()->region, reply);
        else
                cop__signal_free(reply);
        return term;
}

bool cop__await_answer(struct process *p, uint64_t called, uint64_t ref, int64_t timeout_ms,
                       cop_term *result)
{
        struct signal *reply = wait_for_answer(p, called, ref, timeout_ms, result);
        bool answered;

        if (!reply)
                return false;
        answered = reply->kind == SIGNAL_REPLY;
        *result = term_of_answer(reply);
        return answered;
}

/* True: *result is the answer; false: the reason. Takes the call, NULL where there is nobody. */
bool cop__ask(struct process *p, struct signal *signal, int64_t timeout_ms, cop_term *result)
{
        uint64_t called, ref;
        bool handed = false;

        if (!signal) {
                *result = ATOM(noproc);
                return false;
        }
        if (signal->to == pid_of(p)) {
                cop__signal_free(signal);
                *result = ATOM(calling_self);
                return false;
        }
        cop__expect_answer(p, signal);
        called = signal->to;
        ref = signal->ref;
        if (timeout_ms == 0 ? !cop__deliver(signal) : !cop__deliver_call(p, signal, &handed)) {
                atomic_store_explicit(&p->await, 0, memory_order_relaxed);
                cop__quota_drop_held(signal);
                *result = ATOM(noproc);
                return false;
        }
        if (handed)
                cop__leave(p, AFTER_HOLD);
        return cop__await_answer(p, called, ref, timeout_ms, result);
}

/* The destination as a term, for reasons. */
static cop_term to_term(struct cop__to to)
{
        if (to.kind == COP__TEXT)
                return cop_atom((const char *)(uintptr_t)to.word);
        return term_of(to.word);
}

static COP_NORETURN void call_failed(cop_term reason, struct cop__to to, cop_term request,
                                     bool with_timeout, int64_t timeout_ms)
{
        cop_term timeout = timeout_ms < 0 ? ATOM(infinity) : cop_int(timeout_ms);

        if (with_timeout)
                cop_exit("{Reason, {gen_server, call, [To, Request, Timeout]}}", reason,
                         to_term(to), request, timeout);
        cop_exit("{Reason, {gen_server, call, [To, Request]}}", reason, to_term(to), request);
}

cop_term cop__call(struct cop__site *site, struct cop__to to, const uint64_t *words)
{
        struct process *p = cop__self();
        uint64_t alias;
        uint64_t pid = cop__to_pid_word(site, to, &alias);
        struct signal *signal = pid ? cop__signal_build(SIGNAL_CALL, pid, site, words) : NULL;
        cop_term result;

        if (__builtin_expect(cop__ask(p, signal, DEFAULT_TIMEOUT_MS, &result), 1))
                return result;
        call_failed(result, to, cop__build_here(cop__site_pattern(site), words, site), false, 0);
}

static struct signal *carry(enum cop_message_kind kind, struct cop__to to, cop_term request)
{
        uint64_t alias;
        uint64_t pid = cop__to_pid_word(NULL, to, &alias);
        struct signal *signal;

        if (!pid)
                return NULL;
        signal = cop__signal_with(kind == COP_SYSTEM ? SIGNAL_SYSTEM : SIGNAL_CALL, pid, request);
        if (!signal)
                cop__fail_limit("memory");
        return signal;
}

cop_term cop_call_term(struct cop__to to, cop_term request, int64_t timeout_ms)
{
        cop_term result;

        if (cop__ask(cop__self(), carry(COP_CALL, to, request), timeout_ms, &result))
                return result;
        call_failed(result, to, request, true, timeout_ms);
}

bool cop_try_call_term(cop_term *result, int64_t timeout_ms, struct cop__to to,
                       enum cop_message_kind kind, cop_term request)
{
        return cop__ask(cop__self(), carry(kind, to, request), timeout_ms, result);
}

struct looking {
        struct cop__to to;
        uint64_t pid;
};

static void look_up(void *argument)
{
        struct looking *looking = argument;
        uint64_t alias;

        looking->pid = cop__to_pid_word(NULL, looking->to, &alias);
}

/* A cast to a via is lost, whatever its register has against it. */
static uint64_t cast_receiver(struct cop__site *site, struct cop__to to)
{
        struct looking looking = { to, 0 };
        cop_term reason;
        uint64_t alias;

        if (!is_via(to))
                return cop__to_pid_word(site, to, &alias);
        return cop_try(look_up, &looking, &reason) == COP_NORMAL ? looking.pid : 0;
}

void cop__cast(struct cop__site *site, struct cop__to to, const uint64_t *words)
{
        struct process *p = cop__self();
        uint64_t pid = cast_receiver(site, to);
        struct signal *signal;

        if (!pid)
                return;
        signal = cop__signal_build(SIGNAL_CAST, pid, site, words);
        if (!cop__deliver_from(p, signal))
                cop__signal_free(signal);
        cop__reductions(p, WORK_SEND);
}

/* ---- answering ---- */

/* The caller still waits for this very call. Requests in two parts are looked up by the caller
 * itself. */
static bool is_awaited(const struct signal *call)
{
        struct process *caller = cop__table_at(call->from);

        return caller && is_pid_of(caller, call->from) &&
               (atomic_load_explicit(&caller->await, memory_order_relaxed) == call->ref ||
                call->spare);
}

void cop__remember_call(struct process *p, const struct signal *call)
{
        struct bond *bond;

        if ((call->kind != SIGNAL_CALL && call->kind != SIGNAL_SYSTEM) || !is_awaited(call))
                return;
        bond = cop__bond_add(&p->bonds, call->ref, BOND_CALLER);
        if (!bond)
                cop__fail_limit("memory");
        bond->other = call->from;
}

/* Whoever is owed the answer is owed it no longer. */
static void settle_debt(struct process *p, cop_from from)
{
        struct bond *bond;

        if (p->handling && p->handling->ref == from.ref.word) {
                p->handling->kind = SIGNAL_MESSAGE;
                return;
        }
        bond = cop__bond_find(&p->bonds, from.ref.word);
        if (bond && bond->kind == BOND_CALLER)
                cop__bond_remove(&p->bonds, bond);
}

void cop_answer_term(cop_from from, cop_term answer)
{
        struct process *p = cop__self();
        struct signal *reply;

        if (!answer.word || tag_of(term_of(from.ref.word)) != TAG_REF)
                cop__fail_badarg(COP_HERE);
        reply = cop__signal_with(SIGNAL_REPLY, from.pid.word, answer);
        if (!reply)
                cop__fail_limit("memory");
        reply->from = pid_of(p);
        reply->ref = from.ref.word;
        settle_debt(p, from);
        if (!cop__deliver(reply))
                cop__signal_free(reply);
        cop__reductions(p, WORK_SEND);
}

cop_term cop_from_term(cop_from from)
{
        return cop_build("{Pid, Ref}", from.pid, from.ref);
}

cop_from cop_to_from(cop_term term)
{
        cop_from from;

        if (!cop_match(term, "{Pid, Ref}", &from.pid, &from.ref))
                cop__fail_badarg(COP_HERE);
        return from;
}

/* ---- in two parts ---- */

cop_ref cop_send_request_term(struct cop__to to, cop_term request)
{
        struct process *p = cop__self();
        uint64_t ref = new_ref(p);
        struct signal *signal = carry(COP_CALL, to, request);
        struct bond *bond = cop__bond_add(&p->bonds, ref, BOND_REQUEST);

        if (!bond) {
                cop__signal_free(signal);
                cop__fail_limit("memory");
        }
        if (signal) {
                bond->other = signal->to;
                signal->from = pid_of(p);
                signal->ref = ref;
                signal->spare = 1; /* asked for in two parts; see is_awaited */
        } else {
                signal = cop__signal_new(SIGNAL_CALL, 0, 0);
                if (!signal)
                        cop__fail_limit("memory");
                signal->from = pid_of(p);
                signal->ref = ref;
        }
        if (!signal->to || !cop__deliver_from(p, signal))
                cop__answer_for_the_dead(signal, ATOM(noproc));
        return (cop_ref){ ref };
}

/* What has come for the request, which is over with it; NULL: nothing yet. */
static struct signal *take_response(struct process *p, uint64_t ref)
{
        struct bond *bond = cop__bond_find(&p->bonds, ref);
        struct signal *reply;

        if (!bond || bond->kind != BOND_REQUEST)
                cop__fail_badarg(COP_HERE);
        reply = (struct signal *)(uintptr_t)bond->tag.word;
        if (reply) {
                if (reply->from != bond->other && reply->kind == SIGNAL_REPLY)
                        give_up(p, bond->other, ref);
                cop__bond_remove(&p->bonds, cop__bond_find(&p->bonds, ref));
        }
        return reply;
}

/* The first of several for which something has come, which is zeroed; NULL: nothing yet. */
static struct signal *take_first_response(struct process *p, cop_ref *requests, size_t count,
                                          size_t *which)
{
        struct signal *reply = NULL;
        size_t i;

        for (i = 0; i < count && !reply; i++) {
                if (!requests[i].word)
                        continue;
                reply = take_response(p, requests[i].word);
                if (reply) {
                        requests[i].word = 0;
                        *which = i;
                }
        }
        return reply;
}

static bool are_over(const cop_ref *requests, size_t count)
{
        while (count > 0 && !requests[count - 1].word)
                count--;
        return count == 0;
}

enum cop_response cop_wait_responses(cop_ref *requests, size_t count, int64_t timeout_ms,
                                     size_t *which, cop_term *result)
{
        struct process *p = cop__self();
        struct signal *reply;
        enum cop_response response;

        if (are_over(requests, count))
                return COP_RESPONSE_NONE;
        cop__wait_begin(p, timeout_ms);
        cop__signals_handle(p);
        while (!(reply = take_first_response(p, requests, count, which)) && timeout_ms != 0 &&
               !cop__wait_is_over(p))
                cop__wait(p);
        cop__wait_end(p);
        if (!reply)
                return COP_RESPONSE_TIMEOUT;
        response = reply->kind == SIGNAL_REPLY ? COP_RESPONSE_REPLY : COP_RESPONSE_ERROR;
        *result = term_of_answer(reply);
        return response;
}

enum cop_response cop_wait_response(cop_ref request, int64_t timeout_ms, cop_term *result)
{
        size_t which;

        if (!request.word)
                cop__fail_badarg(COP_HERE);
        return cop_wait_responses(&request, 1, timeout_ms, &which, result);
}

enum cop_response cop_receive_response(cop_ref request, int64_t timeout_ms, cop_term *result)
{
        struct process *p = cop__self();
        enum cop_response response = cop_wait_response(request, timeout_ms, result);
        struct bond *bond;

        if (response == COP_RESPONSE_TIMEOUT) {
                bond = cop__bond_find(&p->bonds, request.word);
                give_up(p, bond->other, request.word);
                cop__bond_remove(&p->bonds, cop__bond_find(&p->bonds, request.word));
        }
        return response;
}
