/*
 * own.c: memory and resources of a process.
 *
 * One list a process, newest first. A block from cop_alloc() is its header and the memory behind
 * it; what was handed to cop_own() is a header with a pointer and its destructor. Taking one out
 * costs the same however long the list is for the former; the latter are looked for from the newest
 * on.
 *
 * A destructor that raises does not keep the others from running: each is taken off the list before
 * it is called, and called under a cop_try().
 */
#include <coppice/memory.h>

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/own.h"
#include "runtime/quota.h"
#include "runtime/scheduler.h"

struct block {
        struct block *next, **at;
        void (*destructor)(void *); /* NULL: memory of cop_alloc() */
        void *pointer;              /* of cop_own(); else the size */
        max_align_t memory[];
};

static void put(struct process *p, struct block *block)
{
        block->next = p->blocks;
        block->at = &p->blocks;
        if (p->blocks)
                p->blocks->at = &block->next;
        p->blocks = block;
}

static void take_out(struct block *block)
{
        *block->at = block->next;
        if (block->next)
                block->next->at = block->at;
}

static struct block *block_of(void *memory)
{
        return (struct block *)((char *)memory - offsetof(struct block, memory));
}

static size_t size_of(const struct block *block)
{
        return (size_t)(uintptr_t)block->pointer;
}

/* Ends a process that would have more than its quota. */
static void check_quota(struct process *p, size_t more)
{
        if (!cop__quota_allows(p, more))
                cop__raise(FAIL_EXIT, cop__quota_memory, NULL);
}

static void count_memory(struct process *p, size_t more, size_t less)
{
        p->memory += more - less;
        cop__quota_note(p);
}

void *cop_alloc(size_t size)
{
        struct process *p = cop__self();
        struct block *block;

        if (size > SIZE_MAX / 2)
                cop__fail_limit("memory");
        check_quota(p, size);
        block = cop__alloc_zeroed(sizeof(*block) + size);
        if (!block)
                cop__fail_limit("memory");
        block->pointer = (void *)(uintptr_t)size;
        put(p, block);
        count_memory(p, size, 0);
        return block->memory;
}

void *cop_realloc(void *memory, size_t size)
{
        struct process *p = cop__self();
        struct block *block, *moved;
        size_t before;

        if (!memory)
                return cop_alloc(size);
        block = block_of(memory);
        before = size_of(block);
        if (size > SIZE_MAX / 2)
                cop__fail_limit("memory");
        if (size > before)
                check_quota(p, size - before);
        take_out(block);
        moved = cop__realloc(block, sizeof(*block) + size);
        if (!moved) {
                put(p, block);
                cop__fail_limit("memory");
        }
        moved->pointer = (void *)(uintptr_t)size;
        put(p, moved);
        count_memory(p, size, before);
        return moved->memory;
}

void cop_free(void *memory)
{
        struct block *block;

        if (!memory)
                return;
        block = block_of(memory);
        count_memory(cop__self(), 0, size_of(block));
        take_out(block);
        cop__free(block);
}

char *cop_strdup(const char *text)
{
        size_t size = strlen(text) + 1;

        return memcpy(cop_alloc(size), text, size);
}

/* ---- what has a destructor ---- */

void cop_own(void *pointer, void (*destructor)(void *))
{
        struct process *p = cop__self();
        struct block *block;

        if (!destructor)
                cop__fail_badarg(COP_HERE);
        block = cop__alloc(sizeof(*block));
        if (!block) {
                destructor(pointer);
                cop__fail_limit("memory");
        }
        block->pointer = pointer;
        block->destructor = destructor;
        put(p, block);
}

static struct block *find(struct process *p, const void *pointer, void (*destructor)(void *))
{
        struct block *block;

        for (block = p->blocks; block; block = block->next) {
                if (block->destructor && block->pointer == pointer &&
                    (!destructor || block->destructor == destructor))
                        return block;
        }
        return NULL;
}

static bool disown(const void *pointer, void (*destructor)(void *))
{
        struct block *block = find(cop__self(), pointer, destructor);

        if (!block)
                return false;
        take_out(block);
        cop__free(block);
        return true;
}

bool cop_disown(void *pointer)
{
        return disown(pointer, NULL);
}

bool cop_dispose(void *pointer)
{
        struct block *block = find(cop__self(), pointer, NULL);
        void (*destructor)(void *);

        if (!block)
                return false;
        destructor = block->destructor;
        take_out(block);
        cop__free(block);
        destructor(pointer);
        return true;
}

static void close_fd(void *fd)
{
        close((int)(intptr_t)fd);
}

void cop_own_fd(int fd)
{
        cop_own((void *)(intptr_t)fd, close_fd);
}

bool cop_disown_fd(int fd)
{
        return disown((void *)(intptr_t)fd, close_fd);
}

static void close_file(void *file)
{
        fclose(file);
}

void cop_own_file(FILE *file)
{
        cop_own(file, close_file);
}

/* ---- the end ---- */

bool cop__blocks_need_stack(const struct process *p)
{
        const struct block *block;

        for (block = p->blocks; block; block = block->next) {
                if (block->destructor)
                        return true;
        }
        return false;
}

struct destruction {
        void (*destructor)(void *);
        void *pointer;
};

static void destroy(void *argument)
{
        const struct destruction *what = argument;

        what->destructor(what->pointer);
}

/* Whatever has a destructor goes to the front, so that the next one need not be looked for. */
static void owned_first(struct process *p)
{
        struct block *block = p->blocks, *owned = NULL, *memory = NULL;
        struct block **owned_end = &owned, **memory_end = &memory;

        while (block) {
                struct block ***end = block->destructor ? &owned_end : &memory_end;
                struct block *next = block->next;

                block->at = *end;
                block->next = NULL;
                **end = block;
                *end = &block->next;
                block = next;
        }
        *owned_end = memory;
        if (memory)
                memory->at = owned_end;
        p->blocks = owned;
        if (owned)
                owned->at = &p->blocks;
}

static struct block *newest_owned(const struct process *p)
{
        struct block *block = p->blocks;

        while (block && !block->destructor)
                block = block->next;
        return block;
}

/* Memory goes last: a destructor may still look at it. A destructor may wait and never come back (a
 * kill ends it), so nothing is held here meanwhile that is not on the list. */
void cop__blocks_free(struct process *p)
{
        struct block *block;
        cop_term reason;

        owned_first(p);
        while ((block = newest_owned(p))) {
                struct destruction what = { block->destructor, block->pointer };

                take_out(block);
                cop__free(block);
                cop_try(destroy, &what, &reason);
        }
        while ((block = p->blocks)) {
                take_out(block);
                cop__free(block);
        }
}

size_t cop_memory_used(void)
{
        struct process *p = cop__self();
        struct kept *kept;
        size_t words = cop__region_words(cop__thread()->region);

        for (kept = p->kept; kept; kept = kept->next)
                words += kept->words;
        return p->memory + words * sizeof(uint64_t);
}
