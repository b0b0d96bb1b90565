/*
 * links.c: open addressing, without tombstones, at most half full (a small one: three quarters).
 *
 * A pid stands at its place or behind it without a gap between. A million links are in no cache, so
 * it matters where they are. Those of eight slots that lie side by side have one line, in which each
 * has a place of its own: who starts a million, or hears of their ends, mostly finds the line where it
 * has just been. Which line, the upper bits of a hash say, so a table that grows is read and written
 * from front to back.
 */
#include "runtime/links.h"

#include "base/alloc.h"
#include "term/value.h"

enum { ROOM_FIRST = 4, LINE = 8, LINE_BITS = 3 };

static uint32_t place_of(const struct links *links, uint64_t pid)
{
        uint32_t slot = slot_of(pid);
        uint64_t hash = (slot / LINE) * UINT64_C(0x9e3779b97f4a7c15);

        if (links->room <= LINE)
                return slot & (links->room - 1);
        return (uint32_t)(hash >> (33 + LINE_BITS + __builtin_clz(links->room))) * LINE +
               slot % LINE;
}

static bool is_full(const struct links *links)
{
        return links->count >= (links->room <= LINE ? links->room / 4 * 3 : links->room / 2);
}

/* Where it is, or where it would be. */
static uint32_t find(const struct links *links, uint64_t pid)
{
        uint32_t at = place_of(links, pid);

        while (links->many[at] && links->many[at] != pid)
                at = (at + 1) & (links->room - 1);
        return at;
}

bool cop__links_has(const struct links *links, uint64_t pid)
{
        if (!links->room)
                return links->one == pid;
        return links->many[find(links, pid)] == pid;
}

static bool grow(struct links *links)
{
        struct links larger = { .room = links->room ? links->room * 2 : ROOM_FIRST,
                                .count = links->count };
        uint32_t at = 0;
        uint64_t pid;

        larger.many = cop__alloc_zeroed(larger.room * sizeof(*larger.many));
        if (!larger.many)
                return false;
        while ((pid = cop__links_next(links, &at)))
                larger.many[find(&larger, pid)] = pid;
        cop__links_release(links);
        *links = larger;
        return true;
}

bool cop__links_add(struct links *links, uint64_t pid)
{
        if (!links->count && !links->room) {
                links->one = pid;
                links->count = 1;
                return true;
        }
        if (is_full(links) && !grow(links))
                return false;
        links->many[find(links, pid)] = pid;
        links->count++;
        return true;
}

/* What stood behind the gap moves up where it is nearer to its place then. */
static void close_gap(struct links *links, uint32_t gap)
{
        uint32_t mask = links->room - 1;
        uint32_t at = gap;

        for (;;) {
                at = (at + 1) & mask;
                if (!links->many[at])
                        break;
                if (((at - place_of(links, links->many[at])) & mask) >= ((at - gap) & mask)) {
                        links->many[gap] = links->many[at];
                        gap = at;
                }
        }
        links->many[gap] = 0;
}

bool cop__links_remove(struct links *links, uint64_t pid)
{
        uint32_t at;

        if (!cop__links_has(links, pid))
                return false;
        if (--links->count == 0) {
                cop__links_release(links);
                return true;
        }
        at = find(links, pid);
        close_gap(links, at);
        return true;
}

void cop__links_release(struct links *links)
{
        if (links->room)
                cop__free(links->many);
        *links = (struct links){ 0 };
}

uint64_t cop__links_next(const struct links *links, uint32_t *at)
{
        if (!links->room)
                return (*at)++ == 0 ? links->one : 0;
        while (*at < links->room) {
                uint64_t pid = links->many[(*at)++];

                if (pid)
                        return pid;
        }
        return 0;
}

void cop__links_wipe(struct links *links, uint32_t at)
{
        if (links->room)
                links->many[at - 1] = 0;
        else
                links->one = 0;
}
