%% script.erl: runs scripts of applications in Erlang, and writes what came of each operation.
%%
%%     erl -noshell -s script main FILE.script ...     writes FILE.trace beside each
%%
%% README.md says what the operations are; tests/otp/program_application_script.c does the same in C.
%% Where a script brings the system down, Erlang ends: the traces of the scripts after it are not there yet.
-module(script).
-export([main/1, log/2, start/2, start_phase/3, prep_stop/1, stop/1]).

main(Paths) ->
    logger:remove_handler(default),
    logger:add_handler(script, script, #{}),
    [run(atom_to_list(Path)) || Path <- Paths],
    halt(0).

run(Path) ->
    Base = filename:rootname(Path),
    {ok, [Applications | Operations]} = file:consult(Path),
    persistent_term:put(applications, Applications),
    {ok, File} = file:open(Base ++ ".trace", [write]),
    persistent_term:put(trace, File),
    [operation(Operation) || Operation <- Operations],
    persistent_term:put(trace, none),
    file:close(File),
    Names = [Name || {application, Name, _} <- Applications],
    [application:stop(Name) || {Name, _, _} <- application:which_applications(),
                               lists:member(Name, Names)],
    [application:stop(Name) || Name <- Names],
    [application:unload(Name) || Name <- Names],
    [application:unset_env(Name, Key, [{persistent, true}]) || Name <- Names, Key <- [k, l]].

write(Format, Terms) ->
    case persistent_term:get(trace) of
        none -> ok;
        File -> file:write(File, io_lib:format(Format, Terms))
    end.

operation(Operation) ->
    write("~0p~n", [Operation]),
    Result = canon(perform(Operation)),
    timer:sleep(2),
    settle(),
    write("  ~0p~n", [Result]).

%% What has no answer is done when the controller has looked at its mailbox.
settle() ->
    application:which_applications(),
    case [P || P <- processes(), is_top(P), erlang:process_info(P, status) =/= {status, waiting}] of
        [] -> ok;
        _ -> timer:sleep(1), settle()
    end.

%% One that has died is dead: otherwise it still counts as started, for those that depend on it, until it is
%% stopped.
settle_dead(Name) ->
    case lists:keymember(Name, 1, application:which_applications()) of
        true -> timer:sleep(1), settle_dead(Name);
        false -> application:stop(Name), ok
    end.

is_top(P) ->
    case erlang:process_info(P, registered_name) of
        {registered_name, Name} -> lists:prefix("top_", atom_to_list(Name));
        _ -> false
    end.

%% Reasons without places of the program.
canon({E, [{M, F, A, L} | _]}) when is_atom(M), is_atom(F), is_list(L) ->
    _ = A,
    {canon(E), stack};
canon(T) when is_tuple(T) -> list_to_tuple([canon(E) || E <- tuple_to_list(T)]);
canon([H | T]) -> [canon(H) | canon(T)];
canon(P) when is_pid(P) -> pid;
canon(X) -> X.

resource(Name) ->
    lists:keyfind(Name, 2, persistent_term:get(applications)).

names(List) ->
    [Name || {Name, _, _} <- List, resource(Name) =/= false].

top(Name) -> list_to_atom("top_" ++ atom_to_list(Name)).

perform({load, Name}) ->
    case application:load(resource(Name)) of
        {error, {already_loaded, _}} -> already_loaded;
        Result -> Result
    end;
perform({unload, Name}) -> application:unload(Name);
perform({start, Name, Type}) -> application:start(Name, Type);
perform({ensure, Name, Type}) -> application:ensure_all_started(Name, Type);
perform({ensure_started, Name, Type}) -> application:ensure_started(Name, Type);
perform({stop, Name}) -> application:stop(Name);
perform({die, Name, Reason}) ->
    case whereis(top(Name)) of
        undefined -> nobody;
        Pid ->
            Ref = monitor(process, Pid),
            case Reason of
                kill -> exit(Pid, kill);
                _ -> Pid ! {die, Reason}
            end,
            receive {'DOWN', Ref, process, _, _} -> ok end,
            settle_dead(Name)
    end;
perform({get_env, Name, Key}) -> application:get_env(Name, Key);
perform({set_env, Name, Key, Value}) -> application:set_env(Name, Key, Value);
perform({set_env_stays, Name, Key, Value}) ->
    application:set_env(Name, Key, Value, [{persistent, true}]);
perform({unset_env, Name, Key}) -> application:unset_env(Name, Key);
perform({all_env, Name}) -> lists:sort(application:get_all_env(Name));
perform({get_key, Name, Key}) -> application:get_key(Name, Key);
perform({stray, Name}) -> whereis(list_to_atom("stray_" ++ atom_to_list(Name))) =/= undefined;
perform(which) -> names(application:which_applications());
perform(loaded) -> lists:sort(names(application:loaded_applications())).

%% ---- what the applications are ----

event(What) -> write("    ~0p~n", [canon(What)]).

start(Type, {Name, What}) ->
    event({start, Name, Type}),
    act(Name, What).

act(Name, {up, State}) -> {ok, up(Name, true), {Name, State}};
act(Name, {quiet, State}) -> {ok, up(Name, false), {Name, State}};
act(Name, {stray, State}) ->
    Me = self(),
    spawn(fun() ->
                  process_flag(trap_exit, true),
                  register(list_to_atom("stray_" ++ atom_to_list(Name)), self()),
                  Me ! go,
                  receive never -> ok end
          end),
    receive go -> ok end,
    {ok, up(Name, true), {Name, State}};
act(_, {return, X}) -> X;
act(_, {exit, R}) -> exit(R);
act(_, {error, E}) -> error(E);
act(_, {throw, V}) -> throw(V).

up(Name, Tells) ->
    Me = self(),
    Pid = spawn_link(fun() ->
                             process_flag(trap_exit, true),
                             register(top(Name), self()),
                             [monitor(process, Me) || not Tells],
                             Me ! up,
                             serve(Name, Me, Tells)
                     end),
    receive up -> Pid end.

serve(Name, Parent, Tells) ->
    receive
        {die, Reason} -> exit(Reason);
        {'DOWN', _, process, Parent, _} -> ok; % a phase has failed, and nobody ends it
        {'EXIT', Parent, Reason} ->
            [event({top, Name, Reason}) || Tells],
            exit(Reason)
    end.

start_phase(Phase, Type, What) ->
    event({phase, Phase, Type, What}),
    case What of
        [] -> ok;
        _ -> act(none, What)
    end.

prep_stop(State) ->
    event({prep_stop, State}),
    {ready, State}.

stop(State) -> event({stop, State}).

log(#{msg := {report, #{label := {application_controller, exit}, report := Report}}}, _) ->
    [{application, Name}, {exited, Reason}, {type, Type}] = Report,
    case resource(Name) of
        false -> ok;
        _ -> event({exited, Name, Reason, Type})
    end;
log(_, _) -> ok.
