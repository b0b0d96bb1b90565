%% run.erl: runs scripts of process groups in Erlang, and writes what came of each operation.
%%
%%     escript run.erl FILE.script...     writes FILE.trace beside each
%%
%% README.md says what the operations are; tests/otp/program_groups_script.c does the same in C.
-module(run).
-export([main/1]).
-mode(compile).

main(Files) ->
    logger:set_primary_config(level, none),
    lists:foreach(fun file/1, Files).

file(Path) ->
    {ok, Operations} = file:consult(Path),
    {Pid, Ref} = spawn_monitor(fun() -> script(Path, Operations) end),
    receive
        {'DOWN', Ref, process, Pid, normal} -> ok;
        {'DOWN', Ref, process, Pid, Reason} -> io:format("~s: ~p~n", [Path, Reason])
    end.

script(Path, Operations) ->
    [start(Scope) || Scope <- [s, t]],
    [member(P) || P <- lists:seq(0, 3)],
    Lines = [line(Operation) || Operation <- Operations],
    [exit(get({member, P}), kill) || P <- lists:seq(0, 3)],
    [gen_server:stop(Scope) || Scope <- [s, t]],
    ok = file:write_file(filename:rootname(Path) ++ ".trace", Lines).

line(Operation) ->
    Result = try run(Operation)
             catch exit:{Reason, {gen_server, call, _}} -> {exit, Reason};
                   error:{nolocal, X} -> {error, {nolocal, X}};
                   error:Reason -> {error, Reason}
             end,
    settle(),
    io_lib:format("~w~n  ~w~n", [Operation, {Result, lists:sort(heard())}]).

start(Scope) ->
    {ok, Pid} = pg:start(Scope),
    put({scope, Scope}, Pid).

member(P) ->
    put({member, P}, spawn(fun() -> receive stop -> ok end end)).

label(Pid) ->
    case [P || P <- lists:seq(0, 3), get({member, P}) =:= Pid] of
        [P] -> lists:nth(P + 1, [p0, p1, p2, p3]);
        [] -> gone
    end.

labels(Pids) -> lists:sort([label(Pid) || Pid <- Pids]).

pids(Ps) when is_list(Ps) -> [get({member, P}) || P <- Ps];
pids(P) -> get({member, P}).

run({join, S, G, W}) -> pg:join(S, G, pids(W));
run({leave, S, G, W}) -> pg:leave(S, G, pids(W));
run({members, S, G}) -> labels(pg:get_members(S, G));
run({local, S, G}) -> labels(pg:get_local_members(S, G));
run({groups, S}) -> lists:sort(pg:which_groups(S));
run({wrong, S, X}) -> pg:join(S, a, X);
run({finish, P}) ->
    Ref = monitor(process, get({member, P})),
    exit(get({member, P}), kill),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    settle(),
    put(heard, lists:sort(heard())),
    member(P),
    finished;
run({monitor_scope, S, N}) ->
    {Ref, Groups} = pg:monitor_scope(S),
    put({watch, N}, Ref),
    [{G, labels(Pids)} || {G, Pids} <- lists:sort(maps:to_list(Groups))];
run({monitor, S, G, N}) ->
    {Ref, Pids} = pg:monitor(S, G),
    put({watch, N}, Ref),
    labels(Pids);
run({demonitor, S, N}) ->
    case get({watch, N}) of
        undefined -> none;
        Ref -> pg:demonitor(S, Ref)
    end;
run({restart, S}) ->
    gen_server:stop(get({scope, S})),
    start(S),
    restarted.

%% Every scope has heard what there was to hear.
settle() ->
    [sys:get_state(Scope) || Scope <- [s, t]].

heard() ->
    case erase(heard) of
        undefined -> listen();
        Before -> Before ++ listen()
    end.

listen() ->
    receive
        {Ref, What, G, Pids} when is_reference(Ref) ->
            N = [N || N <- lists:seq(0, 2), get({watch, N}) =:= Ref],
            [{N, What, G, [label(Pid) || Pid <- Pids]} | listen()];
        _ ->
            listen()
    after 0 -> []
    end.
