/* What must not compile: one mistake for each -DWRONG=n, none with 0. */
#include <coppice.h>

struct door {
        int64_t opened;
};

struct window {
        int64_t broken;
};

static inline cop_next init(struct door *d, cop_term argument)
{
        return cop_ok();
}

static inline cop_next init_window(struct window *w, cop_term argument)
{
        return cop_ok();
}

static inline cop_next handle_call(struct door *d, cop_term request)
{
        return cop_noreply();
}

static inline int handle_info(struct door *d, cop_term message)
{
        return 0;
}

static inline cop_next shut(struct door *d, struct cop_event *e)
{
        return cop_keep_state();
}

static inline cop_next broken(struct window *w, struct cop_event *e)
{
        return cop_keep_state();
}

#if WRONG == 0
COP_SERVER(door, struct door, .init = init);
COP_STATEM(statem, struct door, .init = shut, .states = { COP_STATE(shut) });
COP_EVENT_HANDLER(bell, struct door, .init = init);
#elif WRONG == 1  /* a callback for somebody else's state */
COP_SERVER(door, struct door, .init = init_window);
#elif WRONG == 2  /* one that does not take whom to answer */
COP_SERVER(door, struct door, .init = init, .handle_call = handle_call);
#elif WRONG == 3  /* one that does not say what happens next */
COP_SERVER(door, struct door, .init = init, .handle_info = handle_info);
#elif WRONG == 4  /* one that there is not */
COP_SERVER(door, struct door, .handle_knock = init);
#elif WRONG == 5  /* an option that there is not */
COP_SUPERVISOR(house, .strategi = COP_ONE_FOR_ALL);
#elif WRONG == 6  /* an argument that is no literal */
const char *argument = "[]";
COP_SERVER(door, struct door, .init = init);
COP_SUPERVISOR(house, .children = COP_CHILDREN(COP_WORKER(door, argument)));
#elif WRONG == 7  /* a reason that is no literal */
cop_next f(const char *why);
cop_next f(const char *why)
{
        return cop_end(why);
}
#elif WRONG == 8  /* a state of somebody else's */
COP_STATEM(statem, struct door, .init = shut, .states = { COP_STATE(shut), COP_STATE(broken) });
#elif WRONG == 9  /* a machine's callback for somebody else's data */
COP_STATEM(statem, struct door, .init = shut, .handle_event = broken);
#elif WRONG == 10 /* a server's callback in a machine */
COP_STATEM(statem, struct door, .init = init, .handle_event = shut);
#elif WRONG == 11 /* a state that has no function */
COP_STATEM(statem, struct door, .init = shut, .states = { COP_STATE(ajar) });
#elif WRONG == 12 /* a text where the format has a number; compilers warn of it */
#pragma GCC diagnostic error "-Wformat"
void f(void);
void f(void)
{
        cop_log_info("%d", "one");
}
#elif WRONG == 13 /* an event handler's callback for somebody else's state */
COP_EVENT_HANDLER(bell, struct door, .init = init_window);
#elif WRONG == 14 /* one that takes whom to answer, which only servers know */
static inline cop_next ask(struct door *d, cop_term request, cop_from from)
{
        return cop_noreply();
}
COP_EVENT_HANDLER(bell, struct door, .handle_call = ask);
#endif
