/*
 * Says what is known of a place and of a struct of its own: how much that is depends on how it was
 * built, and whether it was stripped.
 *
 *     inspect_shown
 */
#include <coppice/inspect.h>
#include <coppice/match.h>
#include <coppice/text.h>

#include <stdio.h>

struct shown_point {
        int x;
        double y;
};

struct shown_box {
        struct shown_point corners[2];
        const char *name;
};

struct shown_box *shown_box(struct shown_box *box, int number);

__attribute__((noinline)) struct shown_box *shown_box(struct shown_box *box, int number)
{
        box->corners[0].x = number;
        return box;
}

int main(void)
{
        struct shown_box box = { .name = "box" };
        const struct cop_type *type = cop_type_find("struct shown_box", (const void *)main);
        struct cop_function function;

        shown_box(&box, 7);
        printf("%s\n", type ? cop_shown_text(cop_type_show(type, &box)) : "no type");
        printf("%s", cop_frames_text(cop_build("[A]", (uint64_t)(uintptr_t)shown_box)));
        if (!cop_function_find(&function, "shown_box"))
                printf("no function\n");
        else if (!function.has_prototype)
                printf("no prototype\n");
        else
                printf("%s, %zu arguments\n", function.result->name, function.argument_count);
        return 0;
}
