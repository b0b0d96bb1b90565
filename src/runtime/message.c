/*
 * message.c: sending, and taking out of the mailbox.
 *
 * A message is built straight into its signal, so it is copied once; its receiver's region adopts
 * the signal, so it is not copied again.
 *
 * Invariant  `scan` is a link of the mailbox; whatever stands before it does not match what is
 * being received. Every receive begins at the front.
 */
#include "base/alloc.h"
#include "runtime/guest.h"
#include "runtime/process.h"
#include "runtime/quota.h"
#include "runtime/scheduler.h"
#include "term/pattern.h"

/* ---- sending ---- */

struct signal *cop__signal_build(enum signal_kind kind, uint64_t to, struct cop__site *site,
                                 const uint64_t *words)
{
        const struct pattern *pattern = cop__site_pattern(site);
        cop_term constant = cop__pattern_constant(pattern);
        bool is_plain = !constant.word && cop__build_is_plain(pattern, words);
        size_t count = constant.word ? 0
                       : is_plain    ? cop__pattern_words(pattern)
                                     : cop__build_words(pattern, words, site);
        struct signal *signal = cop__signal_new(kind, to, count);

        if (!signal)
                cop__fail_limit("memory");
        if (constant.word)
                signal->term = constant;
        else if (is_plain)
                signal->term = cop__build_plain(pattern, words, signal->data);
        else
                signal->term = cop__build_flat(pattern, words, signal->data, &signal->shared);
        if (!signal->term.word) {
                cop__signal_free(signal);
                cop__fail_limit("memory");
        }
        return signal;
}

static void deliver_message(struct process *p, struct signal *signal, uint64_t alias)
{
        signal->ref = alias;
        if (!cop__deliver_from(p, signal))
                cop__signal_free(signal);
        cop__reductions(p, WORK_SEND);
}

void cop__send(struct cop__site *site, struct cop__to to, const uint64_t *words)
{
        struct process *p = cop__self();
        uint64_t alias;
        uint64_t pid = cop__to_pid_word(site, to, &alias);

        if (!pid) {
                if (is_name(to))
                        cop__fail_badarg(&site->place);
                return;
        }
        deliver_message(p, cop__signal_build(SIGNAL_MESSAGE, pid, site, words), alias);
}

void cop_send_term(cop_pid to, cop_term message)
{
        struct process *p = cop__self();
        struct signal *signal;

        if (!to.word || !message.word)
                cop__fail_badarg(COP_HERE);
        signal = cop__signal_with(SIGNAL_MESSAGE, to.word, message);
        if (!signal)
                cop__fail_limit("memory");
        deliver_message(p, signal, 0);
}

/* ---- receiving ---- */

/* Takes the message at a link out; its memory goes to the region. */
static cop_term take(struct process *p, struct signal **at)
{
        struct signal *signal = *at;
        cop_term term = signal->term;

        *at = signal->next;
        if (p->mail_end == &signal->next)
                p->mail_end = at;
        p->scan = &p->mail;
        atomic_store_explicit(&p->mail_count, p->mail_count - 1, memory_order_relaxed);
        if (p->flags & HAS_QUOTAS)
                cop__quota_taken(p, signal);
        if (signal->words)
                turn_adopts(cop__thread()->region, signal);
        else
                cop__signal_free(signal);
        return term;
}

static cop_term message_of(const struct signal *signal)
{
        if (__builtin_expect(signal->kind == SIGNAL_MESSAGE, 1))
                return signal->term;
        return cop__signal_as_message(cop__thread()->region, signal);
}

struct wanted {
        bool (*is)(const struct wanted *wanted, cop_term message);
        const struct pattern *pattern;
        void *const *places;
        bool (*fn)(cop_term message, void *context);
        void *context;
};

/* The first message from `scan` on that is wanted; COP_NONE: there is none. */
static cop_term look(struct process *p, const struct wanted *wanted)
{
        while (*p->scan) {
                struct signal *signal = *p->scan;
                cop_term message = message_of(signal);

                if (wanted->is(wanted, message)) {
                        cop__remember_call(p, signal); /* it answers for it as a handler does */
                        take(p, p->scan);
                        return message;
                }
                p->scan = &signal->next;
        }
        return COP_NONE;
}

static cop_term receive(const struct wanted *wanted, int64_t timeout_ms)
{
        struct process *p = cop__self();
        cop_term message;

        p->scan = &p->mail;
        cop__signals_handle(p);
        message = look(p, wanted);
        if (message.word || timeout_ms == 0) {
                if (!message.word && p->flags & IS_GUEST)
                        cop__guest_found_nothing(p);
                return message;
        }
        cop__wait_begin(p, timeout_ms);
        do {
                cop__wait(p);
                message = look(p, wanted);
        } while (!message.word && !cop__wait_is_over(p));
        cop__wait_end(p);
        return message;
}

static bool matches(const struct wanted *wanted, cop_term message)
{
        return cop__pattern_match(wanted->pattern, message, wanted->places);
}

bool cop__receive(struct cop__site *site, void *const *places, int64_t timeout_ms)
{
        struct wanted wanted = { .is = matches,
                                 .pattern = cop__site_pattern(site),
                                 .places = places };

        return receive(&wanted, timeout_ms).word != 0;
}

static bool fn_says_so(const struct wanted *wanted, cop_term message)
{
        return wanted->fn(message, wanted->context);
}

cop_term cop_receive_if(bool (*fn)(cop_term message, void *context), void *context,
                        int64_t timeout_ms)
{
        struct wanted wanted = { .is = fn_says_so, .fn = fn, .context = context };

        return receive(&wanted, timeout_ms);
}

static bool anything(const struct wanted *wanted, cop_term message)
{
        return true;
}

cop_term cop_next_message_within(int64_t timeout_ms)
{
        static const struct wanted wanted = { .is = anything };

        cop__region_reset(cop__thread()->region);
        return receive(&wanted, timeout_ms);
}

cop_term cop_next_message(void)
{
        return cop_next_message_within(COP_FOREVER);
}
