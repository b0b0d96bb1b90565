/*
 * name.c: names for processes.
 *
 * A name is a slot in its atom (atom.h) and its atom in the control block. Giving one fills the
 * block's first, then the atom's, and then looks at the block again; a dying process closes the
 * block's first. So one of the two sees the other, and a name never points to a process that is gone.
 */
#include <coppice/via.h>

#include "runtime/process.h"
#include "runtime/scheduler.h"
#include "term/pattern.h"

/* The process has ended since the name was given to it: then the block's part of the name is closed,
 * or the block has another user, who must not keep it. */
static bool is_gone(struct process *p, uint64_t pid, cop_term name)
{
        uint64_t word = name.word;

        if (!is_pid_of(p, pid)) {
                atomic_compare_exchange_strong(&p->name, &word, 0);
                return true;
        }
        return atomic_load(&p->name) == NAME_DEAD;
}

bool cop__name_give(struct process *p, uint64_t pid, cop_term name)
{
        uint64_t none = 0, nobody = 0;

        if (name.word == ATOM(undefined).word ||
            !atomic_compare_exchange_strong(&p->name, &none, name.word))
                return false;
        if (!atomic_compare_exchange_strong(&atom_of(name)->name, &nobody, pid)) {
                none = name.word;
                atomic_compare_exchange_strong(&p->name, &none, 0);
                return false;
        }
        /* A process that closes its part after this look takes the atom's back itself. */
        if (!is_gone(p, pid, name))
                return true;
        nobody = pid;
        atomic_compare_exchange_strong(&atom_of(name)->name, &nobody, 0);
        return false;
}

static struct process *living(cop_pid pid)
{
        struct process *p = tag_of(term_of(pid.word)) == TAG_PID ? cop__table_at(pid.word) : NULL;

        if (!p || !is_pid_of(p, pid.word) || p->status == STATUS_EXITING)
                return NULL;
        return p;
}

bool cop__seems_alive(cop_pid pid)
{
        return living(pid) != NULL;
}

void cop_register(const char *name, cop_pid pid)
{
        cop_term atom = cop_atom(name);
        struct process *p = living(pid);

        if (!p || !cop__name_give(p, pid.word, atom))
                cop__fail_badarg(COP_HERE);
}

void cop_unregister(const char *name)
{
        cop_term atom = cop_find_atom(name, __builtin_strlen(name));
        uint64_t pid = atom.word ? atomic_load(&atom_of(atom)->name) : 0;
        uint64_t word = atom.word;
        struct process *p;

        if (!pid || !atomic_compare_exchange_strong(&atom_of(atom)->name, &pid, 0))
                cop__fail_badarg(COP_HERE);
        p = cop__table_at(pid);
        if (p && is_pid_of(p, pid))
                atomic_compare_exchange_strong(&p->name, &word, 0);
}

static uint64_t pid_of_name(cop_term atom)
{
        return atom.word ? atomic_load_explicit(&atom_of(atom)->name, memory_order_acquire) : 0;
}

cop_pid cop_whereis(const char *name)
{
        return (cop_pid){ pid_of_name(cop_find_atom(name, __builtin_strlen(name))) };
}

bool cop_is_nobody(cop_pid pid)
{
        return pid.word == 0;
}

cop_term cop_registered(void)
{
        cop_term names = cop_nil();
        uint32_t i;

        for (i = 0; i < cop__table_slots(); i++) {
                struct process *p = cop__table_slot(i);
                uint64_t name = p ? atomic_load_explicit(&p->name, memory_order_relaxed) : 0;

                if (name && name != NAME_DEAD)
                        names = cop_cons(term_of(name), names);
        }
        return names;
}

/* ---- destinations ---- */

/* The process that has this alias or reference; whether it is on is seen when the message arrives.
 */
static uint64_t owner_of(uint64_t ref)
{
        struct process *p = cop__table_at(local_word(TAG_PID, slot_of(ref), 0));

        return p ? pid_of(p) : 0;
}

uint64_t cop__to_receiver(struct cop__to to, const struct cop_place *place)
{
        cop_term term = term_of(to.word);

        if (to.kind == COP__TEXT)
                return cop_atom((const char *)(uintptr_t)to.word).word;
        if (tag_of(term) != TAG_PID && tag_of(term) != TAG_ATOM) {
                term.word = is_name(to) ? cop__via_pid_word(term, place) : 0;
                if (!term.word)
                        cop__fail_badarg(place);
        }
        return term.word;
}

uint64_t cop__to_pid_word(struct cop__site *site, struct cop__to to, uint64_t *alias)
{
        cop_term term = term_of(to.word);

        *alias = 0;
        if (to.kind == COP__TEXT) {
                const char *name = (const char *)(uintptr_t)to.word;

                return pid_of_name(site ? cop__site_name(site, name)
                                        : cop_find_atom(name, __builtin_strlen(name)));
        }
        switch (tag_of(term)) {
        case TAG_PID:
                return to.word;
        case TAG_ATOM:
                return pid_of_name(term);
        case TAG_REF:
                *alias = to.word;
                return owner_of(to.word);
        default:
                if (is_box(term, BOX_PID))
                        return 0; /* of another node, to which there is no way */
                return cop__via_pid_word(term, site ? &site->place : COP_HERE);
        }
}

cop_pid cop__find(struct cop__to to)
{
        uint64_t alias;

        return (cop_pid){ cop__to_pid_word(NULL, to, &alias) };
}
