#include "support/troupe.h"

static cop_term init(cop_term argument)
{
        cop_term what;

        if (cop_match(argument, "{returns, X}", &what))
                return what;
        return cop_build("{ok, X}", argument);
}

COP_SUPERVISOR(troupe, .init = init);

cop_term troupe_try(cop_term flags, cop_term specs)
{
        return cop_server_try_start_link(troupe, cop_build("{F, S}", flags, specs));
}

cop_pid troupe_start(cop_term flags, cop_term specs)
{
        cop_pid pid = { 0 };

        cop_assert_match(troupe_try(flags, specs), "{ok, Pid}", &pid);
        return pid;
}

cop_term troupe_of_three(void)
{
        return cop_build("[A, B, C]", troupe_spec("a", "#{}"), troupe_spec("b", "#{}"),
                         troupe_spec("c", "#{}"));
}

cop_term troupe_of_trapping(void)
{
        return cop_build("[A, B, C]", troupe_spec("a", "#{actor => #{trap => true}}"),
                         troupe_spec("b", "#{actor => #{trap => true}}"),
                         troupe_spec("c", "#{actor => #{trap => true}}"));
}

cop_pid troupe_child(cop_pid troupe_pid, const char *id)
{
        cop_pid pid = { 0 };

        cop_assert_match(cop_which_child(troupe_pid, cop_atom(id)), "{ok, {_, Pid, _, _}}", &pid);
        return pid;
}

cop_term troupe_kill(cop_pid troupe_pid, const char *id)
{
        messages();
        cop_kill(troupe_child(troupe_pid, id));
        return messages();
}
