%% The test worker: a gen_server that does what its behaviour map says.
%% See ../README.md, section 3.
-module(oracle_worker).
-behaviour(gen_server).

-export([start_link/2, start_link/3, start_link/4]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).
-export([never/0]).

%% The start function. Under a simple_one_for_one supervisor the arguments
%% given to start_child are appended: [], [Label] or [Label, Override].
start_link(Id, Behaviour) ->
    start_link(Id, Behaviour, Id).

start_link(Id, Behaviour, Label) ->
    start_link(Id, Behaviour, Label, #{}).

start_link(_Id, Behaviour, Label, Override) ->
    B = maps:merge(Behaviour, Override),
    Script = oracle:next_result(Label, maps:get(init, B, [ok])),
    {Ms, Result} = split_sleep(Script, 0),
    start(Result, Ms, Label, B).

split_sleep({sleep, Ms, Result}, Sum) -> split_sleep(Result, Sum + Ms);
split_sleep(Result, Sum)              -> {Sum, Result}.

%% Results that the start function itself gives: no process is made.
start({error, R}, Ms, _, _)         -> timer:sleep(Ms), {error, R};
start({start_returns, X}, Ms, _, _) -> timer:sleep(Ms), X;
start({start_exits, R}, Ms, _, _)   -> timer:sleep(Ms), exit(R);
start({start_crashes, E}, Ms, _, _) -> timer:sleep(Ms), error(E);
start({ok, Info}, Ms, Label, B) ->
    case start_server(ok, Ms, Label, B) of
        {ok, Pid} -> {ok, Pid, Info};
        Other     -> Other
    end;
start(Result, Ms, Label, B) ->
    start_server(Result, Ms, Label, B).

start_server(Result, Ms, Label, B) ->
    Start = case maps:get(link, B, true) of
                true  -> start_link;
                false -> start
            end,
    Name = case B of
               #{name := N} -> [{local, N}];
               _            -> []
           end,
    Options = [{timeout, maps:get(timeout, B, infinity)}],
    oracle:started(Label, fun() ->
        apply(gen_server, Start,
              Name ++ [?MODULE, {Result, Ms, Label, B}, Options])
    end).

%% What follows runs inside the worker.

init({Result, Ms, Label, B}) ->
    process_flag(trap_exit, maps:get(trap_exit, B, false)),
    oracle:register_self(Label, worker),
    oracle:record({init, self()}),
    timer:sleep(Ms),
    case Result of
        ok           -> {ok, B};
        ignore       -> ignore;
        {stop, R}    -> {stop, R};
        {exit, R}    -> exit(R);
        {crash, E}   -> error(E);
        {returns, X} -> X
    end.

handle_call({reply, X}, _From, B)   -> {reply, X, B};
handle_call({stop, R, X}, _From, B) -> {stop, R, X, B};
handle_call(noreply, _From, B)      -> {noreply, B};
handle_call(Action, _From, B) ->
    case act(Action, B) of
        {noreply, B} -> {reply, ok, B};
        {value, X}   -> {reply, X, B};
        Other        -> Other
    end.

handle_cast(Action, B) ->
    case act(Action, B) of
        {value, _} -> {noreply, B};
        Other      -> Other
    end.

handle_info(Message, B) ->
    oracle:record({info, self(), Message}),
    {noreply, B}.

act({exit, R}, _)    -> exit(R);
act({crash, E}, _)   -> error(E);
act({stop, R}, B)    -> {stop, R, B};
act({returns, X}, _) -> X;
act({sleep, Ms}, B)  -> timer:sleep(Ms), {noreply, B};
act({note, T}, B)    -> oracle:record({note, self(), T}), {noreply, B};
act(hang, _)         -> ?MODULE:never();
act(unlink, B)       -> unlink(oracle:parent_of(self())), {noreply, B};

%% Signals. Their result is the reply of a call.
act({link, Ref}, _)            -> on(Ref, fun link/1);
act({unlink, Ref}, _)          -> on(Ref, fun unlink/1);
act({monitor, Ref}, B)         -> act({monitor, Ref, []}, B);
act({monitor, Ref, Options}, _) ->
    on(Ref, fun(Object) -> put({monitor, Object}, monitor(process, Object, Options)), ok end);
act({demonitor, Ref, Options}, _) ->
    on(Ref, fun(Object) ->
                    case get({monitor, Object}) of
                        undefined -> unknown;
                        Monitor   -> demonitor(Monitor, Options)
                    end
            end);
act({exit_to, Ref, R}, _)      -> on(Ref, fun(Pid) -> exit(Pid, R) end);
act({send_to, Ref, M}, _)      -> on(Ref, fun(To) -> To ! M, ok end);
act({trap_exit, Flag}, _)      -> {value, process_flag(trap_exit, Flag)};
act({register, Name}, _)       -> {value, register(Name, self())};
act({unregister, Name}, _)     -> {value, unregister(Name)};
act({start_link, Label, B}, _) -> {value, start_link(Label, B)};
act(links, _)                  -> {value, {sorted, element(2, process_info(self(), links))}};
act(monitors, _)               -> {value, {sorted, element(2, process_info(self(), monitors))}}.

on({name, Name}, Fun) -> {value, Fun(Name)};
on(Ref, Fun) ->
    case oracle:find(Ref) of
        undefined -> {value, unknown};
        Pid       -> {value, Fun(Pid)}
    end.

terminate(Reason, B) ->
    oracle:record({terminate, self(), Reason}),
    case maps:get(terminate, B, ok) of
        ok          -> ok;
        {sleep, Ms} -> timer:sleep(Ms), oracle:record({terminated, self()});
        {exit, R}   -> exit(R);
        {crash, E}  -> error(E);
        never       -> ?MODULE:never()
    end.

%% Only a kill (or, where exits are not trapped, any exit signal) ends this.
never() ->
    receive after infinity -> ok end.
