#!/usr/bin/env escript
%% run.escript: runs scripts of ets tables in Erlang, and writes what came of each operation.
%%
%%     escript run.escript FILE.script...     writes FILE.trace beside each
%%
%% README.md says what the operations are; tests/runtime/program_ets_script.c does the same in C. What
%% OTP 25 does not have yet is made of what it has.
-mode(compile).

main(Files) ->
    lists:foreach(fun file/1, Files).

file(Path) ->
    {ok, Operations} = file:consult(Path),
    {Pid, Ref} = spawn_monitor(fun() -> script(Path, Operations) end),
    receive
        {'DOWN', Ref, process, Pid, normal} -> ok;
        {'DOWN', Ref, process, Pid, Reason} -> io:format(standard_error, "~s: ~p~n", [Path, Reason])
    end.

script(Path, Operations) ->
    [player(P) || P <- [0, 1, 2]],
    Lines = [begin
                 Result = run(Operation),
                 io_lib:format("~w~n  ~w~n", [Operation, Result])
             end || Operation <- Operations],
    lists:foreach(fun kill/1, [0, 1, 2]),
    ok = file:write_file(filename:rootname(Path) ++ ".trace", Lines).

%% ---- processes ----

player(P) ->
    Pid = spawn_link(fun() -> process_flag(trap_exit, false), play() end),
    unlink(Pid),
    put({player, P}, Pid),
    put({who, Pid}, P),
    true.

play() ->
    receive
        {do, From, Fun} ->
            From ! {result, self(), try Fun() catch error:badarg -> badarg end},
            play()
    end.

kill(P) ->
    Pid = get({player, P}),
    Ref = monitor(process, Pid),
    exit(Pid, kill),
    receive {'DOWN', Ref, process, Pid, _} -> ok end.

do(P, Fun) ->
    Pid = get({player, P}),
    Pid ! {do, self(), Fun},
    receive {result, Pid, Result} -> Result end.

%% ---- the script ----

table(T) -> get({table, T}).

run({new, T, P, Type, Access, Keypos, Named, Heir}) ->
    Name = list_to_atom("t" ++ integer_to_list(T)),
    Options = [Type, Access, {keypos, Keypos}] ++ [named_table || Named] ++
        case Heir of
            none -> [];
            {Q, Data} -> [{heir, get({player, Q}), Data}]
        end,
    case do(P, fun() -> ets:new(Name, Options) end) of
        badarg -> badarg;
        Table -> put({table, T}, Table), put({of_table, Table}, T), true
    end;
run({op, T, P, Operation}) ->
    Table = table(T),
    Steps = [first, last, next, prev, first_lookup, last_lookup, next_lookup, prev_lookup],
    case lists:member(kind(Operation), Steps) andalso ets:info(Table, type) =/= ordered_set of
        true -> no_order;
        false -> op(Table, P, Operation)
    end;run({give, T, P, Q, Data}) ->
    Table = table(T), To = get({player, Q}),
    do(P, fun() -> ets:give_away(Table, To, Data) end);
run({heir, T, P, Q, Data}) ->
    Table = table(T), To = get({player, Q}),
    do(P, fun() -> ets:setopts(Table, {heir, To, Data}) end);
run({no_heir, T, P}) ->
    Table = table(T),
    do(P, fun() -> ets:setopts(Table, {heir, none}) end);
run({delete, T, P}) ->
    Table = table(T),
    do(P, fun() -> ets:delete(Table) end);
run({kill, P}) ->
    kill(P),
    player(P);
run({messages, P}) ->
    sort([{get({of_table, Table}), get({who, From}), Data}
          || {'ETS-TRANSFER', Table, From, Data} <- do(P, fun drain/0)]);
run({info, T}) ->
    Table = table(T),
    case ets:info(Table, size) of
        undefined -> undefined;
        Size ->
            Heir = case ets:info(Table, heir) of none -> none; Pid -> get({who, Pid}) end,
            {ets:info(Table, type), ets:info(Table, protection), ets:info(Table, keypos),
             ets:info(Table, named_table), get({who, ets:info(Table, owner)}), Heir, Size}
    end.

