/*
 * multi_call.c: one request to many servers, all at the same time.
 *
 * Requests in two parts: first all are sent, then each is waited for, until a deadline that is the
 * same for all. Who has not answered by then is given up, so nothing of it comes later.
 */
#include <coppice/memory.h>
#include <coppice/server.h>
#include <coppice/timer.h>

static COP_NORETURN void calls_itself(cop_term servers, cop_term request)
{
        cop_exit("{calling_self, {gen_server, multi_call, [Servers, Request]}}", servers, request);
}

cop_term cop__multi_call(cop_term servers, int64_t timeout_ms, cop_term request)
{
        int64_t end_ms = timeout_ms < 0 ? 0 : cop_now_ms() + timeout_ms;
        cop_ref *requests = cop_alloc((cop_length(servers) + 1) * sizeof(cop_ref));
        cop_term answers = cop_nil(), missing = cop_nil(), answer;
        size_t i = 0;

        COP_EACH (server, servers)
                if (cop_same(cop_find(server), cop_self()))
                        calls_itself(servers, request);
        COP_EACH (server, servers)
                requests[i++] = cop_send_request_term(COP__TO(server), request);
        i = 0;
        COP_EACH (server, servers)
                if (cop_receive_response(requests[i++],
                                         timeout_ms < 0 ? COP_FOREVER : cop_until(end_ms),
                                         &answer) == COP_RESPONSE_REPLY)
                        answers = cop_cons(cop_build("{Server, Answer}", server, answer), answers);
                else
                        missing = cop_cons(server, missing);
        cop_free(requests);
        return cop_build("{Answers, Missing}", cop_reverse(answers), cop_reverse(missing));
}
