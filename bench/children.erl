%% As children.c, with a simple_one_for_one supervisor.
-module(children).
-behaviour(gen_server).
-export([main/1, start_worker/0]).
-export([init/1, handle_call/3, handle_cast/2]).

main([Number]) ->
    N = list_to_integer(Number),
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    {ok, Sup} = supervisor:start_link(?MODULE, supervisor),
    start(Sup, 1000),
    Before = resident(),
    T0 = now_ns(),
    start(Sup, N),
    show(start, N / since(T0) * 1.0e9, "/s"),
    show(size, (resident() - Before) / N, "B"),
    T1 = now_ns(),
    [{_, One, _, _} | _] = supervisor:which_children(Sup),
    show(list, since(T1) / 1.0e6, "ms"),
    T2 = now_ns(),
    count(Sup, N + 1000),
    show(count, since(T2) / 1.0e3, "us"),
    T3 = now_ns(),
    Ref = monitor(process, One),
    exit(One, kill),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    count(Sup, N + 1000),
    show(restart, since(T3) / 1.0e3, "us"),
    T4 = now_ns(),
    gen_server:stop(Sup),
    show(stop, since(T4) / 1.0e6, "ms"),
    halt(0).

start(_, 0) -> ok;
start(Sup, N) -> {ok, _} = supervisor:start_child(Sup, []), start(Sup, N - 1).

count(Sup, N) -> N = proplists:get_value(active, supervisor:count_children(Sup)).

show(Row, Figure, Unit) -> io:format("children_~s\t~.4g\t~s~n", [Row, Figure * 1.0, Unit]).

now_ns() -> erlang:monotonic_time(nanosecond).
since(Start) -> now_ns() - Start.

resident() ->
    {ok, Text} = file:read_file("/proc/self/status"),
    lists:sum([begin
                   {match, [Kb]} = re:run(Text, Key ++ ":\\s*(\\d+)", [{capture, all_but_first, list}]),
                   list_to_integer(Kb) * 1024
               end || Key <- ["VmRSS", "VmPTE"]]).

start_worker() -> gen_server:start_link(?MODULE, worker, []).

init(supervisor) ->
    {ok, {#{strategy => simple_one_for_one, intensity => 100, period => 5},
          [#{id => w, start => {?MODULE, start_worker, []}}]}};
init(worker) -> {ok, {1, 1}}.

handle_call(x, _From, S) -> {reply, ok, S}.
handle_cast(_, S) -> {noreply, S}.
