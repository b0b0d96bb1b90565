# run.exs: runs scripts of a dynamic supervisor in Elixir, and writes what came of each operation.
#
#     elixir run.exs FILE.script...     writes FILE.trace beside each
#
# README.md says what the operations are; tests/otp/program_dynamic_script.c does the same in C.
defmodule Child do
  use GenServer

  def start(args) do
    [n, kind, acts] = Enum.drop(args, length(args) - 3)
    count = :ets.update_counter(Script, {:starts, n}, 1, {{:starts, n}, 0})
    act(Enum.at(acts, min(count, length(acts)) - 1), n, kind)
  end

  def act(:ok, n, kind), do: GenServer.start_link(Child, {n, kind})

  def act(:info, n, kind) do
    {:ok, pid} = GenServer.start_link(Child, {n, kind})
    {:ok, pid, :info}
  end

  def act(:ignore, _, _), do: :ignore
  def act({:error, r}, _, _), do: {:error, r}
  def act({:returns, x}, _, _), do: x
  def act({:exit, r}, _, _), do: exit(r)
  def act({:crash, e}, _, _), do: :erlang.error(e)
  def act({:throw, v}, _, _), do: throw(v)

  def init({n, kind}) do
    Process.flag(:trap_exit, kind != :plain)
    :ets.insert(Script, {{:pid, n}, self()})
    :ets.insert(Script, {{:child, self()}, n})
    {:ok, kind}
  end

  def handle_cast({:die, r}, _), do: {:stop, r, :plain}

  def terminate(:shutdown, :stubborn), do: Process.sleep(:infinity)
  def terminate(_, _), do: :ok
end

defmodule Start do
  def start(a, b, c), do: Child.start([a, b, c])
  def start(x, a, b, c), do: Child.start([x, a, b, c])
  def start(x, y, a, b, c), do: Child.start([x, y, a, b, c])
end

defmodule Described do
  use DynamicSupervisor
  def init(flags), do: {:ok, flags}
end

defmodule Handler do
  def log(%{msg: {:report, %{label: {:supervisor, _}, report: report}}}, _) do
    [_, {:errorContext, what}, {:reason, r}, {:offender, child}] = report
    {_, _, args} = child[:mfargs]
    # Of a temporary child they are not kept: extra_arguments ++ undefined.
    args = if child[:restart_type] == :temporary, do: :undefined, else: args
    pid = if match?({:restarting, _}, child[:pid]), do: :restarting, else: :pid

    shown =
      {what, Script.canon(r), pid, child[:id], args, child[:restart_type], child[:shutdown],
       child[:child_type]}

    :ets.insert(Script, {{:report, System.unique_integer()}, shown})
  end

  def log(%{msg: {:report, %{label: {DynamicSupervisor, _}, report: %{msg: m}}}}, _) do
    :ets.insert(Script, {{:report, System.unique_integer()}, {:unexpected, m}})
  end

  def log(_, _), do: :ok
end

