/*
 * STATE: the struct of a server as sys and reports show it.
 */
#include "support/world.h"

#include <coppice/inspect.h>
#include <coppice/report.h>
#include <coppice/sys.h>

#include <string.h>

#include "coppice-config.h"

enum mood { CALM, CROSS };

struct account {
        int64_t balance;
        enum mood mood;
        char password[16];
        cop_term owner;
        cop_pid watcher;
};

static cop_next init(struct account *a, cop_term owner)
{
        a->balance = 100;
        strcpy(a->password, "sesame");
        a->owner = cop_keep(owner);
        a->watcher = cop_self();
        return cop_ok();
}

static cop_next handle_call(struct account *a, cop_term request, cop_from from)
{
        if (cop_match(request, "balance"))
                return cop_reply(cop_int(a->balance));
        return cop_no_clause();
}

static cop_term format_status(struct account *a, cop_term status)
{
        cop_term key = cop_atom("state");
        cop_term shown = cop_map_get(status, key, cop_nil());

        return cop_map_put(status, key, cop_shown_put(shown, "password", cop_build("hidden")));
}

COP_SERVER(open_account, struct account, .init = init, .handle_call = handle_call);
COP_SERVER(account, struct account, .init = init, .handle_call = handle_call,
           .format_status = format_status);

static cop_next init_number(unsigned long *number, cop_term first)
{
        *number = cop_to_uint(first);
        return cop_ok();
}

COP_SERVER(number, unsigned long, .init = init_number);

static void need_dw(void)
{
        if (!COP_HAVE_DW)
                cop_skip("built without libdw");
}

COP_TEST(STATE_get, "a state is shown with its fields, without help")
{
        cop_pid pid;

        need_dw();
        pid = cop_server_start(open_account, cop_build("#{name => ann}"));
        cop_assert_term(
                cop_sys_get_state(pid),
                "{'struct account', [{balance,100}, {mood,'CALM'}, {password,<<\"sesame\">>},"
                " {owner,#{name => ann}}, {watcher,Pid}]}",
                pid);
        cop_server_stop(pid);
        pid = cop_server_start(number, cop_uint(UINT64_MAX));
        cop_assert_term(cop_sys_get_state(pid), "18446744073709551615");
        cop_server_stop(pid);
}

COP_TEST(STATE_replace, "fields can be changed, the others stay")
{
        cop_pid pid;

        need_dw();
        pid = cop_server_start(open_account, cop_build("ann"));
        cop_sys_replace_state(pid, cop_build("{'struct account', [{balance, 7}, {mood, 'CROSS'},"
                                             " {owner, {bob, \"junior\"}}]}"));
        cop_assert_term(cop_call(pid, "balance"), "7");
        cop_assert_term(
                cop_sys_get_state(pid),
                "{'struct account', [{balance,7}, {mood,'CROSS'}, {password,<<\"sesame\">>},"
                " {owner,{bob,\"junior\"}}, {watcher,Pid}]}",
                pid);
        cop_server_stop(pid);
}

static void replace_badly(void *pid)
{
        cop_sys_replace_state(*(cop_pid *)pid,
                              cop_build("{'struct account', [{balance, 7}, {mood, 'SAD'}]}"));
}

COP_TEST(STATE_replace_wrong, "a value that does not fit is refused, and nothing is changed")
{
        cop_term reason = COP_NONE;
        cop_pid pid;

        need_dw();
        pid = cop_server_start(open_account, cop_build("ann"));
        cop_assert(cop_try(replace_badly, &pid, &reason) == COP_EXIT);
        cop_assert_match(reason, "{callback_failed, {open_account, system_replace_state},"
                                 " {error, {badarg, _}}}");
        cop_assert_term(cop_call(pid, "balance"), "100");
        cop_server_stop(pid);
}

static void hear(void *context, enum cop_level level, cop_term report)
{
        cop_term state;

        if (cop_match(report, "#{label := {gen_server, terminate}, state := State}", &state))
                cop_send("listener", "{state, Text}", cop_shown_text(state));
}

COP_TEST(STATE_report, "the report of a server's end shows the state, without what is hidden")
{
        cop_pid pid;
        cop_term text;

        need_dw();
        cop_register("listener", cop_self());
        cop_report_to(hear, NULL);
        pid = cop_server_start(account, cop_build("ann"));
        cop_cast(pid, "nonsense");
        cop_assert(cop_receive(5000, "{state, Text}", &text));
        cop_report_to(NULL, NULL);
        if (strncmp(cop_to_cstring(text),
                    "struct account{balance = 100, mood = 'CALM', password = hidden, owner = ann, ",
                    75) != 0)
                cop_fail("%s", cop_to_cstring(text));
        cop_assert_match(reason_of(pid), "{_, _}");
}

COP_TEST(STATE_status, "sys shows the status, without what is hidden")
{
        cop_term state;
        cop_pid pid;

        need_dw();
        pid = cop_server_start(account, cop_build("ann"));
        cop_assert_match(
                cop_sys_get_status(pid),
                "{status, _, _, [_, _, _, _, [_, {data, [_, {'Status', #{state := S}}]}]]}",
                &state);
        cop_assert(strstr(cop_show(state), "{password,hidden}") != NULL);
        cop_server_stop(pid);
}

COP_TEST(STATE_unknown, "without debug information a state is its bytes, and can be given back")
{
        cop_term state;
        cop_pid pid;

        pid = cop_server_start(number, cop_int(5));
        cop_sys_replace_state(pid, cop_build("{'unsigned long', Bytes}",
                                             cop_binary(&(unsigned long){ 9 }, sizeof(long))));
        state = cop_sys_get_state(pid);
        if (COP_HAVE_DW)
                cop_assert_term(state, "9");
        else
                cop_assert_match(state, "{'unsigned long', <<9, _:56>>}");
        cop_server_stop(pid);
}
