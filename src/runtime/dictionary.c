/*
 * dictionary.c: what a process notes for itself and others see: its dictionary, label and group
 * leader.
 */
#include "runtime/process.h"
#include "runtime/scheduler.h"

static cop_term dictionary(const struct process *p)
{
        return p->dictionary.word ? p->dictionary : cop_map(0, NULL, NULL);
}

/* The value there was dies with the old dictionary: the caller gets a copy. */
static cop_term previous(cop_term value)
{
        return value.word ? cop__copy(here(), value) : COP_NONE;
}

cop_term cop_put(cop_term key, cop_term value)
{
        struct process *p = cop__self();
        cop_term before = previous(cop_map_find(dictionary(p), key));

        cop_replace(&p->dictionary, cop_map_put(dictionary(p), key, value));
        return before;
}

cop_term cop_get(cop_term key)
{
        return cop_map_find(dictionary(cop__self()), key);
}

cop_term cop_erase(cop_term key)
{
        struct process *p = cop__self();
        cop_term before = previous(cop_map_find(dictionary(p), key));

        if (before.word)
                cop_replace(&p->dictionary, cop_map_remove(dictionary(p), key));
        return before;
}

void cop_set_label(cop_term label)
{
        cop_replace(&cop__self()->label, label);
}

cop_pid cop_group_leader(void)
{
        return (cop_pid){ atomic_load_explicit(&cop__self()->leader, memory_order_relaxed) };
}

void cop_set_group_leader(cop_pid pid, cop_pid leader)
{
        struct signal *signal = cop__signal_with(SIGNAL_LEADER, pid.word, cop_pid_term(leader));

        if (!signal)
                cop__fail_limit("memory");
        if (!cop__deliver(signal))
                cop__signal_free(signal);
}
