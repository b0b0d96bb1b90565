%% Runs scenario files on the OTP of the Erlang that runs this, and prints
%% their traces. The format of both is defined in ../README.md.
-module(oracle).

-export([main/1]).
%% for the test processes
-export([register_self/2, record/1, next_result/2, started/2, definition/1,
         strategy/1, real_specs/1, parent_of/1, find/1]).
%% logger handler
-export([log/2]).

-define(DEADLINE, 20000).       % ms a step may take to settle

%% A process of the scenario.
-record(proc, {pid, label, inc, kind, parent, parallel = false, state = alive}).

%%% -------------------------------------------------------------------
%%% Command line: [-o DIR] FILE...
%%% -------------------------------------------------------------------

main(["-o", Dir | Files]) ->
    main(Files, fun(File, Trace) ->
                        Name = filename:basename(File, ".scn") ++ ".trace",
                        ok = file:write_file(filename:join(Dir, Name), Trace)
                end);
main(Files) ->
    main(Files, fun(_File, Trace) -> file:write(standard_io, Trace) end).

main(Files, Out) ->
    io:setopts(standard_io, [binary, {encoding, latin1}]),
    [{module, M} = code:ensure_loaded(M)
     || M <- [gen, gen_server, proc_lib, sys, supervisor, oracle_worker, oracle_supervisor, io_lib, file]],
    logger:set_primary_config(level, debug),
    _ = logger:remove_handler(default),
    ok = logger:add_handler(?MODULE, ?MODULE, #{}),
    Bad = [File || File <- Files, not run_file(File, Out)],
    halt(case Bad of [] -> 0; _ -> 1 end).

run_file(File, Out) ->
    case file:consult(File) of
        {ok, Terms} ->
            {Good, Trace} = run_scenario(Terms),
            Out(File, Trace),
            Good;
        {error, Why} ->
            io:format(standard_error, "~s: ~s~n", [File, file:format_error(Why)]),
            false
    end.

%%% -------------------------------------------------------------------
%%% A scenario
%%% -------------------------------------------------------------------

run_scenario(Terms) ->
    Tables = [oracle_log, oracle_proc, oracle_count, oracle_def, oracle_crash],
    [ets:new(T, [named_table, public, table_type(T), {keypos, keypos(T)}]) || T <- Tables],
    [define(T) || T <- Terms, element(1, T) =:= supervisor],
    [Steps] = [S || {run, S} <- Terms],
    put(order_open, lists:member({order, processes}, Terms)),
    Collector = spawn_link(fun collector/0),
    register(oracle_collector, Collector),
    put(trace, []), put(pending, []), put(callers, []), put(seen_log, 0), put(seen_exit, 0),
    Good = try
               lists:foldl(fun step/2, 1, Steps),
               put_line(["{alive,[", lists:join(",", lists:sort([term(P#proc.pid) || P <- living()])), "]}"]),
               true
           catch
               throw:{abort, Why} ->
                   put_line(["  {abort,", term(Why), "}"]),
                   false
           end,
    clean_up(Collector),
    [ets:delete(T) || T <- Tables],
    {Good, lists:reverse(get(trace))}.

keypos(oracle_proc) -> #proc.pid;
keypos(_)           -> 1.

table_type(oracle_count) -> set;        % 1 and 1.0 are two labels
table_type(_)            -> ordered_set.

define({supervisor, Name, Flags, Specs}) ->
    define({supervisor, Name, Flags, Specs, #{}});
define({supervisor, Name, Flags, Specs, Options}) ->
    ets:insert(oracle_def, {Name, {Flags, Specs, Options}}).

definition(Name) ->
    [{_, Definition}] = ets:lookup(oracle_def, Name),
    Definition.

strategy(#{strategy := S}) -> S;
strategy({S, _, _})        -> S;
strategy(_)                -> one_for_one.

clean_up(Collector) ->
    unlink(Collector),
    All = [P#proc.pid || P <- living()] ++ get(callers) ++ [Pid || {_, Pid} <- get(pending), is_pid(Pid)]
        ++ [Collector],
    Refs = [begin R = monitor(process, P), exit(P, kill), R end || P <- All],
    [receive {'DOWN', R, _, _, _} -> ok end || R <- Refs],
    flush_mailbox().

flush_mailbox() ->
    receive _ -> flush_mailbox() after 0 -> ok end.

%%% -------------------------------------------------------------------
%%% Steps
%%% -------------------------------------------------------------------

step(Step, N) ->
    put_line(["{step,", integer_to_list(N), ",", term(Step), "}"]),
    step(Step),
    N + 1.

step({sleep, Ms})       -> timer:sleep(Ms);
step({align, Ms})       -> timer:sleep((Ms - mod(erlang:monotonic_time(millisecond), 1000) + 1000) rem 1000);
step({async, Tag, Op})  -> start_op(Tag, Op);
step(settle)            -> settle(), print_events(), put_result(ok);
step(Op) ->
    start_op('', Op),
    Result = wait_op(''),
    settle(),
    print_events(),
    put_result(Result).

mod(A, B) -> ((A rem B) + B) rem B.

put_result(Result) ->
    put_line(["  {result,", term(Result), "}"]).

%% An operation that may block runs in a process of its own. When this
%% returns, its request has been sent.
start_op(Tag, Op) ->
    case prepare(Op) of
        {done, Result} ->
            self() ! {op_result, Tag, Result},
            put(pending, get(pending) ++ [{Tag, none}]);
        {call, Fun} ->
            Driver = self(),
            Pid = spawn(fun() -> Driver ! {op_result, Tag, attempt(Fun)} end),
            put(pending, get(pending) ++ [{Tag, Pid}]),
            until_waiting(Pid);
        {linked, Fun} ->
            Driver = self(),
            Pid = spawn(fun() ->
                                process_flag(trap_exit, true),
                                Driver ! {op_result, Tag, attempt(Fun)},
                                starter()
                        end),
            put(callers, [Pid | get(callers)]),
            put(pending, get(pending) ++ [{Tag, none}]),
            until_waiting(Pid)
    end.

attempt(Fun) ->
    try
        Fun()
    catch
        exit:{Reason, {gen_server, _, _}} -> {exit, Reason};
        exit:{Reason, {sys, _, _}}        -> {exit, Reason};
        exit:Reason                       -> {exit, Reason};
        error:Reason:Stack                -> {exit, {Reason, Stack}}
    end.

%% The process that started a top supervisor or a worker without one, and so
%% is its parent. It traps exits.
starter() ->
    receive
        {die, Reason} -> exit(Reason);
        _             -> starter()
    end.

until_waiting(Pid) ->
    case process_info(Pid, status) of
        undefined         -> ok;
        {status, waiting} -> ok;
        _                 -> erlang:yield(), until_waiting(Pid)
    end.

wait_op(Tag) ->
    receive
        {op_result, Tag, Result} ->
            put(pending, lists:keydelete(Tag, 1, get(pending))),
            Result
    after ?DEADLINE ->
            throw({abort, no_result})
    end.

prepare({start, Name})            -> {linked, fun() -> oracle_supervisor:start_link(Name, Name) end};
prepare({start_worker, Label, B}) -> {linked, fun() -> oracle_worker:start_link(Label, B) end};
prepare({parent_exit, Ref, R}) ->
    with(Ref, fun(Pid) ->
                      Parent = parent_of(Pid),
                      case lists:member(Parent, get(callers)) of
                          true  -> Parent ! {die, R}, {done, ok};
                          false -> {done, not_top}
                      end
              end);

prepare({cast, Ref, Action})  -> with(Ref, fun(Pid) -> {done, gen_server:cast(Pid, Action)} end);
prepare({send, Ref, Message}) -> with(Ref, fun(Pid) -> Pid ! Message, {done, ok} end);
prepare({signal, Ref, R})     -> with(Ref, fun(Pid) -> exit(Pid, R), {done, ok} end);
prepare({call, Ref, Request}) ->
    call(Ref, fun(Pid) -> {reply, gen_server:call(Pid, Request, infinity)} end);
prepare({call, Ref, Request, Ms}) ->
    call(Ref, fun(Pid) -> {reply, gen_server:call(Pid, Request, Ms)} end);
prepare({stop, Ref, R})       -> call(Ref, fun(Pid) -> gen_server:stop(Pid, R, infinity) end);
prepare({stop, Ref, R, Ms})   -> call(Ref, fun(Pid) -> gen_server:stop(Pid, R, Ms) end);
prepare({suspend, Ref})       -> call(Ref, fun(Pid) -> sys:suspend(Pid) end);
prepare({resume, Ref})        -> call(Ref, fun(Pid) -> sys:resume(Pid) end);

prepare({start_child, Ref, Spec}) ->
    call(Ref, fun(Sup) -> supervisor:start_child(Sup, real_start_arg(Sup, Spec)) end);
prepare({start_children, Ref, N}) ->
    call(Ref, fun(Sup) -> [supervisor:start_child(Sup, []) || _ <- lists:seq(1, N)] end);
prepare({terminate_child, Ref, Id}) ->
    api(Ref, Id, fun supervisor:terminate_child/2);
prepare({restart_child, Ref, Id}) ->
    api(Ref, Id, fun supervisor:restart_child/2);
prepare({delete_child, Ref, Id}) ->
    api(Ref, Id, fun supervisor:delete_child/2);
prepare({get_childspec, Ref, Id}) ->
    api(Ref, Id, fun supervisor:get_childspec/2);
prepare({which_children, Ref}) ->
    call(Ref, fun(Sup) ->
                      Children = supervisor:which_children(Sup),
                      case lookup(Sup) of
                          #proc{kind = {supervisor, simple_one_for_one}} -> {sorted, Children};
                          _                                              -> Children
                      end
              end);
prepare({count_children, Ref}) ->
    call(Ref, fun supervisor:count_children/1);
prepare({check_childspecs, Specs}) ->
    {call, fun() -> supervisor:check_childspecs(real_specs(Specs)) end};
prepare({check_childspecs, Specs, AutoShutdown}) ->
    {call, fun() -> supervisor:check_childspecs(real_specs(Specs), AutoShutdown) end};
prepare({whereis, Name}) ->
    {done, whereis(Name)}.

with(Ref, Fun) ->
    case find(Ref) of
        undefined -> {done, unknown};
        Pid       -> Fun(Pid)
    end.

call(Ref, Fun) ->
    with(Ref, fun(Pid) -> {call, fun() -> Fun(Pid) end} end).

api(Ref, {pid, Other}, Fun) ->
    with(Other, fun(Pid) -> call(Ref, fun(Sup) -> Fun(Sup, Pid) end) end);
api(Ref, Id, Fun) ->
    call(Ref, fun(Sup) -> Fun(Sup, Id) end).

%%% -------------------------------------------------------------------
%%% Child specs: from {worker, B} and {supervisor, Name} to OTP's {M, F, Args}
%%% -------------------------------------------------------------------

real_start_arg(Sup, Arg) ->
    case lookup(Sup) of
        #proc{kind = {supervisor, simple_one_for_one}} -> Arg;
        _                                              -> real_spec(Arg)
    end.

real_specs(Specs) when is_list(Specs) -> [real_spec(S) || S <- Specs];
real_specs(Other)                     -> Other.

real_spec(#{start := Start} = Spec) ->
    Spec#{start := real_start(maps:get(id, Spec, undefined), Start)};
real_spec({Id, Start, Restart, Shutdown, Type, Modules}) ->
    {Id, real_start(Id, Start), Restart, Shutdown, Type, Modules};
real_spec(Other) ->
    Other.

real_start(Id, {worker, B}) when is_map(B)        -> {oracle_worker, start_link, [Id, B]};
real_start(Id, {supervisor, D}) when is_atom(D)   -> {oracle_supervisor, start_link, [Id, D]};
real_start(_, Other)                              -> Other.

%%% -------------------------------------------------------------------
%%% What the test processes tell
%%% -------------------------------------------------------------------

%% The next result of a script; the last one is repeated for ever.
next_result(Label, Results) ->
    N = ets:update_counter(oracle_count, {start, Label}, 1, {{start, Label}, 0}),
    lists:nth(min(N, length(Results)), Results).

%% Where a start fails, OTP before 26 returns while the new process is still
%% on its way out and its exit signal in the inbox of who traps exits; later
%% ones wait for its death and take the signal out, and so does this.
started(Label, Start) ->
    Before = incarnations(Label),
    Result = Start(),
    case {Result, incarnations(Label)} of
        {{ok, _}, _} -> ok;
        {_, Before}  -> ok;
        {_, N} ->
            Pid = find({Label, N}),
            Ref = monitor(process, Pid),
            receive {'DOWN', Ref, _, _, _} -> ok end,
            receive {'EXIT', Pid, _} -> ok after 0 -> ok end
    end,
    Result.

incarnations(Label) ->
    case ets:lookup(oracle_count, {inc, Label}) of
        [{_, N}] -> N;
        []       -> 0
    end.

register_self(Label, Kind) ->
    Ref = make_ref(),
    oracle_collector ! {register, self(), Ref, Label, Kind, ancestor()},
    receive {Ref, ok} -> ok end.

ancestor() ->
    case get('$ancestors') of
        [Name | _] when is_atom(Name) -> whereis(Name);
        [Pid | _]                     -> Pid
    end.

%% Keeps what happens in one order for all processes.
record(Event) ->
    N = ets:update_counter(oracle_count, event, 1, {event, 0}),
    ets:insert(oracle_log, {N, self(), Event}),
    ok.

%% Numbers the incarnations and notes the deaths.
collector() ->
    receive
        {register, Pid, Ref, Label, Kind, Parent} ->
            Inc = ets:update_counter(oracle_count, {inc, Label}, 1, {{inc, Label}, 0}),
            Parallel = case ets:lookup(oracle_proc, Parent) of
                           [#proc{kind = {supervisor, simple_one_for_one}}] -> true;
                           _                                                -> false
                       end,
            ets:insert(oracle_proc, #proc{pid = Pid, label = Label, inc = Inc, kind = Kind,
                                          parent = Parent, parallel = Parallel}),
            monitor(process, Pid),
            Pid ! {Ref, ok};
        {'DOWN', _, process, Pid, Reason} ->
            N = ets:update_counter(oracle_count, exit, 1, {exit, 0}),
            ets:update_element(oracle_proc, Pid, {#proc.state, {dead, N, Reason}})
    end,
    collector().

lookup(Pid) ->
    case ets:lookup(oracle_proc, Pid) of
        [Proc] -> Proc;
        []     -> undefined
    end.

parent_of(Pid) -> (lookup(Pid))#proc.parent.

living() -> [P || #proc{state = alive} = P <- ets:tab2list(oracle_proc)].

%% {Label, Incarnation}, or Label: the newest living incarnation, else the newest.
find({Label, N}) when is_integer(N) ->
    case [P || #proc{label = L, inc = I} = P <- ets:tab2list(oracle_proc), L =:= Label, I =:= N] of
        [#proc{pid = Pid}] -> Pid;
        []                 -> undefined
    end;
find(Label) ->
    case lists:sort([{P#proc.state =:= alive, P#proc.inc, P#proc.pid}
                     || P <- ets:tab2list(oracle_proc), P#proc.label =:= Label]) of
        []    -> undefined;
        Found -> element(3, lists:last(Found))
    end.

%% Logger calls this in the process that logs.
log(#{msg := {report, #{label := {supervisor, progress}, report := Report}}}, _) ->
    {started, Child} = lists:keyfind(started, 1, Report),
    {pid, Pid} = lists:keyfind(pid, 1, Child),
    %% later releases report the children of simple_one_for_one too
    case lookup(Pid) of
        #proc{parallel = true} -> ok;
        _                      -> record({started, self(), Pid})
    end;
log(#{msg := {report, #{label := {supervisor, Kind}, report := Report}}}, _) ->
    {reason, Reason} = lists:keyfind(reason, 1, Report),
    {offender, Child} = lists:keyfind(offender, 1, Report),
    {id, Id} = lists:keyfind(id, 1, Child),
    Pid = case hd(Child) of
              {pid, P}         -> P;
              {nb_children, N} -> {nb_children, N}
          end,
    record({report, self(), Kind, Id, Pid, clearer(Kind, Reason)});
log(#{msg := {report, #{label := {gen_server, terminate}}}}, _) ->
    record({server_error, self()});
log(#{msg := {report, #{label := {proc_lib, crash}}}}, _) ->
    ets:insert(oracle_crash, {self()});
log(#{msg := {"Supervisor received unexpected message: ~tp~n", [Message]}}, _) ->
    record({unexpected, self(), Message});
log(_, _) ->
    ok.

%% What later releases say of a child that was no longer linked.
clearer(shutdown_error, noproc) -> child_process_unlinked;
clearer(_, Reason)              -> Reason.

%%% -------------------------------------------------------------------
%%% Settling: waits until nothing moves any more
%%% -------------------------------------------------------------------

settle() ->
    settle(erlang:monotonic_time(millisecond) + ?DEADLINE, 0, busy).

settle(Deadline, Round, Last) ->
    case snapshot() of
        Last when Last =/= busy ->
            ok;
        Snapshot ->
            erlang:monotonic_time(millisecond) < Deadline orelse throw({abort, not_settled}),
            pause(Round),
            settle(Deadline, Round + 1, Snapshot)
    end.

pause(Round) when Round < 20 -> erlang:yield();
pause(_)                     -> timer:sleep(1).

%% 'busy', or what has been recorded so far: the same twice in a row, with
%% nothing running but this process, means that nothing moves any more.
snapshot() ->
    Callers = get(callers) ++ [Pid || {_, Pid} <- get(pending), is_pid(Pid)],
    try
        [quiet(P#proc.pid, fun proc_quiet/2) || P <- living()],
        [quiet(Pid, fun caller_quiet/2) || Pid <- Callers, is_process_alive(Pid)],
        quiet(whereis(oracle_collector), fun caller_quiet/2),
        erlang:statistics(total_active_tasks) =:= 1 orelse throw(busy),
        [ets:lookup(oracle_count, What) || What <- [event, exit]]
    catch
        throw:busy -> busy
    end.

quiet(Pid, Quiet) ->
    case process_info(Pid, [status, current_function, message_queue_len]) of
        [{status, waiting}, {_, Function}, {_, Queue}] ->
            Quiet(Function, Queue) orelse throw(busy);
        _ ->
            throw(busy)
    end.

proc_quiet({gen_server, loop, _}, 0)     -> true;
proc_quiet({_, hibernate, _}, 0)         -> true;
proc_quiet({gen_server, loop_hibernate, _}, 0) -> true;
proc_quiet({sys, suspend_loop, _}, _)    -> true;
proc_quiet({oracle_worker, never, _}, _) -> true;
proc_quiet(_, _)                         -> false.

caller_quiet(_, Queue) -> Queue =:= 0.

%%% -------------------------------------------------------------------
%%% Printing
%%% -------------------------------------------------------------------

put_line(Line) ->
    put(trace, [[Line, $\n] | get(trace)]).

%% Everything since the last time: events, exits, results of asynchronous
%% operations.
print_events() ->
    Events = ets:select(oracle_log, [{{'$1', '$2', '$3'}, [{'>', '$1', get(seen_log)}], [{{'$1', '$2', '$3'}}]}]),
    case Events of
        [] -> ok;
        _  -> put(seen_log, element(1, lists:last(Events)))
    end,
    SeenExit = get(seen_exit),
    Exits = [P || #proc{state = {dead, N, _}} = P <- ets:tab2list(oracle_proc), N > SeenExit],
    put(seen_exit, lists:max([SeenExit | [N || #proc{state = {dead, N, _}} <- Exits]])),
    [put_line(line(Event)) || {_, _, Event} <- in_order(Exits, Events)],
    Crashes = [line({crash_report, Pid}) || #proc{pid = Pid} <- Exits, ets:member(oracle_crash, Pid)],
    Deaths = [line({exit, Pid, R}) || #proc{pid = Pid, state = {dead, _, R}} <- Exits],
    [put_line(L) || L <- lists:sort(Crashes) ++ lists:sort(Deaths)],
    put(pending, [P || P <- get(pending), not print_async(P)]),
    ok.

print_async({Tag, _}) ->
    receive
        {op_result, Tag, Result} ->
            put_line(["  {result,", term(Tag), ",", term(Result), "}"]),
            true
    after 0 ->
            false
    end.

line(Event) -> lists:flatten(["  ", term(Event)]).

%% Where supervisors end in parallel, the order of events is open: one was
%% killed, or several under the same simple_one_for_one supervisor ended.
loose(Exits) ->
    Supervisors = [P || #proc{kind = {supervisor, _}} = P <- Exits],
    Parents = [P#proc.parent || P <- Supervisors, P#proc.parallel],
    lists:any(fun(#proc{state = {dead, _, R}}) -> R =:= killed end, Supervisors)
        orelse length(lists:usort(Parents)) < length(Parents).

in_order(Exits, Events) ->
    case get(order_open) of
        true ->
            Dead = [P#proc.pid || P <- Exits],
            runs(by_process([E || {_, Pid, Event} = E <- Events,
                                  not (is_signal(Event) andalso lists:member(Pid, Dead))]));
        false ->
            case loose(Exits) of
                true  -> runs(by_process(Events));
                false -> runs(Events)
            end
    end.

is_signal({info, _, {'EXIT', _, _}})          -> true;
is_signal({info, _, {_, _, process, _, _}})   -> true;        % DOWN, or its tag
is_signal(_)                                  -> false.

%% Keeps the order of the lines of one process.
by_process(Events) ->
    [E || {_, E} <- lists:keysort(1, [{lists:flatten(term(Pid)), E} || {_, Pid, _} = E <- Events])].

%% Orders runs of lines that may come in any order.
runs([]) -> [];
runs([{_, Pid, Event} = First | Rest]) ->
    case group(Pid, Event) of
        none -> [First | runs(Rest)];
        Group ->
            {Run, Others} = lists:splitwith(fun({_, P, E}) -> group(P, E) =:= Group end, Rest),
            order_run(Group, [First | Run]) ++ runs(Others)
    end.

order_run({ends, _}, Run)   -> by_process(Run);
order_run({Lines, _}, Run) when Lines =:= errors; Lines =:= signals ->
    [E || {_, E} <- lists:keysort(1, [{line(Event), E} || {_, _, Event} = E <- Run])].

group(Pid, {report, _, shutdown_error, _, {nb_children, _}, _}) -> {errors, Pid};
group(Pid, Event) when element(1, Event) =:= terminate;
                       element(1, Event) =:= terminated;
                       element(1, Event) =:= server_error ->
    case lookup(Pid) of
        #proc{parallel = true, parent = Parent} -> {ends, Parent};
        _                                       -> none
    end;
group(Pid, Event) ->
    case get(order_open) andalso is_signal(Event) of
        true  -> {signals, Pid};
        false -> none
    end.

%% A term in the canonical syntax.
term({oracle_worker, start_link, undefined})     -> term({worker, undefined});
term({oracle_worker, start_link, [_, B | _]})    -> term({worker, B});
term({oracle_supervisor, start_link, undefined}) -> term({supervisor, undefined});
term({oracle_supervisor, start_link, [_, D | _]}) -> term({supervisor, D});
term({sorted, Elements}) -> ["[", lists:join(",", lists:sort([lists:flatten(term(E)) || E <- Elements])), "]"];
term(oracle_worker)      -> "worker";
term(oracle_supervisor)  -> "supervisor";
term(T) when is_pid(T) ->
    case lookup(T) of
        #proc{label = Label, inc = Inc} -> term({Label, Inc});
        undefined when T =:= self()     -> "driver";
        undefined                       -> "pid"
    end;
term(T) when is_reference(T) -> "ref";
term(T) when is_tuple(T) -> ["{", lists:join(",", [term(E) || E <- tuple_to_list(T)]), "}"];
term(T) when is_map(T) ->
    Pairs = lists:sort(maps:to_list(T)),
    ["#{", lists:join(",", [[term(K), " => ", term(V)] || {K, V} <- Pairs]), "}"];
term(T) when is_list(T) ->
    case is_stack(T) of
        true  -> "stack";
        false -> list(T)
    end;
term(T) -> io_lib:format("~w", [T]).

list(T) when length(T) >= 0 -> ["[", lists:join(",", [term(E) || E <- T]), "]"];
list(T)                     -> io_lib:format("~w", [T]).        % improper

is_stack([{M, F, A, L}])        -> is_frame(M, F, A, L);
is_stack([{M, F, A, L} | Rest]) -> is_frame(M, F, A, L) andalso is_stack(Rest);
is_stack(_)                     -> false.

is_frame(M, F, A, L) ->
    is_atom(M) andalso is_atom(F) andalso (is_integer(A) orelse is_list(A)) andalso is_list(L).
