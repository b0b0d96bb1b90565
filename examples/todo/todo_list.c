/*
 * todo_list: one list. It knows nothing of its name.
 */
#include "todo.h"

struct todo_list {
        cop_term items; /* kept */
};

/* What the rest of the program calls. */

void todo_list_put(cop_pid list, const char *item)
{
        cop_call(list, "{put, Item}", item);
}

cop_term todo_list_get(cop_pid list)
{
        return cop_call(list, "get");
}

/* What the process does, one message at a time. */

static cop_next init(struct todo_list *l, cop_term unused)
{
        l->items = cop_nil();
        return cop_ok();
}

static cop_next handle_call(struct todo_list *l, cop_term request, cop_from from)
{
        cop_term item;

        if (cop_match(request, "{put, Item}", &item)) {
                cop_replace(&l->items, cop_cons(item, l->items));
                return cop_reply(cop_build("ok"));
        }
        if (cop_match(request, "get"))
                return cop_reply(l->items);
        return cop_no_clause();
}

static cop_term show(struct todo_list *l)
{
        return l->items;
}

COP_SERVER(todo_list, struct todo_list, .init = init, .handle_call = handle_call, .show = show);
