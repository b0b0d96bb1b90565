%% The supervisors of a scenario: the callback module of OTP's supervisor,
%% answering with the flags and child specs of the scenario's definitions.
%% See ../README.md, section 2.
-module(oracle_supervisor).
-behaviour(supervisor).

-export([start_link/2, start_link/3]).
-export([init/1]).

start_link(Id, Name) ->
    start_link(Id, Name, Id).

start_link(_Id, Name, Label) ->
    {_, _, Options} = oracle:definition(Name),
    Result = oracle:next_result(Label, maps:get(init, Options, [ok])),
    Args = {Label, Name, Result},
    oracle:started(Label, fun() ->
        case Options of
            #{name := Local} -> supervisor:start_link({local, Local}, ?MODULE, Args);
            _                -> supervisor:start_link(?MODULE, Args)
        end
    end).

init({Label, Name, Result}) ->
    {Flags, Specs, _} = oracle:definition(Name),
    oracle:register_self(Label, {supervisor, oracle:strategy(Flags)}),
    oracle:record({init, self()}),
    result(Result, {ok, {Flags, oracle:real_specs(Specs)}}).

result(ok, Ok)              -> Ok;
result(ignore, _)           -> ignore;
result({returns, X}, _)     -> X;
result({exit, R}, _)        -> exit(R);
result({crash, E}, _)       -> error(E);
result({sleep, Ms, R}, Ok)  -> timer:sleep(Ms), result(R, Ok).
