# run.exs: runs scripts of registries in Elixir, and writes what came of each operation.
#
#     elixir run.exs FILE.script...     writes FILE.trace beside each
#
# README.md says what the operations are; tests/otp/program_registry_script.c does the same in C.
defmodule Actor do
  use GenServer

  def init(trap) do
    Process.flag(:trap_exit, trap)
    {:ok, nil}
  end

  def handle_call({:run, fun}, _from, s), do: {:reply, fun.(), s}
  def handle_call(:hello, _from, s), do: {:reply, :world, s}
  def handle_cast(_, s), do: {:noreply, s}
  def handle_info(_, s), do: {:noreply, s}
end

defmodule Script do
  @registries [:u, :d, :e]

  def actor(p), do: Process.get({:actor, p})

  def start(p, options \\ []) do
    case GenServer.start(Actor, p == 3, options) do
      {:ok, pid} ->
        Process.put({:actor, p}, pid)
        :started

      {:error, {:already_started, pid}} ->
        result = {:error, {:already_started, label(pid)}}
        start(p)
        result
    end
  end

  # By text: as terms 1 and 1.0 may stand in any order.
  def sorted(list), do: Enum.sort_by(list, &IO.iodata_to_binary(:io_lib.format("~w", [&1])))

  # What a process is called here.
  def label(pid) do
    Enum.find_value(0..3, :gone, fn p -> actor(p) == pid && Enum.at([:p0, :p1, :p2, :p3], p) end)
  end

  def in_actor(p, fun) do
    run = fn ->
      try do
        fun.()
      rescue
        ArgumentError -> {:error, :badarg}
      end
    end

    GenServer.call(actor(p), {:run, run})
  end

  # The value of a name that brings none.
  def canon(nil), do: :undefined
  def canon(v), do: v

  def entries(r, list) do
    list = for {pid, v} <- list, do: {label(pid), canon(v)}
    if r == :e, do: sorted(list), else: list
  end

  def pattern(v, rest) do
    guards = if v == :_, do: [], else: [{:"=:=", :"$3", v}]
    [{{:"$1", :"$2", :"$3"}, guards, rest}]
  end

  def via(r, k), do: {:via, Registry, {r, k}}

  # A name that brings no value has nil in Elixir.
  def update(nil, _), do: nil
  def update(v, n), do: v + n

  def updated({:error, x}), do: {:error, x}
  def updated({a, b}), do: {canon(a), canon(b)}
  def updated(x), do: x

  def run({:register, r, p, k, v}) do
    case in_actor(p, fn -> Registry.register(r, k, v) end) do
      {:ok, _} -> :ok
      {:error, {:already_registered, pid}} -> {:error, {:already_registered, label(pid)}}
      other -> other
    end
  end

  def run({:unregister, r, p, k}), do: in_actor(p, fn -> Registry.unregister(r, k) end)

  def run({:unregister_match, r, p, k, v}),
    do: in_actor(p, fn -> Registry.unregister_match(r, k, v) end)

  def run({:update, r, p, k, n}),
    do: updated(in_actor(p, fn -> Registry.update_value(r, k, &update(&1, n)) end))

  def run({:register_name, r, p, k}),
    do: in_actor(p, fn -> Registry.register_name({r, k}, self()) end)

  def run({:unregister_name, r, p, k}),
    do: in_actor(p, fn -> Registry.unregister_name({r, k}) end)

  def run({:put_meta, r, k, v}), do: Registry.put_meta(r, k, v)
  def run({:delete_meta, r, k}), do: Registry.delete_meta(r, k)
  def run({:meta, r, k}), do: Registry.meta(r, k)
  def run({:lookup, r, k}), do: entries(r, Registry.lookup(r, k))
  def run({:keys, r, p}), do: sorted(Registry.keys(r, actor(p)))
  def run({:values, r, k, p}), do: Enum.map(Registry.values(r, k, actor(p)), &canon/1)
  def run({:count, r}), do: Registry.count(r)
  def run({:match, r, k, v}), do: sorted(entries(r, Registry.match(r, k, v)))
  def run({:count_match, r, k, v}), do: Registry.count_match(r, k, v)

  def run({:select, r, v}) do
    list = Registry.select(r, pattern(v, [{{:"$1", :"$2", :"$3"}}]))
    sorted(for {k, pid, v} <- list, do: {k, label(pid), canon(v)})
  end

  def run({:count_select, r, v}), do: Registry.count_select(r, pattern(v, [true]))

  def run({:dispatch, r, k}) do
    Process.put(:dispatched, [])
    Registry.dispatch(r, k, fn list -> Process.put(:dispatched, Process.get(:dispatched) ++ list) end)
    entries(r, Process.get(:dispatched))
  end

  def run({:whereis, r, k}) do
    pid = Registry.whereis_name({r, k})
    if pid == :undefined, do: :undefined, else: label(pid)
  end

  def run({:call, r, k}), do: GenServer.call(via(r, k), :hello)
  def run({:cast, r, k}), do: GenServer.cast(via(r, k), :hello)

  def run({:send, r, k}) do
    Registry.send({r, k}, :hello)
    :ok
  end

  def run({:links, p}), do: length(elem(Process.info(actor(p), :links), 1))

  def run({:start, r, p, k, v}) do
    stop(p, :kill)
    settle()

    try do
      start(p, name: {:via, Registry, {r, k, v}})
    rescue
      ArgumentError ->
        start(p)
        {:error, :badarg}
    end
  end

  def run({:finish, p, reason}) do
    stop(p, reason)
    settle()
    start(p)
  end

  def run({:kill_partition, r}) do
    [{_, pid, _, _} | _] = Enum.reverse(Supervisor.which_children(r))
    ref = Process.monitor(pid)
    Process.exit(pid, :kill)

    receive do
      {:DOWN, ^ref, _, _, _} -> :ok
    end

    Process.sleep(20)
    if r == :e, do: for(p <- 0..3, do: Process.exit(actor(p), :kill))
    Process.sleep(20)
    died = for p <- 0..3, !Process.alive?(actor(p)), do: {label(actor(p)), p}
    settle()
    for {_, p} <- died, do: start(p)
    {:died, for({label, _} <- died, do: label)}
  end

  def stop(p, reason) do
    pid = actor(p)
    ref = Process.monitor(pid)
    if reason == :kill, do: Process.exit(pid, :kill), else: GenServer.stop(pid, reason)

    receive do
      {:DOWN, ^ref, _, _, _} -> :ok
    end
  end

  # Every partition has heard what there was to hear.
  def settle do
    for r <- @registries, {_, pid, _, _} <- Supervisor.which_children(r) do
      GenServer.call(pid, :sync)
    end
  end

  def outcome(operation) do
    try do
      run(operation)
    rescue
      ArgumentError -> {:error, :badarg}
    catch
      :exit, {r, {GenServer, _, _}} -> {:exit, r}
    end
  end

  def heard do
    receive do
      {:register, r, k, pid, v} -> [{:register, r, k, label(pid), canon(v)} | heard()]
      {:unregister, r, k, pid} -> [{:unregister, r, k, label(pid)} | heard()]
    after
      0 -> []
    end
  end

  def file(path) do
    {:ok, operations} = :file.consult(path)

    {pid, ref} =
      spawn_monitor(fn ->
        Process.register(self(), :listener)
        {:ok, _} = Registry.start_link(keys: :unique, name: :u, listeners: [:listener], meta: [a: 1])
        {:ok, _} = Registry.start_link(keys: :duplicate, name: :d, listeners: [:listener])
        {:ok, _} = Registry.start_link(keys: :duplicate, name: :e, partitions: 3)
        for p <- 0..3, do: start(p)

        lines =
          for operation <- operations do
            result = outcome(operation)
            :io_lib.format("~w~n  ~w~n", [operation, {result, heard()}])
          end

        File.write!(String.replace_suffix(path, ".script", ".trace"), lines)
        for p <- 0..3, do: Process.exit(actor(p), :kill)
        for r <- @registries, do: Supervisor.stop(r)
      end)

    receive do
      {:DOWN, ^ref, _, ^pid, :normal} -> :ok
      {:DOWN, ^ref, _, ^pid, r} -> IO.puts(:stderr, "#{path}: #{inspect(r)}")
    end
  end
end

Logger.configure(level: :emergency)
Enum.each(System.argv(), &Script.file/1)
