#!/usr/bin/env escript
%% run.escript: runs scripts of event managers in Erlang, and writes what came of each operation.
%%
%%     escript run.escript FILE.script...     writes FILE.trace beside each
%%
%% README.md says what the operations are; tests/otp/program_manager_script.c does the same in C.
-mode(compile).
-export([init/1, handle_event/2, handle_call/2, handle_info/2, terminate/2]).

%% ---- the handler: its state is its letter ----

init({{Letter, Return}, Result}) -> begin_as(Letter, {swapped, canon(Result)}, Return);
init({Letter, Return}) -> begin_as(Letter, added, Return).

begin_as(Letter, How, Return) ->
    tell({Letter, init, How}),
    case act(Return, fun(R) -> R end) of
        ok -> {ok, Letter};
        Other -> Other
    end.

handle_event(E, Letter) -> respond(event, E, Letter).
handle_info({'EXIT', _, R}, Letter) -> tell({Letter, info, canon(R)}), {ok, Letter};
handle_info(E, Letter) -> respond(info, E, Letter).

respond(What, {N, Acts}, Letter) ->
    tell({Letter, What, N}),
    act(proplists:get_value(Letter, Acts, ok), fun(R) -> event(R, Letter) end).

handle_call({N, Return}, Letter) ->
    tell({Letter, call, N}),
    act(Return, fun(R) -> call(R, Letter) end).

terminate(Why, Letter) ->
    tell({Letter, terminate, canon(Why)}),
    case Why of
        crash -> exit(crashed);
        _ -> {was, Letter}
    end.

act({error, E}, _) -> error(E);
act({exit, R}, _) -> exit(R);
act({throw, V}, With) -> throw(With(V));
act(R, With) -> With(R).

event(ok, S) -> {ok, S};
event({swap_handler, Why, H, A}, S) -> {swap_handler, Why, S, name(H), A};
event(Other, _) -> Other.

call({reply, X}, S) -> {ok, X, S};
call({swap_handler, X, Why, H, A}, S) -> {swap_handler, X, Why, S, name(H), A};
call(Other, _) -> Other.

name(none) -> ?MODULE;
name(Id) -> {?MODULE, Id}.

tell(What) ->
    get_runner() ! {told, What}.

get_runner() -> hd(get('$ancestors')).

%% ---- what came of it, without what cannot be equal ----

canon(?MODULE) -> listener;
canon({A, Stack}) when is_list(Stack) -> {canon(A), stack};
canon({R, {gen_event, _, _}}) -> canon(R);
canon({R, {sys, _, _}}) -> canon(R);
canon(T) when is_tuple(T) -> list_to_tuple([canon(X) || X <- tuple_to_list(T)]);
canon(P) when is_pid(P) -> pid;
canon(X) -> X.

outcome(Fun) ->
    try canon(Fun())
    catch exit:R -> {exit, canon(R)}
    end.

told() ->
    receive
        {told, What} -> [What | told()];
        {'EXIT', _, R} -> [{'EXIT', canon(R)} | told()];
        {gen_event_EXIT, H, R} -> [{gen_event_EXIT, canon(H), canon(R)} | told()]
    after 0 -> []
    end.

settle() ->
    try gen_event:which_handlers(get(manager)) of _ -> ok
    catch exit:_ -> ok
    end,
    told().

%% ---- operations ----

run(start) ->
    case get(manager) of
        undefined -> ok;
        Old -> catch gen_event:stop(Old)
    end,
    told(),
    {ok, Pid} = gen_event:start_link(),
    put(manager, Pid),
    started;
run({add, H, A}) -> outcome(fun() -> gen_event:add_handler(get(manager), name(H), A) end);
run({add_sup, H, A}) -> outcome(fun() -> gen_event:add_sup_handler(get(manager), name(H), A) end);
run({delete, H, Why}) -> outcome(fun() -> gen_event:delete_handler(get(manager), name(H), Why) end);
run({swap, H, Why, New, A}) ->
    outcome(fun() -> gen_event:swap_handler(get(manager), {name(H), Why}, {name(New), A}) end);
run({swap_sup, H, Why, New, A}) ->
    outcome(fun() -> gen_event:swap_sup_handler(get(manager), {name(H), Why}, {name(New), A}) end);
run({notify, E}) -> gen_event:notify(get(manager), E);
run({sync_notify, E}) -> outcome(fun() -> gen_event:sync_notify(get(manager), E) end);
run({info, {N, _} = E}) -> get(manager) ! E, N;
run({call, H, R}) -> outcome(fun() -> gen_event:call(get(manager), name(H), R) end);
run(which) ->
    try [canon(H) || H <- gen_event:which_handlers(get(manager))]
    catch exit:R -> {exit, canon(R)}
    end;
run(state) ->
    try [canon(S) || S <- sys:get_state(get(manager))]
    catch exit:R -> {exit, canon(R)}
    end;
run({stop, R}) -> outcome(fun() -> gen_event:stop(get(manager), R, 5000) end).

file(Path) ->
    process_flag(trap_exit, true),
    {ok, Operations} = file:consult(Path),
    Lines = [begin
                 Result = run(Operation),
                 io_lib:format("~w~n  ~w~n~s", [Operation, Result,
                                                [io_lib:format("  ~w~n", [T]) || T <- settle()]])
             end || Operation <- Operations],
    ok = file:write_file(filename:rootname(Path) ++ ".trace", Lines).

main(Paths) ->
    logger:set_primary_config(level, none),
    [begin
         {_, Ref} = spawn_monitor(fun() -> file(Path) end),
         receive
             {'DOWN', Ref, _, _, normal} -> ok;
             {'DOWN', Ref, _, _, R} -> io:format(standard_error, "~s: ~p~n", [Path, R])
         end
     end || Path <- Paths].