defmodule Script do
  # Reasons without places of the program.
  def canon({e, stack}) when is_list(stack), do: {canon(e), :stack}
  def canon({a, b}), do: {canon(a), canon(b)}
  def canon(x), do: x

  def sup, do: Process.get(:sup)

  def pid(n) do
    case :ets.lookup(Script, {:pid, n}) do
      [{_, pid}] -> pid
      [] -> nil
    end
  end

  def number(pid) when is_pid(pid) do
    [{_, n}] = :ets.lookup(Script, {:child, pid})
    n
  end

  def number(x), do: x

  def ask(fun) do
    try do
      fun.()
    catch
      :exit, {r, {GenServer, _, _}} -> {:exit, canon(r)}
      :exit, r -> {:exit, canon(r)}
    end
  end

  def show({:ok, pid}) when is_pid(pid), do: {:ok, number(pid)}
  def show({:ok, pid, info}) when is_pid(pid), do: {:ok, number(pid), info}
  def show({:error, r}), do: {:error, canon(r)}
  def show(x), do: x

  # Until nothing changes any more.
  def settle(before \\ nil) do
    Process.sleep(1)
    now = {snapshot(), :ets.info(Script, :size)}
    if now != before, do: settle(now)
  end

  def snapshot do
    if sup() && Process.alive?(sup()) do
      ask(fn -> Enum.sort(DynamicSupervisor.which_children(sup())) end)
    end
  end

  def reports do
    found = :ets.match_object(Script, {{:report, :_}, :_})
    Enum.each(found, fn {key, _} -> :ets.delete(Script, key) end)
    Enum.sort(Enum.map(found, &elem(&1, 1)))
  end

  def ended do
    sup = sup()

    receive do
      {:EXIT, ^sup, r} -> canon(r)
    after
      0 -> :lives
    end
  end

  def stop do
    if sup() && Process.alive?(sup()), do: ask(fn -> DynamicSupervisor.stop(sup()) end), else: :dead
  end

  def run({:new, flags}) do
    stop()
    ended()
    settle()
    reports()
    :ets.match_delete(Script, {{:_, :_}, :_})

    case DynamicSupervisor.start_link(Described, flags) do
      {:ok, pid} ->
        Process.put(:sup, pid)
        :started

      {:error, r} ->
        receive do
          {:EXIT, _, _} -> :ok
        end

        Process.put(:sup, nil)
        {:error, canon(r)}
    end
  end

  def run(_) do
    :unknown
  end

  def child({:start, n, kind, restart, shutdown, type, acts}) do
    :ets.delete(Script, {:starts, n})

    spec = %{
      id: n,
      start: {Start, :start, [n, kind, acts]},
      restart: restart,
      shutdown: shutdown,
      type: type,
      modules: [:child]
    }

    show(ask(fn -> DynamicSupervisor.start_child(sup(), spec) end))
  end

  # Elixir looks at the specification before it looks for the supervisor.
  def child({:bad, spec}) do
    if Process.alive?(sup()),
      do: show(ask(fn -> DynamicSupervisor.start_child(sup(), spec) end)),
      else: :dead
  end

  def child({:terminate, n}) do
    if pid(n),
      do: show(ask(fn -> DynamicSupervisor.terminate_child(sup(), pid(n)) end)),
      else: :nobody
  end

  def child({:die, n, r}), do: at(n, fn pid -> GenServer.cast(pid, {:die, r}) end)
  def child({:kill, n}), do: at(n, fn pid -> Process.exit(pid, :kill) end)

  def child(:which) do
    case ask(fn -> DynamicSupervisor.which_children(sup()) end) do
      list when is_list(list) ->
        Enum.sort(Enum.map(list, fn {id, pid, t, m} -> {id, number(pid), t, m} end))

      x ->
        x
    end
  end

  def child(:count) do
    case ask(fn -> DynamicSupervisor.count_children(sup()) end) do
      %{} = m -> {m.specs, m.active, m.supervisors, m.workers}
      x -> x
    end
  end

  def child({:cast, x}), do: ask(fn -> GenServer.cast(sup(), x) end)
  def child({:send, x}), do: if(send(sup(), x), do: :ok)
  def child(:stop), do: stop()

  defp at(n, fun) do
    if pid(n) && Process.alive?(pid(n)) do
      ref = Process.monitor(pid(n))
      fun.(pid(n))

      receive do
        {:DOWN, ^ref, _, _, r} -> {:down, canon(r)}
      end
    else
      :nobody
    end
  end

  def step({:new, _} = operation), do: run(operation)
  def step(operation), do: if(sup(), do: child(operation), else: :nobody)

  def file(path) do
    {:ok, operations} = :file.consult(path)
    :ets.new(Script, [:named_table, :public])

    {pid, ref} =
      spawn_monitor(fn ->
        Process.flag(:trap_exit, true)

        lines =
          for operation <- operations do
            result = step(operation)
            settle()
            shown = {result, reports(), ended()}
            :io_lib.format("~w~n  ~w~n", [operation, shown])
          end

        stop()
        File.write!(String.replace_suffix(path, ".script", ".trace"), lines)
      end)

    receive do
      {:DOWN, ^ref, _, ^pid, :normal} -> :ok
      {:DOWN, ^ref, _, ^pid, r} -> IO.puts(:stderr, "#{path}: #{inspect(r)}")
    end

    :ets.delete(Script)
  end
end

:logger.remove_handler(Logger)
:logger.remove_handler(:default)
:logger.add_handler(:script, Handler, %{})
Enum.each(System.argv(), &Script.file/1)
