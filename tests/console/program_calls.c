/*
 * What the tests of the console call by name.
 */
#include <coppice.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct point {
        int32_t x, y;
        double weight;
};

enum colour { RED, GREEN, BLUE };

int64_t add(int64_t a, int64_t b);
int sum(int count, ...);
int64_t point_norm(const struct point *point);
struct point *point_new(int32_t x, int32_t y);
struct point point_mirror(struct point point);
enum colour next_colour(enum colour colour);
double half(float number);
const char *greeting(const char *name);
void nothing(void);
bool is_even(unsigned char number);
cop_term twice(cop_term term);
cop_pid me(void);
int read_pointer(const int *pointer);
int divide(int a, int b);
void loop(void);
void stop_here(void);
void shout(const char *text);

int64_t add(int64_t a, int64_t b)
{
        return a + b;
}

int sum(int count, ...)
{
        va_list numbers;
        int total = 0;

        va_start(numbers, count);
        while (count-- > 0)
                total += va_arg(numbers, int);
        va_end(numbers);
        return total;
}

int64_t point_norm(const struct point *point)
{
        return (int64_t)point->x * point->x + (int64_t)point->y * point->y;
}

struct point *point_new(int32_t x, int32_t y)
{
        struct point *point = cop_alloc(sizeof(*point));

        *point = (struct point){ x, y, 0.5 };
        return point;
}

struct point point_mirror(struct point point)
{
        return (struct point){ point.y, point.x, -point.weight };
}

enum colour next_colour(enum colour colour)
{
        return (enum colour)((colour + 1) % 3);
}

double half(float number)
{
        return number / 2;
}

const char *greeting(const char *name)
{
        static char text[100];

        snprintf(text, sizeof(text), "hello %s", name);
        return text;
}

void nothing(void)
{
}

bool is_even(unsigned char number)
{
        return number % 2 == 0;
}

cop_term twice(cop_term term)
{
        return cop_build("{T, T}", term);
}

cop_pid me(void)
{
        return cop_self();
}

int read_pointer(const int *pointer)
{
        return *(const volatile int *)pointer;
}

int divide(int a, int b)
{
        return a / b;
}

void loop(void)
{
        printf("round\n");
        fflush(stdout);
        for (volatile int i = 0;; i++)
                ;
}

/* Ends as if somebody had. */
void stop_here(void)
{
        cop_exit_to(cop_self(), "somebody_else");
        cop_receive(COP_FOREVER, "never");
}

void shout(const char *text)
{
        printf("%s!\n", text);
}

const struct point origin = { 3, 4, 1.0 };

/* ---- supervisors whose children fail ---- */

struct child {
        int unused;
};

static cop_next start_well(struct child *c, cop_term argument)
{
        cop_trap_exits(true);
        return cop_ok();
}

static cop_next start_badly(struct child *c, cop_term argument)
{
        return cop_init_error("no_luck");
}

static void say_goodbye(struct child *c, cop_term reason)
{
        printf("well ends: %s\n", cop_show(reason));
}

COP_SERVER(well, struct child, .init = start_well, .terminate = say_goodbye);
COP_SERVER(badly, struct child, .init = start_badly);

COP_SUPERVISOR(half_good, .strategy = COP_ONE_FOR_ONE,
               .children = COP_CHILDREN(COP_WORKER(well, "[]", .id = "a"),
                                        COP_WORKER(badly, "[]", .id = "b")));
/* Elixir's defaults. */
COP_SUPERVISOR(patient, .strategy = COP_ONE_FOR_ONE, .intensity = 3, .period = 5,
               .children = COP_CHILDREN(COP_WORKER(well, "[]", .name = "well")));

COP_APPLICATION(calls, .description = "to be called", .vsn = "0.1.0");

COP_MAIN(calls);
