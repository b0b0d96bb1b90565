/*
 * node.h: what this node is called, and the numbers of its pids and references.
 *
 * A pid or reference of this node is a slot and a count (value.h). Outside, in text and in the
 * external format, Erlang knows two numbers of 32 bits for a pid and up to five for a reference.
 * Slot and count are spread over them so that small ones stay small: the process in slot 71 is
 * <0.71.0>, and the next one in that slot <0.71.1>.
 */
#ifndef COP_TERM_NODE_H
#define COP_TERM_NODE_H

#include "term/value.h"

enum { LOCAL_REF_IDS = 3 };

/* The name of this node, nonode@nohost until it gets another one. COP_NONE: out of memory. */
cop_term cop__node_name(void);

/* Which life of the node this is; 0 while it has no name of its own. */
uint32_t cop__node_creation(void);

/* Names this node, before anything runs that makes pids. name is an atom. */
void cop__node_set(cop_term name, uint32_t creation);

/* The two numbers of a local pid, as in <0.Id.Serial>. */
static inline void cop__pid_numbers(uint64_t word, uint32_t *id, uint32_t *serial)
{
        *id = slot_of(word) | (uint32_t)(count_of(word) >> 32) << SLOT_BITS;
        *serial = (uint32_t)count_of(word);
}

/* The local pid that has these numbers; COP_NONE where none can have them. */
static inline cop_term cop__pid_of_numbers(uint32_t id, uint32_t serial)
{
        uint64_t high = id >> SLOT_BITS;
        uint32_t slot = id & (((uint32_t)1 << SLOT_BITS) - 1);

        if (high >> (COUNT_BITS - 32))
                return COP_NONE;
        return term_of(local_word(TAG_PID, slot, high << 32 | serial));
}

/* The three numbers of a local reference, as the external format has them; printed they stand the
 * other way round: #Ref<0.Ids[2].Ids[1].Ids[0]>. The first one has at most 18 bits in Erlang. */
static inline void cop__ref_numbers(uint64_t word, uint32_t ids[LOCAL_REF_IDS])
{
        ids[0] = (uint32_t)(count_of(word) >> 32);
        ids[1] = (uint32_t)count_of(word);
        ids[2] = slot_of(word);
}

/* The local reference that has these numbers; COP_NONE where none can have them. */
static inline cop_term cop__ref_of_numbers(const uint32_t ids[LOCAL_REF_IDS])
{
        if (ids[0] >> (COUNT_BITS - 32))
                return COP_NONE;
        if (ids[2] >> SLOT_BITS)
                return COP_NONE;
        return term_of(local_word(TAG_REF, ids[2], (uint64_t)ids[0] << 32 | ids[1]));
}

#endif
