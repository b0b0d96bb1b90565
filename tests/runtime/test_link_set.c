/*
 * LINKS: the set of whom a process is linked with, against a list of who ought to be in it.
 */
#include <coppice/test.h>

#include "base/alloc.h"
#include "runtime/links.h"
#include "term/value.h"

enum { PIDS = 60, STEPS = 4000, MANY = 5000 };

/* One half of other slots, the other of three slots that were used again and again. */
static uint64_t pid_of(unsigned n)
{
        return n % 2 ? local_word(TAG_PID, n, 0) : local_word(TAG_PID, 7 + n % 3 * 64, n + 1);
}

/* Each is there, and met once on the way through all. */
static void check(const struct links *links, const bool *in)
{
        bool met[PIDS] = { false };
        unsigned count = 0;
        uint32_t at = 0;

        for (unsigned n = 0; n < PIDS; n++) {
                cop_assert_equal(cop__links_has(links, pid_of(n)), in[n]);
                count += in[n];
        }
        for (uint64_t pid; (pid = cop__links_next(links, &at));) {
                unsigned n = 0;

                while (n < PIDS && pid_of(n) != pid)
                        n++;
                cop_assert(n < PIDS && in[n] && !met[n]);
                met[n] = true;
                count--;
        }
        cop_assert_equal(count, 0);
}

COP_TEST(LINKS_found, "who was put in is found until it is taken out, and nobody else is")
{
        struct links links = { 0 };
        bool in[PIDS] = { false };

        for (int step = 0; step < STEPS; step++) {
                /* Sometimes many, sometimes few of them. */
                unsigned n = (unsigned)cop_test_random_below(step / 500 % 2 ? PIDS : 3);

                if (in[n])
                        cop_assert(cop__links_remove(&links, pid_of(n)));
                else
                        cop_assert(cop__links_add(&links, pid_of(n)));
                in[n] = !in[n];
                cop_assert(in[n] || !cop__links_remove(&links, pid_of(n)));
                check(&links, in);
        }
        cop__links_release(&links);
}

COP_TEST(LINKS_one,
         "one link takes no memory, and when the last is taken out there is none any more")
{
        int64_t blocks = cop__alloc_live_blocks();
        struct links links = { 0 };

        cop_assert(cop__links_add(&links, pid_of(1)));
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
        cop_assert(cop__links_add(&links, pid_of(2)));
        cop_assert(cop__alloc_live_blocks() > blocks);
        cop_assert(cop__links_remove(&links, pid_of(1)));
        cop_assert(cop__links_remove(&links, pid_of(2)));
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
}

COP_TEST(LINKS_room, "up to six fill three quarters of their table, more of them half of it")
{
        struct links links = { 0 };
        uint32_t room = 4;

        cop_assert(cop__links_add(&links, pid_of(0)));
        for (unsigned count = 2; count <= MANY; count++) {
                cop_assert(cop__links_add(&links, pid_of(count)));
                while (count > (room <= 8 ? room / 4 * 3 : room / 2))
                        room *= 2;
                cop_assert_equal(links.room, room);
        }
        cop__links_release(&links);
}

COP_TEST(LINKS_wiped, "who goes through all and empties their places meets each once")
{
        for (unsigned number = 1; number <= PIDS; number++) {
                struct links links = { 0 };
                unsigned met = 0;
                uint32_t at = 0;

                for (unsigned n = 0; n < number; n++)
                        cop_assert(cop__links_add(&links, pid_of(n)));
                while (met < number / 2 && cop__links_next(&links, &at)) {
                        cop__links_wipe(&links, at);
                        met++;
                }
                for (at = 0; cop__links_next(&links, &at);) /* again, as after a want of memory */
                        met++;
                cop_assert_equal(met, number);
                cop__links_release(&links);
        }
}

COP_TEST(LINKS_memory, "without memory nobody is put in, and those who are there stay")
{
        struct links links = { 0 };

        cop_assert(cop__links_add(&links, pid_of(0)));
        cop__alloc_fail_at(1);
        cop_assert(!cop__links_add(&links, pid_of(1)));
        cop_assert(cop__alloc_fail_at(0));
        cop_assert(cop__links_has(&links, pid_of(0)));
        cop_assert(!cop__links_has(&links, pid_of(1)));
        cop__links_release(&links);
}
