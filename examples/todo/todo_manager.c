/*
 * todo_manager: which list has which name. It monitors each list: when one dies its name is free, and
 * the manager goes on.
 */
#include "todo.h"

struct todo_manager {
        cop_term lists;          /* kept: who starts lists, a pid or a name */
        struct cop_table *names; /* name -> pid */
        struct cop_table *refs;  /* monitor -> name */
};

/* What the rest of the program calls. */

void todo_manager_create(cop_term manager, const char *name)
{
        cop_cast(manager, "{create, Name}", name);
}

cop_term todo_manager_lookup(cop_term manager, const char *name)
{
        return cop_call(manager, "{lookup, Name}", name);
}

void todo_manager_stop(cop_term manager)
{
        cop_call(manager, "stop");
}

/* What the process does, one message at a time. */

static cop_next init(struct todo_manager *m, cop_term lists)
{
        m->lists = cop_keep(lists);
        m->names = cop_table_new();
        m->refs = cop_table_new();
        return cop_ok();
}

static cop_next handle_call(struct todo_manager *m, cop_term request, cop_from from)
{
        cop_term name, list;

        if (cop_match(request, "{lookup, Name}", &name)) {
                list = cop_table_find(m->names, name);
                return cop_reply(cop_is_none(list) ? cop_build("error")
                                                   : cop_build("{ok, List}", list));
        }
        if (cop_match(request, "stop"))
                return cop_end_reply(cop_build("ok"), "normal");
        return cop_no_clause();
}

static cop_next handle_cast(struct todo_manager *m, cop_term request)
{
        cop_term name;
        cop_pid list;

        if (!cop_match(request, "{create, Name}", &name))
                return cop_no_clause();
        if (!cop_table_has(m->names, name)) {
                list = todo_list_supervisor_start_list(m->lists);
                cop_table_put(m->refs, cop_ref_term(cop_monitor(list)), name);
                cop_table_put(m->names, name, cop_pid_term(list));
        }
        return cop_noreply();
}

static cop_next handle_info(struct todo_manager *m, cop_term message)
{
        cop_term ref;

        if (cop_match(message, "{'DOWN', Ref, process, _, _}", &ref))
                cop_table_remove(m->names, cop_table_take(m->refs, ref));
        return cop_noreply();
}

static cop_term show(struct todo_manager *m)
{
        cop_term names = cop_nil();

        COP_TABLE_EACH(entry, m->names)
        names = cop_cons(cop_build("{Name, List}", entry.key, entry.value), names);
        return cop_build("#{lists => Names}", cop_sort(names));
}

COP_SERVER(todo_manager, struct todo_manager, .init = init, .handle_call = handle_call,
           .handle_cast = handle_cast, .handle_info = handle_info, .show = show);
