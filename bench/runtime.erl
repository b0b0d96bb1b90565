%% What processes cost on the BEAM: the counterpart of runtime.c.
-module(runtime).
-behaviour(gen_server).
-export([main/1, init/1, handle_call/3, handle_cast/2]).
-export([child/0, teller/1, ring_node/2, sky/3, idle/0, pong/0]).

main([Row, Kind | Numbers]) ->
    logger:set_primary_config(level, none),
    Me = self(),
    spawn(fun() -> Me ! run(list_to_atom(Kind), [list_to_integer(N) || N <- Numbers]) end),
    receive
        {Figure, Unit} -> io:format("~s\t~.4f\t~s~n", [Row, float(Figure), Unit])
    end,
    halt(0).

now_ns() -> erlang:monotonic_time(nanosecond).
since(Start) -> now_ns() - Start.
timed(F) -> Start = now_ns(), F(), since(Start).

run(call, [N]) ->
    {ok, S} = gen_server:start(?MODULE, [], []),
    calls(S, N div 10),
    {timed(fun() -> calls(S, N) end) / N, "ns"};
run(calls, [N, Count]) ->
    Servers = [element(2, gen_server:start(?MODULE, [], [])) || _ <- lists:seq(1, Count)],
    All = [lists:nth(1 + I rem Count, Servers) || I <- lists:seq(0, 7)],
    clients(All, N div 10),
    {8 * N / timed(fun() -> clients(All, N) end) * 1.0e9, "/s"};
run(cast, [N, Tuple]) ->
    {ok, S} = gen_server:start(?MODULE, [], []),
    casts(S, N div 10, Tuple),
    ok = gen_server:call(S, x, infinity),
    {timed(fun() -> casts(S, N, Tuple), ok = gen_server:call(S, x, infinity) end) / N, "ns"};
run(spawn, [N]) ->
    Base = erlang:system_info(process_count),
    spawn_all(N div 10, Base),
    {N / timed(fun() -> spawn_all(N, Base) end) * 1.0e9, "/s"};
run(monitor, [N, Window]) ->
    monitor_all(N div 10, Window),
    {N / timed(fun() -> monitor_all(N, Window) end) * 1.0e9, "/s"};
run(ring, [Hops, Nodes]) ->
    ring(Nodes, Hops div 10),
    {ring(Nodes, Hops) / Hops, "ns"};
run(fan_in, [Senders, Each]) ->
    fan_in(Senders, Each div 10),
    {Senders * Each / timed(fun() -> fan_in(Senders, Each) end) * 1.0e9, "/s"};
run(skynet, [Leaves]) ->
    skynet(Leaves div 10),
    {timed(fun() -> skynet(Leaves) end) / 1.0e6, "ms"};
run(list, [N, Length]) ->
    Parent = self(),
    To = spawn(fun() -> list_receiver(Parent) end),
    List = lists:seq(1, Length),
    send_lists(To, List, N div 10),
    {timed(fun() -> send_lists(To, List, N) end) / N / 1.0e3, "us"};
run(idle, [N]) ->
    Before = resident(),
    [gen_server:start(?MODULE, [], []) || _ <- lists:seq(1, N)],
    {(resident() - Before) / N, "B"};
run(waiting, [N]) ->
    Before = resident(),
    spawn_idle(N),
    erlang:yield(),
    {(resident() - Before) / N, "B"};
run(timers, [N, Lead]) ->
    Start = now_ns(),
    timers_set(0, N, Start, Lead),
    Late = lists:sort(timers_wait(N)),
    {lists:nth(N - N div 100, Late) / 1000, "us"};
run(timers_setup, [N, Lead]) ->
    Start = now_ns(),
    timers_set(0, N, Start, Lead),
    Setup = since(Start) / N,
    timers_wait(N),
    {Setup, "ns"};
run(timers_size, [N, Lead]) ->
    Before = resident(),
    timers_set(0, N, now_ns(), Lead),
    Size = (resident() - Before) / N,
    {Size, "B"}.

resident() ->
    {ok, Text} = file:read_file("/proc/self/status"),
    lists:sum([begin
                   {match, [Kb]} = re:run(Text, Key ++ ":\\s+(\\d+) kB", [{capture, [1], list}]),
                   list_to_integer(Kb) * 1024
               end || Key <- ["VmRSS", "VmPTE"]]).

calls(_, 0) -> ok;
calls(S, N) -> ok = gen_server:call(S, x), calls(S, N - 1).

