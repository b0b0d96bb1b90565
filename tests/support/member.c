#include "support/member.h"

#include <coppice/registry.h>

#include "support/world.h"

static void member(cop_term unused)
{
        cop_term from, argument, result;
        uint64_t fn;

        for (;;) {
                if (!cop_match(cop_next_message(), "{do, From, Fn, Argument}", &from, &fn,
                               &argument))
                        continue;
                result = ((member_fn *)(uintptr_t)fn)(argument);
                cop_send(from, "{did, Result}", result);
        }
}

cop_pid member_start(void)
{
        return cop_spawn(member, cop_nil());
}

cop_term in(cop_pid pid, member_fn *fn, cop_term argument)
{
        cop_term result = COP_NONE;

        cop_send(pid, "{do, Me, Fn, Argument}", cop_self(), (uint64_t)(uintptr_t)fn, argument);
        cop_receive(COP_FOREVER, "{did, Result}", &result);
        return result;
}

cop_term enter(cop_term entry)
{
        return cop_registry_register("reg", cop_element(entry, 0), cop_element(entry, 1));
}

cop_term leave(cop_term key)
{
        cop_registry_unregister("reg", key);
        return cop_build("ok");
}

cop_term enter_in(cop_pid pid, const char *entry)
{
        return in(pid, enter, cop_read(entry));
}

void kill_and_wait(cop_pid pid)
{
        cop_ref ref = cop_monitor(pid);

        cop_kill(pid);
        down_reason(ref);
        cop_system_quiet(25000);
}
