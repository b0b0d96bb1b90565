/*
 * node.c: the name of this node.
 *
 * Set once, before anything runs; read by everybody after that, without a lock. The name that a
 * node has without being told one is made when it is first asked for: two threads that do so at
 * once make the same atom.
 */
#include "term/node.h"

#include <string.h>

#include "term/atom.h"

static struct {
        uint64_t name; /* word of an atom, 0: not asked for yet */
        uint32_t creation;
} node;

cop_term cop__node_name(void)
{
        static const char nobody[] = "nonode@nohost";
        cop_term name = term_of(__atomic_load_n(&node.name, __ATOMIC_ACQUIRE));

        if (cop_is_none(name)) {
                name = cop__atom_make(nobody, strlen(nobody));
                if (!cop_is_none(name))
                        __atomic_store_n(&node.name, name.word, __ATOMIC_RELEASE);
        }
        return name;
}

uint32_t cop__node_creation(void)
{
        return node.creation;
}

void cop__node_set(cop_term name, uint32_t creation)
{
        node.creation = creation;
        __atomic_store_n(&node.name, name.word, __ATOMIC_RELEASE);
}
