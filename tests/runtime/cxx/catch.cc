/*
 * Two processes of C++ on one thread: each waits inside a catch, and throws again what it caught.
 */
#include <exception>
#include <stdexcept>

#include "catch.h"

/* What was thrown again: its number; -1: something else. */
static int throw_again(int number)
{
        try {
                try {
                        throw number;
                } catch (int) {
                        leave(number);
                        throw;
                }
        } catch (int caught) {
                return caught;
        } catch (...) {
                return -1;
        }
}

extern "C" int wait_inside_catch(int number)
{
        int caught = throw_again(number);

        if (std::current_exception())
                return -2;
        return caught;
}

/* Leaves while an exception is on its way: in a destructor. */
struct leaver {
        int number;
        ~leaver()
        {
                leave(number);
        }
};

extern "C" int wait_while_unwinding(int number)
{
        try {
                leaver l = { number };
                throw number;
        } catch (int caught) {
                return std::uncaught_exceptions() == 0 ? caught : -2;
        }
}

extern "C" int uncaught_count(void)
{
        return std::uncaught_exceptions();
}

/* Nobody up to the entry of the stack catches it. */
extern "C" void throw_for_nobody(void)
{
        throw std::runtime_error("nobody catches this");
}
