/*
 * chat: rooms as process groups. A guest is a process that joins rooms; what somebody says goes to all
 * the members of a room, and no process stands in between. Who leaves, or crashes, is out of all rooms
 * by itself; the porter is told of everybody who comes and goes.
 *
 *     $ build/examples/chat
 *     porter: ada enters lobby
 *     porter: bob enters lobby
 *     porter: ada enters kitchen
 *     ada hears from bob in lobby: anybody hungry?
 *     bob hears from bob in lobby: anybody hungry?
 *     ada hears from ada in kitchen: soup is ready
 *     porter: ada is out of kitchen
 *     porter: ada is out of lobby
 *     bob hears from bob in lobby: hello?
 */
#include <coppice.h>

#include <stdio.h>

/* ---- what the rest of the program calls ---- */

void chat_say(const char *room, const char *who, const char *what)
{
        COP_EACH (member, cop_pg_get_members("rooms", room))
                cop_call(member, "{said, Room, Who, What}", room, who, what);
}

/* ---- guests ---- */

struct guest {
        cop_term name; /* kept */
};

static cop_next init(struct guest *g, cop_term name)
{
        g->name = cop_keep(name);
        cop_set_label(name);
        return cop_ok();
}

static cop_next handle_call(struct guest *g, cop_term request, cop_from from)
{
        const char *me = cop_to_cstring(g->name);
        cop_term room, who, what;

        if (cop_match(request, "{said, Room, Who, What}", &room, &who, &what)) {
                printf("%s hears from %s in %s: %s\n", me, cop_to_cstring(who),
                       cop_to_cstring(room), cop_to_cstring(what));
                return cop_reply(cop_build("ok"));
        }
        return cop_no_clause();
}

COP_SERVER(guest, struct guest, .init = init, .handle_call = handle_call);

/* ---- the porter ---- */

static cop_pid ada, bob;

static const char *name_of(cop_pid guest)
{
        return cop_same(guest, ada) ? "ada" : "bob";
}

/* Says what has happened: so many who came or went, each in rooms in their order. */
static void porter(cop_ref ref, int count)
{
        cop_term what, room, news = cop_nil();
        cop_pid guest;

        while (count-- > 0) {
                cop_receive(COP_FOREVER, "{^Ref, What, Room, [Guest]}", &ref, &what, &room, &guest);
                news = cop_cons(cop_build("{Room, What, Guest}", room, what, guest), news);
        }
        COP_EACH (item, cop_sort(news)) {
                cop_match(item, "{Room, What, Guest}", &room, &what, &guest);
                printf("porter: %s %s %s\n", name_of(guest),
                       cop_is(what, "join") ? "enters" : "is out of", cop_to_cstring(room));
        }
}

/* ---- the tree ---- */

COP_SUPERVISOR(chat, .strategy = COP_ONE_FOR_ONE,
               .children = COP_CHILDREN(COP_PG("rooms"),
                                        COP_WORKER(guest, "<<\"ada\">>", .id = "ada", .name = "ada",
                                                   .restart = COP_TEMPORARY),
                                        COP_WORKER(guest, "<<\"bob\">>", .id = "bob", .name = "bob",
                                                   .restart = COP_TEMPORARY)));

static void enter(cop_ref ref, cop_pid guest, const char *room)
{
        cop_pg_join("rooms", room, guest);
        porter(ref, 1);
}

static void first(cop_term arguments)
{
        cop_term rooms;
        cop_ref ref;

        cop_set_report_level(COP_LEVEL_CRITICAL); /* the report of the crash is not the point */
        cop_supervisor_start_link(chat);
        ada = cop_whereis("ada");
        bob = cop_whereis("bob");
        ref = cop_pg_monitor_scope("rooms", &rooms);
        enter(ref, ada, "lobby");
        enter(ref, bob, "lobby");
        enter(ref, ada, "kitchen");
        chat_say("lobby", "bob", "anybody hungry?");
        chat_say("kitchen", "ada", "soup is ready");
        cop_kill(ada);
        porter(ref, 2);
        chat_say("lobby", "bob", "hello?");
}

int main(int argc, char **argv)
{
        return cop_main(first, argc, argv);
}
