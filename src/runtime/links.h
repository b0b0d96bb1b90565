/*
 * links.h: whom a process is linked with.
 *
 * A set of pids; only the process itself touches it. Nearly every process has one link, to who
 * started it, and that one stands in the set itself; a supervisor may have a million.
 */
#ifndef COP_RUNTIME_LINKS_H
#define COP_RUNTIME_LINKS_H

#include <stdbool.h>
#include <stdint.h>

struct links {
        union {
                uint64_t one;   /* room 0; 0: none */
                uint64_t *many; /* 0: free */
        };
        uint32_t count;
        uint32_t room; /* a power of two, or 0 */
};

bool cop__links_has(const struct links *links, uint64_t pid);
/* One that is not there. False: memory is used up. */
bool cop__links_add(struct links *links, uint64_t pid);
/* Returns whether it was there. */
bool cop__links_remove(struct links *links, uint64_t pid);
void cop__links_release(struct links *links);

/* The next one at or after *at; 0 at the end. */
uint64_t cop__links_next(const struct links *links, uint32_t *at);
/* Empties the place of what cop__links_next() has just returned. Others stay where they are, so from
 * now on the set is good for nothing but to go on. */
void cop__links_wipe(struct links *links, uint32_t at);

#endif
