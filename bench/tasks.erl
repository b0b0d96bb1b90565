%% As tasks.c, with Elixir's Task; prints nothing where it is not installed.
-module(tasks).
-export([main/1]).

main([Number]) ->
    code:add_pathsa(filelib:wildcard("/usr/lib/elixir/lib/*/ebin")),
    code:add_pathsa(filelib:wildcard("/usr/local/lib/elixir/lib/*/ebin")),
    case code:ensure_loaded('Elixir.Task') of
        {module, _} ->
            {Pid, Ref} = spawn_monitor(fun() -> show(list_to_integer(Number)) end),
            receive {'DOWN', Ref, process, Pid, _} -> ok end;
        _ ->
            ok
    end,
    halt(0).

show(N) ->
    tasks(N div 10),
    Start = erlang:monotonic_time(nanosecond),
    tasks(N),
    io:format("task_async\t~.4f\t/s~n", [N / (erlang:monotonic_time(nanosecond) - Start) * 1.0e9]).

tasks(0) -> ok;
tasks(N) ->
    N = 'Elixir.Task':await('Elixir.Task':async(fun() -> N end)),
    tasks(N - 1).
