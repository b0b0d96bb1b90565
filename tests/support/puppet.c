#include "support/puppet.h"

static void watch(cop_pid owner, cop_term to)
{
        cop_ref ref = cop_monitor(to);

        cop_send(owner, "{Me, {monitors, Ref}}", cop_self(), ref);
}

static void send_many(cop_pid to, cop_term message, int count)
{
        int i;

        for (i = 1; i <= count; i++)
                cop_send(to, "{Message, I}", message, i);
}

static void change(cop_term what)
{
        cop_term term;
        cop_pid pid;
        bool trap;

        if (cop_match(what, "{link, Pid}", &pid))
                cop_link(pid);
        else if (cop_match(what, "{unlink, Pid}", &pid))
                cop_unlink(pid);
        else if (cop_match(what, "{trap, Trap}", &trap))
                cop_trap_exits(trap);
        else if (cop_match(what, "{register, Name, Pid}", &term, &pid))
                cop_register(cop_to_cstring(term), pid);
        else if (cop_match(what, "{unregister, Name}", &term))
                cop_unregister(cop_to_cstring(term));
}

static void end(cop_term what)
{
        cop_term reason;

        if (cop_match(what, "{exit, Reason}", &reason))
                cop_exit_term(reason);
        else if (cop_match(what, "{error, Reason}", &reason))
                cop_error_term(reason);
        else if (cop_match(what, "{throw, Reason}", &reason))
                cop_throw_term(reason);
}

static void talk(cop_pid owner, cop_term what)
{
        cop_term to, message;
        cop_pid pid;
        cop_ref ref;
        int number;

        if (cop_match(what, "{send, To, Message}", &to, &message))
                cop_send(to, "Message", message);
        else if (cop_match(what, "{forward, Pid, Message, N}", &pid, &message, &number))
                send_many(pid, message, number);
        else if (cop_match(what, "{exit_to, Pid, Reason}", &pid, &message))
                cop_exit_to_term(pid, message);
        else if (cop_match(what, "{monitor, To}", &to))
                watch(owner, to);
        else if (cop_match(what, "{demonitor, Ref}", &ref))
                cop_demonitor(ref);
        else if (cop_match(what, "{sleep, Ms}", &number))
                cop_sleep(number);
}

void puppet_play(cop_term argument)
{
        cop_term message, what, owner_term;
        cop_pid owner;

        if (!cop_match(argument, "{Owner}", &owner_term))
                cop_exit("bad_puppet");
        owner = cop_to_pid(owner_term);
        for (;;) {
                message = cop_next_message();
                if (!cop_match(message, "{do, What}", &what)) {
                        cop_send(owner, "{Me, Message}", cop_self(), message);
                        continue;
                }
                if (cop_is(what, "return"))
                        return;
                end(what);
                change(what);
                talk(owner, what);
        }
}

bool has(cop_term list, cop_term member)
{
        COP_EACH (element, list)
                if (cop_equal(element, member))
                        return true;
        return false;
}
