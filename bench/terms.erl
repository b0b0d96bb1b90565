%% What terms cost on the BEAM: the counterpart of terms.c.
-module(terms).
-export([main/0]).

main() ->
    Term = list_to_term(text()),
    show("term_build", 100000, fun build/2, none),
    show("term_match", 100000, fun match/2, {increment_number, id(5)}),
    show("term_copy_10k", 20, fun copy/2, lists:seq(1, 10000)),
    show("term_print", 100, fun print/2, Term),
    show("term_parse", 50, fun parse/2, text()),
    show("term_encode", 2000, fun encode/2, Term),
    show("term_decode", 2000, fun decode/2, term_to_binary(Term)).

text() ->
    "{reply,[#{id => 17,name => <<\"thermometer\">>,values => [21.5,22,-3]},"
    "{ok,\"some text\",'an atom'},{1152921504606846976,[a|b],<<1,2,3>>}],#{}}".

list_to_term(Text) ->
    {ok, Tokens, _} = erl_scan:string(Text ++ "."),
    {ok, Term} = erl_parse:parse_term(Tokens),
    Term.

%% The best of many short runs, each in a process of its own.
show(Row, Times, What, Term) ->
    Run = fun() ->
        Start = erlang:monotonic_time(nanosecond),
        What(Times, Term),
        (erlang:monotonic_time(nanosecond) - Start) / Times
    end,
    Figures = [in_process(Run) || _ <- lists:seq(1, 40)],
    io:format("~s\t~.2f\tns~n", [Row, lists:min(Figures)]).

in_process(Run) ->
    Me = self(),
    spawn_link(fun() -> Me ! {figure, Run()} end),
    receive {figure, Figure} -> Figure end.

id(X) -> binary_to_term(term_to_binary(X)).

build(0, Last) -> Last;
build(N, _) -> build(N - 1, {increment_number, N}).

match(Times, Term) -> match(Times, Term, 0).

match(0, _, Sum) -> Sum;
match(N, {increment_number, Delta} = Term, Sum) when is_integer(Delta) ->
    match(N - 1, Term, Sum + Delta).

%% To another process, for a process that sends to itself copies nothing; ten on the way at most.
copy(Times, List) ->
    Me = self(),
    Sink = spawn_link(fun() -> sink(Me) end),
    copy(Times div 10, 10, List, Sink).

copy(0, _, _, _) -> ok;
copy(N, 0, List, Sink) ->
    Sink ! {done, self()},
    receive done -> copy(N - 1, 10, List, Sink) end;
copy(N, M, List, Sink) ->
    Sink ! List,
    copy(N, M - 1, List, Sink).

sink(Me) ->
    receive
        {done, Me} -> Me ! done;
        _ -> ok
    end,
    sink(Me).

print(0, _) -> ok;
print(N, Term) ->
    _ = unicode:characters_to_binary(io_lib:format("~0tp", [Term])),
    print(N - 1, Term).

parse(0, _) -> ok;
parse(N, Text) ->
    _ = list_to_term(Text),
    parse(N - 1, Text).

encode(0, Last) -> Last;
encode(N, Term) ->
    true = byte_size(term_to_binary(Term)) > 0,
    encode(N - 1, Term).

decode(0, Last) -> Last;
decode(N, Binary) ->
    {reply, _, _} = binary_to_term(Binary),
    decode(N - 1, Binary).
