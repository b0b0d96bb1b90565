%% What tables cost on the BEAM: the counterpart of tables.c.
-module(tables).
-export([main/0]).

main() ->
    Table = ets:new(bench, [public]),
    [ets:insert(Table, {I, 0}) || I <- lists:seq(0, 99999)],
    [persistent_term:put(I, #{key => I, more => [1, 2, 3]}) || I <- lists:seq(0, 15)],
    show("ets_lookup", fun(Key) -> ets:lookup(Table, Key) end),
    show("ets_insert", fun(Key) -> ets:insert(Table, {Key, 0}) end),
    show("ets_counter", fun(Key) -> ets:update_counter(Table, Key, 1) end),
    show("persistent_get", fun(Key) -> persistent_term:get(Key rem 16) end).

%% The best of many short runs.
show(Row, What) ->
    Run = fun(_) ->
        Start = erlang:monotonic_time(nanosecond),
        repeat(100000, 1, What),
        (erlang:monotonic_time(nanosecond) - Start) / 100000
    end,
    io:format("~s\t~.2f\tns~n", [Row, lists:min(lists:map(Run, lists:seq(1, 30)))]).

%% The keys come in an order that a processor does not foresee.
repeat(0, _, _) -> ok;
repeat(N, Last, What) ->
    Key = (Last * 1664525 + 1013904223) band 16#ffffffff,
    What((Key bsr 8) rem 100000),
    repeat(N - 1, Key, What).
