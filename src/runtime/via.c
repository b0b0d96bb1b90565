/*
 * via.c: which register a via belongs to.
 *
 * The registers are the program's own statics, in one list that is filled before main() and when
 * libraries are loaded. There are one or two, so a look-up compares their names one after another; it
 * takes no lock, since an entry is put in front when it is whole, and is read from then on.
 *
 * LIMIT: a library that defines a register must not be unloaded while one of its names is looked up.
 */
#include <coppice/via.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "runtime/process.h"
#include "term/pattern.h"

static struct lock lock; /* of those who change the list */
static struct cop_via *_Atomic first;

static struct cop_via *find(const char *module)
{
        /* pairs with the release in cop__via_add */
        struct cop_via *via = atomic_load_explicit(&first, memory_order_acquire);

        while (via && strcmp(via->module, module) != 0)
                via = via->next;
        return via;
}

void cop__via_add(struct cop_via *via)
{
        bool taken;

        cop__lock_take(&lock);
        taken = find(via->module) != NULL;
        if (!taken) {
                via->next = atomic_load_explicit(&first, memory_order_relaxed);
                atomic_store_explicit(&first, via, memory_order_release);
        }
        cop__lock_give(&lock);
        if (taken) {
                fprintf(stderr,
                        "cop: two registers of names are called %s; rename one of the two. "
                        "Stopping.\n",
                        via->module);
                abort();
        }
}

void cop__via_remove(struct cop_via *via)
{
        struct cop_via *at;

        cop__lock_take(&lock);
        at = atomic_load_explicit(&first, memory_order_relaxed);
        if (at == via) {
                atomic_store_explicit(&first, via->next, memory_order_release);
        } else {
                while (at && at->next != via)
                        at = at->next;
                if (at)
                        at->next = via->next;
        }
        cop__lock_give(&lock);
}

/* The register of a via, and the name in it; NULL where the term is none. */
static struct cop_via *via_of(cop_term term, const char *function, cop_term *name)
{
        struct cop_via *via;
        cop_term module;

        if (!cop_match(term, "{via, Module, Name}", &module, name) || !cop_is_atom(module))
                return NULL;
        via = find(cop_to_atom_text(module));
        if (!via)
                cop_exit("{undef, [{Module, Function, [Name], []}]}", module, cop_atom(function),
                         *name);
        return via;
}

uint64_t cop__via_pid_word(cop_term term, const struct cop_place *place)
{
        cop_term name;
        struct cop_via *via = via_of(term, "whereis_name", &name);

        if (!via)
                cop__fail_badarg(place);
        return via->whereis_name(name).word;
}

bool cop_register_via(cop_term term)
{
        cop_term name;
        struct cop_via *via = via_of(term, "register_name", &name);

        if (!via)
                cop__fail_badarg(COP_HERE);
        return via->register_name(name);
}

void cop_unregister_via(cop_term term)
{
        cop_term name;
        struct cop_via *via = via_of(term, "unregister_name", &name);

        if (!via)
                cop__fail_badarg(COP_HERE);
        via->unregister_name(name);
}
