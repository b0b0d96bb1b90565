#!/usr/bin/env escript
%% run.escript: runs scripts of state machines in Erlang, and writes what came of each operation.
%%
%%     escript run.escript FILE.script...     writes FILE.trace beside each
%%
%% README.md says what the operations are; tests/otp/program_machine_script.c does the same in C.
-mode(compile).
-export([init/1, callback_mode/0, terminate/3, handle_event/4, a/3, b/3, c/3]).

-define(AT_ONCE, 25).

%% ---- the machine: its data is the number of events it has seen ----

init({Runner, Mode, Enter, Return, Enters}) ->
    put(runner, Runner),
    put(mode, [Mode] ++ [state_enter || Enter]),
    put(enters, Enters),
    with_data(act(Return, 0), 0).

callback_mode() -> get(mode).

terminate(Reason, State, _) -> tell({terminate, State, canon(Reason)}).

a(Type, Content, Data) -> handle_event(Type, Content, a, Data).
b(Type, Content, Data) -> handle_event(Type, Content, b, Data).
c(Type, Content, Data) -> handle_event(Type, Content, c, Data).

handle_event(enter, Old, State, Data) ->
    tell({State, enter, Old}),
    respond(State, get(enters), none, Data);
handle_event(Type, {N, Acts}, State, Data) ->
    tell({State, bare(Type), N}),
    respond(State, Acts, Type, Data).

respond(State, Acts, Type, Data) ->
    Return = act(proplists:get_value(State, Acts, keep_state), Data + 1),
    with_data(with_from(Return, Type), Data + 1).

act({error, E}, _) -> error(E);
act({exit, R}, _) -> exit(R);
act({throw, Return}, Data) -> throw(with_data(Return, Data));
act(Return, _) -> Return.

with_from({What, Actions}, Type) when is_list(Actions) ->
    {What, [from(A, Type) || A <- Actions]};
with_from({What, X, Actions}, Type) when is_list(Actions) ->
    {What, X, [from(A, Type) || A <- Actions]};
with_from(Return, _) -> Return.

from({reply, from, X}, {call, From}) -> {reply, From, X};
from(Action, _) -> Action.

with_data({ok, S}, D) -> {ok, S, D};
with_data({ok, S, As}, D) -> {ok, S, D, As};
with_data({next_state, S}, D) -> {next_state, S, D};
with_data({next_state, S, As}, D) -> {next_state, S, D, As};
with_data(keep_state, D) -> {keep_state, D};
with_data({keep_state, As}, D) -> {keep_state, D, As};
with_data(repeat_state, D) -> {repeat_state, D};
with_data({repeat_state, As}, D) -> {repeat_state, D, As};
with_data(Other, _) -> Other.

bare({call, _}) -> call;
bare(Type) -> Type.

tell(What) -> get(runner) ! {told, What}.

%% ---- what came of it, without what cannot be equal ----

canon({E, Stack}) when is_list(Stack) -> {canon(E), stack};
canon({bad_state_enter_return_from_state_function, T}) ->
    {bad_state_enter_return_from_state_function, element(2, T)};
canon({R, {sys, _, _}}) -> canon(R);
canon(R) -> R.

outcome(Fun) ->
    try Fun()
    catch
        exit:R -> {exit, canon(R)};
        error:E -> {error, canon(E)}
    end.

%% All that the machine has to do is done: this is the last that it is asked.
settle() ->
    try sys:get_state(get(machine)) of _ -> ok
    catch exit:_ -> ok
    end,
    told().

told() ->
    receive
        {told, What} -> [What | told()];
        {'EXIT', _, R} -> [{'EXIT', canon(R)} | told()]
    after 0 -> []
    end.

%% ---- operations ----

run({start, Mode, Enter, Return, Enters}) ->
    kill(get(machine)),
    erase(requests),
    case gen_statem:start_link(?MODULE, {self(), Mode, Enter, Return, Enters}, []) of
        {ok, Pid} -> put(machine, Pid), started;
        {error, R} -> put(machine, nobody), receive {'EXIT', _, _} -> ok after 1000 -> ok end,
                      {error, canon(R)};
        Other -> put(machine, nobody), receive {'EXIT', _, _} -> ok after 1000 -> ok end, Other
    end;
run({cast, Content}) -> gen_statem:cast(get(machine), Content);
run({info, {N, _} = Content}) ->
    try get(machine) ! Content, {sent, N} catch _:_ -> {sent, N} end;
run({call, Slot, Content}) ->
    case is_pid(get(machine)) of
        true -> put({request, Slot}, gen_statem:send_request(get(machine), Content)), sent;
        false -> erase({request, Slot}), nobody
    end;
run({answer, Slot}) ->
    case get({request, Slot}) of
        undefined -> none;
        Request ->
            case gen_statem:wait_response(Request, 0) of
                timeout -> timeout;
                {reply, X} -> erase({request, Slot}), {reply, X};
                {error, {R, _}} -> erase({request, Slot}), {error, canon(R)}
            end
    end;
run(wait) -> timer:sleep(800), ok;
run(state) -> outcome(fun() -> sys:get_state(get(machine)) end);
run({replace, State}) ->
    outcome(fun() -> sys:replace_state(get(machine), fun({_, D}) -> {State, D} end) end);
run(suspend) -> outcome(fun() -> sys:suspend(get(machine)) end);
run(resume) -> outcome(fun() -> sys:resume(get(machine)) end);
run({stop, R}) -> outcome(fun() -> gen_statem:stop(get(machine), R, 5000) end).

kill(Pid) when is_pid(Pid) ->
    exit(Pid, kill),
    receive {'EXIT', Pid, _} -> ok after 0 -> gone(Pid) end,
    told();
kill(_) -> ok.

gone(Pid) ->
    Ref = monitor(process, Pid),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    receive {'EXIT', Pid, _} -> ok after 0 -> ok end.

file(Path) ->
    process_flag(trap_exit, true),
    put(machine, nobody),
    {ok, Operations} = file:consult(Path),
    Lines = [begin
                 Result = run(Operation),
                 io_lib:format("~w~n  ~w~n~s", [Operation, Result,
                                                [io_lib:format("  ~w~n", [T]) || T <- settle()]])
             end || Operation <- Operations],
    ok = file:write_file(filename:rootname(Path) ++ ".trace", Lines).

main(Paths) ->
    logger:set_primary_config(level, none),
    files(Paths, 0).

files([], 0) -> ok;
files([Path | Paths], N) when N < ?AT_ONCE ->
    spawn_monitor(fun() -> file(Path) end),
    files(Paths, N + 1);
files(Paths, N) ->
    receive
        {'DOWN', _, _, _, normal} -> ok;
        {'DOWN', _, _, _, R} -> io:format(standard_error, "~p~n", [R])
    end,
    files(Paths, N - 1).