clients(Servers, N) ->
    Me = self(),
    Clients = [spawn(fun() -> receive go -> ok end, calls(S, N), Me ! done end) || S <- Servers],
    [C ! go || C <- Clients],
    [receive done -> ok end || _ <- Clients].

casts(_, 0, _) -> ok;
casts(S, N, 0) -> gen_server:cast(S, x), casts(S, N - 1, 0);
casts(S, N, 1) -> gen_server:cast(S, {add, N}), casts(S, N - 1, 1).

child() -> ok.
teller(Parent) -> Parent ! done.

spawn_all(N, Base) -> spawn_batches(N), wait_for(Base).

spawn_batches(0) -> ok;
spawn_batches(N) when N rem 10000 =:= 0 ->
    spawn(?MODULE, teller, [self()]),
    receive done -> ok end,
    spawn_batches(N - 1);
spawn_batches(N) -> spawn(?MODULE, child, []), spawn_batches(N - 1).

wait_for(Base) ->
    case erlang:system_info(process_count) =< Base of
        true -> ok;
        false -> erlang:yield(), wait_for(Base)
    end.

monitor_all(N, _) when N =< 0 -> ok;
monitor_all(N, Window) ->
    [spawn_monitor(?MODULE, child, []) || _ <- lists:seq(1, Window)],
    [receive {'DOWN', _, process, _, _} -> ok end || _ <- lists:seq(1, Window)],
    monitor_all(N - Window, Window).

ring(Nodes, Hops) ->
    Me = self(),
    First = spawn(fun() -> receive {next, Next} -> ring_node(Next, Me) end end),
    Last = lists:foldl(fun(_, Next) -> spawn(?MODULE, ring_node, [Next, Me]) end,
                       First, lists:seq(2, Nodes)),
    First ! {next, Last},
    Start = now_ns(),
    First ! {token, Hops},
    receive ring_done -> ok end,
    Took = since(Start),
    First ! die,
    Took.

ring_node(Next, Main) ->
    receive
        {token, 0} -> Main ! ring_done, ring_node(Next, Main);
        {token, K} -> Next ! {token, K - 1}, ring_node(Next, Main);
        die -> Next ! die
    end.

fan_in(Senders, Each) ->
    Me = self(),
    To = spawn(fun() -> fan_receive(Senders * Each), Me ! done end),
    From = [spawn(fun() -> receive go -> ok end, fan_send(To, Each) end)
            || _ <- lists:seq(1, Senders)],
    [P ! go || P <- From],
    receive done -> ok end.

fan_send(_, 0) -> ok;
fan_send(To, K) -> To ! {m, K}, fan_send(To, K - 1).

fan_receive(0) -> ok;
fan_receive(K) -> receive {m, _} -> fan_receive(K - 1) end.

skynet(Leaves) ->
    spawn(?MODULE, sky, [self(), 0, Leaves]),
    Sum = Leaves * (Leaves - 1) div 2,
    receive Sum -> ok end.

sky(Parent, Number, 1) -> Parent ! Number;
sky(Parent, Number, Size) ->
    Sub = Size div 10,
    [spawn(?MODULE, sky, [self(), Number + I * Sub, Sub]) || I <- lists:seq(0, 9)],
    Parent ! lists:sum([receive Part -> Part end || _ <- lists:seq(1, 10)]).

spawn_idle(0) -> ok;
spawn_idle(N) -> spawn(?MODULE, idle, []), spawn_idle(N - 1).
idle() -> receive stop -> ok end.

pong() -> ok.

timers_set(N, N, _, _) -> ok;
timers_set(I, N, Start, Lead) ->
    Now = now_ns(),
    Delay = Lead - (Now - Start) div 1000000 + I rem 1000,
    erlang:send_after(Delay, self(), {due, Now + Delay * 1000000}),
    timers_set(I + 1, N, Start, Lead).

timers_wait(0) -> [];
timers_wait(N) -> receive {due, When} -> [since(When) | timers_wait(N - 1)] end.

init([]) -> {ok, 0}.
handle_call(x, _From, Count) -> {reply, ok, Count}.
handle_cast(x, Count) -> {noreply, Count + 1};
handle_cast({add, N}, Count) -> {noreply, Count + N}.

list_receiver(Parent) ->
    receive [Head | _] -> Parent ! Head end,
    list_receiver(Parent).

%% One is under way while the next is sent.
send_lists(To, List, N) ->
    To ! List,
    send_more(To, List, N - 1),
    receive 1 -> ok end.

send_more(_, _, 0) -> ok;
send_more(To, List, N) ->
    To ! List,
    receive 1 -> ok end,
    send_more(To, List, N - 1).
