%% As restarts.c.
-module(restarts).
-behaviour(gen_server).
-export([main/1, start_worker/0, start_worker/1, start_sup/1]).
-export([init/1, handle_call/3, handle_cast/2]).

-define(BURSTS, 4).
-define(EACH, 500).

main([Kind]) ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    run(list_to_atom(Kind)),
    halt(0).

run(exit) -> {ok, _} = start_sup(single), crashes("restart_exit", [c0]);
run(segv) -> ok;
run(all) -> {ok, _} = start_sup(siblings), crashes("restart_all_10", names());
run(storm) ->
    {ok, _} = start_sup(single),
    [crash([c0]) || _ <- lists:seq(1, ?EACH)],
    timer:sleep(2100),
    N = 20000,
    Ns = timed(fun() -> [crash([c0]) || _ <- lists:seq(1, N)] end),
    show("restart_storm", N / Ns * 1.0e9, "/s");
run(tree) ->
    [_, _, {Start, Stop}] = [tree() || _ <- [1, 2, 3]],
    show("tree_start", Start / 1.0e6, "ms"),
    show("tree_stop", Stop / 1.0e6, "ms").

tree() ->
    T0 = now_ns(),
    {ok, Sup} = start_sup(root),
    T1 = now_ns(),
    gen_server:stop(Sup),
    {T1 - T0, now_ns() - T1}.

crashes(Row, Names) ->
    [crash(Names) || _ <- lists:seq(1, ?EACH div 2)],
    Sorted = lists:sort(lists:append([burst(Names) || _ <- lists:seq(1, ?BURSTS)])),
    N = length(Sorted),
    show(Row, lists:nth(N div 2, Sorted) / 1.0e3, "us"),
    show(Row ++ "_p99", lists:nth(N * 99 div 100, Sorted) / 1.0e3, "us").

%% Further apart than the supervisor looks back, which it does by whole seconds.
burst(Names) ->
    timer:sleep(2100),
    [timed(fun() -> crash(Names) end) || _ <- lists:seq(1, ?EACH)].

crash(Names) ->
    Old = [whereis(Name) || Name <- Names],
    gen_server:cast(hd(Old), crash),
    lists:foreach(fun wait_for_new/1, lists:zip(Names, Old)).

wait_for_new({Name, Old}) ->
    case whereis(Name) of
        New when is_pid(New), New =/= Old -> gen_server:call(New, x);
        _ -> erlang:yield(), wait_for_new({Name, Old})
    end.

now_ns() -> erlang:monotonic_time(nanosecond).
timed(F) -> Start = now_ns(), F(), now_ns() - Start.
show(Row, Figure, Unit) -> io:format("~s\t~.4f\t~s~n", [Row, Figure * 1.0, Unit]).

names() -> [list_to_atom("c" ++ integer_to_list(I)) || I <- lists:seq(0, 9)].

start_sup(What) -> supervisor:start_link(?MODULE, What).
start_worker() -> gen_server:start_link(?MODULE, worker, []).
start_worker(Name) -> gen_server:start_link({local, Name}, ?MODULE, worker, []).

named(Name) -> #{id => Name, start => {?MODULE, start_worker, [Name]}}.
below(What) ->
    {ok, {{one_for_one, 1, 5},
          [#{id => I, start => {?MODULE, start_sup, [What]}, type => supervisor} || I <- lists:seq(1, 10)]}}.

init(single) -> {ok, {{one_for_one, 1000000, 1}, [named(c0)]}};
init(siblings) -> {ok, {{one_for_all, 1000000, 1}, [named(Name) || Name <- names()]}};
init(root) -> below(middle);
init(middle) -> below(leaves);
init(leaves) ->
    {ok, {{one_for_one, 1, 5}, [#{id => I, start => {?MODULE, start_worker, []}} || I <- lists:seq(1, 100)]}};
init(worker) -> {ok, 0}.

handle_call(x, _From, State) -> {reply, ok, State}.
handle_cast(crash, _State) -> exit(crash).
