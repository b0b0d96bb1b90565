/*
 * supervisor_children.c: the children of a supervisor: a list in the order of their first start,
 * and two tables, by id and by pid, so that each operation takes constant time.
 *
 * Invariant A child is in the table by id always, in that by pid while it is running. A restart
 *           does not move it in the list.
 * Memory    All of it is the supervisor's own: it goes with the process.
 */
#include "otp/supervisor.h"

#include <coppice/memory.h>

/* ---- tables ---- */

static size_t id_bucket(const struct supervisor *supervisor, cop_term id)
{
        return cop_hash(id) & (supervisor->buckets - 1);
}

static size_t pid_bucket(const struct supervisor *supervisor, cop_pid pid)
{
        return (pid.word * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (supervisor->buckets - 1);
}

static void enter_id(struct supervisor *supervisor, struct child *child)
{
        struct child **bucket = &supervisor->by_id[id_bucket(supervisor, child->id)];

        child->same_id = *bucket;
        *bucket = child;
}

static void enter_pid(struct supervisor *supervisor, struct child *child)
{
        struct child **bucket = &supervisor->by_pid[pid_bucket(supervisor, child->pid)];

        child->same_pid = *bucket;
        *bucket = child;
}

static void leave_id(struct supervisor *supervisor, struct child *child)
{
        struct child **at = &supervisor->by_id[id_bucket(supervisor, child->id)];

        while (*at != child)
                at = &(*at)->same_id;
        *at = child->same_id;
}

static void leave_pid(struct supervisor *supervisor, struct child *child)
{
        struct child **at = &supervisor->by_pid[pid_bucket(supervisor, child->pid)];

        while (*at != child)
                at = &(*at)->same_pid;
        *at = child->same_pid;
}

static void grow(struct supervisor *supervisor)
{
        size_t buckets = supervisor->buckets ? supervisor->buckets * 2 : 8;
        struct child *child;

        cop_free(supervisor->by_id);
        cop_free(supervisor->by_pid);
        supervisor->by_id = cop_alloc(buckets * sizeof(struct child *));
        supervisor->by_pid = cop_alloc(buckets * sizeof(struct child *));
        supervisor->buckets = buckets;
        for (child = supervisor->oldest; child; child = child->newer) {
                enter_id(supervisor, child);
                if (child->state == CHILD_RUNNING)
                        enter_pid(supervisor, child);
        }
}

/* ---- the list ---- */

/* A temporary child's arguments may be dropped: COP_NONE is kept as it is. */
static cop_term keep(cop_term term)
{
        return cop_is_none(term) ? term : cop_keep(term);
}

struct child *cop__child_add(struct supervisor *supervisor, const struct child *like)
{
        struct child *child = cop_alloc(sizeof(*child));

        *child = *like;
        child->id = cop_keep(like->id);
        child->arguments = keep(like->arguments);
        child->modules = cop_keep(like->modules);
        child->newer = NULL;
        child->older = supervisor->newest;
        if (child->older)
                child->older->newer = child;
        else
                supervisor->oldest = child;
        supervisor->newest = child;
        if (++supervisor->count > supervisor->buckets) {
                grow(supervisor);
        } else {
                enter_id(supervisor, child);
                if (child->state == CHILD_RUNNING)
                        enter_pid(supervisor, child);
        }
        return child;
}

void cop__child_remove(struct supervisor *supervisor, struct child *child)
{
        leave_id(supervisor, child);
        if (child->state == CHILD_RUNNING)
                leave_pid(supervisor, child);
        if (child->older)
                child->older->newer = child->newer;
        else
                supervisor->oldest = child->newer;
        if (child->newer)
                child->newer->older = child->older;
        else
                supervisor->newest = child->older;
        supervisor->count--;
        cop_release(child->id);
        cop_release(child->arguments);
        cop_release(child->modules);
        if (child->restarts)
                cop_free(child->restarts->times);
        cop_free(child->restarts);
        cop_free(child);
}

void cop__children_forget(struct supervisor *supervisor)
{
        while (supervisor->oldest)
                cop__child_remove(supervisor, supervisor->oldest);
        cop_free(supervisor->by_id);
        cop_free(supervisor->by_pid);
        supervisor->by_id = NULL;
        supervisor->by_pid = NULL;
        supervisor->buckets = 0;
}

void cop__child_set(struct supervisor *supervisor, struct child *child, enum child_state state,
                    cop_pid pid)
{
        if (child->state == CHILD_RUNNING)
                leave_pid(supervisor, child);
        child->state = state;
        child->pid = pid;
        if (state == CHILD_RUNNING)
                enter_pid(supervisor, child);
}

struct child *cop__child_find(const struct supervisor *supervisor, cop_term id)
{
        struct child *child;

        if (!supervisor->buckets)
                return NULL;
        child = supervisor->by_id[id_bucket(supervisor, id)];
        while (child && !cop_equal(child->id, id))
                child = child->same_id;
        return child;
}

struct child *cop__child_find_pid(const struct supervisor *supervisor, cop_pid pid)
{
        struct child *child;

        if (!supervisor->buckets)
                return NULL;
        child = supervisor->by_pid[pid_bucket(supervisor, pid)];
        while (child && !cop_same(child->pid, pid))
                child = child->same_pid;
        return child;
}

void cop__child_gone(struct supervisor *supervisor, struct child *child)
{
        cop_pid nobody = { 0 };

        if (child->restart == COP_TEMPORARY)
                cop__child_remove(supervisor, child);
        else
                cop__child_set(supervisor, child, CHILD_STOPPED, nobody);
}