op(Table, P, Operation) ->
    case do(P, fun() -> operation(Table, Operation) end) of
        badarg -> badarg;
        Result -> canon(Table, Operation, Result)
    end.

kind(Operation) when is_tuple(Operation) -> element(1, Operation);
kind(Operation) -> Operation.

drain() ->
    receive
        Message when element(1, Message) =:= 'ETS-TRANSFER' -> [Message | drain()]
    after 0 -> []
    end.

%% ---- operations ----

operation(T, {insert, X}) -> ets:insert(T, X);
operation(T, {insert_new, X}) -> ets:insert_new(T, X);
operation(T, {lookup, K}) -> ets:lookup(T, K);
operation(T, {lookup_element, K, P}) -> ets:lookup_element(T, K, P);
operation(T, {lookup_element, K, P, D}) ->
    case ets:member(T, K) of
        true -> ets:lookup_element(T, K, P);
        false when P < 1 -> badarg;
        false -> D
    end;
operation(T, {member, K}) -> ets:member(T, K);
operation(T, {delete, K}) -> ets:delete(T, K);
operation(T, {delete_object, O}) -> ets:delete_object(T, O);
operation(T, {take, K}) -> ets:take(T, K);
operation(T, {update_element, K, X}) -> ets:update_element(T, K, X);
operation(T, {update_element, K, X, D}) ->
    %% ets:update_element/4, of OTP 27
    Type = ets:info(T, type), Keypos = ets:info(T, keypos),
    Scratch = ets:new(scratch, [Type, {keypos, Keypos}]),
    try
        ets:insert(Scratch, setelement(Keypos, D, K)),
        New = ets:update_element(Scratch, K, X),
        case ets:update_element(T, K, X) of
            false when New -> ets:insert_new(T, ets:lookup(Scratch, K));
            Updated -> Updated
        end
    catch
        %% the object that is there may be long enough where the other one is not
        error:badarg ->
            case ets:update_element(T, K, X) of true -> true; false -> badarg end
    after
        ets:delete(Scratch)
    end;
operation(T, {update_counter, K, X}) -> ets:update_counter(T, K, X);
operation(T, {update_counter, K, X, D}) -> ets:update_counter(T, K, X, D);
operation(T, {match, V}) -> ets:match_object(T, {'_', V});
operation(T, {match_count, V}) -> ets:select_count(T, [{{'_', V}, [], [true]}]);
operation(T, {match_delete, V}) -> ets:select_delete(T, [{{'_', V}, [], [true]}]);
operation(T, tab2list) -> ets:tab2list(T);
operation(T, fold) -> lists:reverse(ets:foldl(fun(X, L) -> [X | L] end, [], T));
operation(T, delete_all_objects) -> ets:delete_all_objects(T);
operation(T, size) -> ets:info(T, size);
operation(T, walk) -> walk(T, ets:first(T));
operation(T, first) -> ets:first(T);
operation(T, last) -> ets:last(T);
operation(T, {next, K}) -> ets:next(T, K);
operation(T, {prev, K}) -> ets:prev(T, K);
operation(T, first_lookup) -> with_objects(T, ets:first(T));
operation(T, last_lookup) -> with_objects(T, ets:last(T));
operation(T, {next_lookup, K}) -> with_objects(T, ets:next(T, K));
operation(T, {prev_lookup, K}) -> with_objects(T, ets:prev(T, K)).

walk(_, '$end_of_table') -> [];
walk(T, K) -> [K | walk(T, ets:next(T, K))].

with_objects(_, '$end_of_table') -> '$end_of_table';
with_objects(T, K) -> {K, ets:lookup(T, K)}.

%% Sorted by what is written, where the order says nothing.
canon(T, Operation, Result) when is_list(Result) ->
    Type = ets:info(T, type),
    All = lists:member(kind(Operation), [tab2list, fold, walk, match]),
    case Type =:= bag orelse (All andalso Type =/= ordered_set) of
        true -> sort(Result);
        false -> Result
    end;
canon(_, _, Result) -> Result.

sort(List) ->
    [X || {_, X} <- lists:sort([{lists:flatten(io_lib:format("~w", [X])), X} || X <- List])].
