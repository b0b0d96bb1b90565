# run.exs: runs scripts of agents and tasks in Elixir, and writes what came of each operation.
#
#     elixir run.exs FILE.script...     writes FILE.trace beside each
#
# README.md says what the operations are; tests/otp/program_task_script.c does the same in C.
defmodule Script do
  @wait 5000

  def act({:value, v}), do: v
  def act({:exit, r}), do: exit(r)
  def act({:error, e}), do: :erlang.error(e)
  def act({:throw, v}), do: throw(v)

  def act(:hang) do
    receive do
      {:go, what} -> act(what)
    end
  end

  # Reasons without places of the program.
  def canon({e, stack}) when is_list(stack), do: {canon(e), :stack}
  def canon(%ArgumentError{}), do: :badarg
  def canon({a, b}), do: {canon(a), canon(b)}
  def canon(x), do: x

  def outcome(fun) do
    try do
      {:ok, fun.()}
    catch
      :exit, {r, {Task, f, _}} -> {:exit, f, canon(r)}
      :exit, {r, {Task.Supervised, :stream, _}} -> {:exit, :async_stream, canon(r)}
      :exit, {r, {GenServer, :stop, _}} -> {:exit, :stop, canon(r)}
      :exit, {r, {GenServer, _, _}} -> {:exit, :call, canon(r)}
      :exit, {r, {:sys, _, _}} -> {:exit, :stop, canon(r)}
      :exit, r -> {:exit, canon(r)}
      :error, e -> {:error, canon(e)}
    end
  end

  # Waits until the process is dead, or waits itself.
  def settle(pid) do
    ref = Process.monitor(pid)
    settle(pid, ref)
    Process.demonitor(ref, [:flush])
    Process.sleep(1)
    drain()
  end

  defp settle(pid, ref) do
    receive do
      {:DOWN, ^ref, _, _, _} -> :ok
    after
      0 ->
        case Process.info(pid, :status) do
          {:status, :waiting} -> waits(pid, ref)
          _ -> settle_later(pid, ref)
        end
    end
  end

  defp waits(pid, ref) do
    case Process.info(pid, [:current_function, :message_queue_len]) do
      [current_function: {Script, :act, 1}, message_queue_len: 0] -> :ok
      _ -> settle_later(pid, ref)
    end
  end

  defp settle_later(pid, ref) do
    Process.sleep(1)
    settle(pid, ref)
  end

  def drain do
    receive do
      {:EXIT, _, _} -> drain()
    after
      0 -> :ok
    end
  end

  def left(n) do
    receive do
      {:EXIT, _, _} -> left(n)
      _ -> left(n + 1)
    after
      0 -> n
    end
  end

  def agent(a), do: Process.get({:agent, a})
  def task(t), do: Process.get({:task, t})

  def begin(t, task) do
    Process.put({:task, t}, task)
    settle(task.pid)
    :started
  end

  def tasks(ts), do: Enum.map(ts, &task/1)

  def show(nil), do: :none
  def show({:exit, r}), do: {:exit, canon(r)}
  def show(x), do: x

  def run({:agent, a, v}) do
    {:ok, pid} = Agent.start_link(fn -> v end)
    Process.put({:agent, a}, pid)
    :started
  end

  def run({:agent_fails, act}) do
    case Agent.start_link(fn -> act(act) end) do
      {:ok, pid} ->
        Agent.stop(pid)
        :started

      {:error, r} ->
        {:error, canon(r)}
    end
  end

  def run({:get, a}), do: outcome(fn -> Agent.get(agent(a), & &1) end)
  def run({:add, a, n}), do: outcome(fn -> Agent.update(agent(a), &(&1 + n)) end)
  def run({:swap, a, v}), do: outcome(fn -> Agent.get_and_update(agent(a), &{&1, v}) end)
  def run({:no_pair, a, v}), do: outcome(fn -> Agent.get_and_update(agent(a), fn _ -> v end) end)
  def run({:cast, a, n}), do: outcome(fn -> Agent.cast(agent(a), &(&1 + n)) end)
  def run({:act, a, what}), do: outcome(fn -> Agent.get(agent(a), fn _ -> act(what) end, 20) end)
  def run({:update_act, a, w}), do: outcome(fn -> Agent.update(agent(a), fn _ -> act(w) end) end)
  def run({:stop, a}), do: outcome(fn -> Agent.stop(agent(a)) end)

  def run({:async, t, what}), do: begin(t, Task.async(fn -> act(what) end))

  def run({:supervised, t, what}),
    do: begin(t, Task.Supervisor.async(Script.Tasks, fn -> act(what) end))

  def run({:nolink, t, what}),
    do: begin(t, Task.Supervisor.async_nolink(Script.Tasks, fn -> act(what) end))

  def run({:start_child, what}) do
    {:ok, pid} = Task.Supervisor.start_child(Script.Tasks, fn -> act(what) end)
    settle(pid)
    :started
  end

  def run(:children) do
    Process.sleep(5)
    length(Task.Supervisor.children(Script.Tasks))
  end

  def run({:go, t, what}) do
    send(task(t).pid, {:go, what})
    settle(task(t).pid)
    :sent
  end

  def run({:await, t, ms}), do: outcome(fn -> Task.await(task(t), ms) end)
  def run({:yield, t, ms}), do: show(Task.yield(task(t), ms))
  def run({:shutdown, t}), do: show(Task.shutdown(task(t), @wait))
  def run({:kill, t}), do: show(Task.shutdown(task(t), :brutal_kill))
  def run({:ignore, t}), do: show(Task.ignore(task(t)))

  def run({:steal, t}) do
    task = task(t)
    {pid, ref} = spawn_monitor(fn -> exit({:stolen, outcome(fn -> Task.yield(task, 0) end)}) end)

    receive do
      {:DOWN, ^ref, _, ^pid, r} -> r
    end
  end

  def run({:await_many, ts, ms}), do: outcome(fn -> Task.await_many(tasks(ts), ms) end)

  def run({:yield_many, ts, ms}),
    do: Enum.map(Task.yield_many(tasks(ts), ms), fn {_, r} -> show(r) end)

  def run({:stream, acts, n, kill, zip}) do
    options = [
      max_concurrency: n,
      timeout: 20,
      on_timeout: if(kill, do: :kill_task, else: :exit),
      zip_input_on_exit: zip
    ]

    outcome(fn -> Enum.map(Task.async_stream(acts, &act/1, options), &show/1) end)
  end

  def run({:stream_nolink, acts, n}) do
    options = [max_concurrency: n, timeout: 20, on_timeout: :kill_task]

    outcome(fn ->
      Enum.map(Task.Supervisor.async_stream_nolink(Script.Tasks, acts, &act/1, options), &show/1)
    end)
  end

  def run(:left), do: left(0)

  def file(path) do
    {:ok, operations} = :file.consult(path)

    {pid, ref} =
      spawn_monitor(fn ->
        Process.flag(:trap_exit, true)
        {:ok, _} = Task.Supervisor.start_link(name: Script.Tasks)

        lines =
          for operation <- operations do
            result = run(operation)
            drain()
            :io_lib.format("~w~n  ~w~n", [operation, result])
          end

        File.write!(String.replace_suffix(path, ".script", ".trace"), lines)
      end)

    receive do
      {:DOWN, ^ref, _, ^pid, :normal} -> :ok
      {:DOWN, ^ref, _, ^pid, r} -> IO.puts(:stderr, "#{path}: #{inspect(r)}")
    end
  end
end

Logger.configure(level: :emergency)
Enum.each(System.argv(), &Script.file/1)
