"""coppice-gdb.py: the processes of a program that runs on Coppice, for gdb.

    cop processes     all of them: pid, name, what it is, what it does, messages waiting
    cop bt PID        where one is (<0.12.0>, 0.12.0 or just 12), also one that waits; and in core files

A process that waits in the middle of its C code stands on a stack of its own that no thread is on. To
gdb it is shown as if the innermost frame of the selected thread had been called from there: nothing
is written to the program, so a core file will do. A handler between two messages has no stack.

Where things are in memory the program says itself (cop_debugger, in src/runtime/table.c), so it needs
no debug information for this; with it, frames have lines and arguments.
"""
import gdb
import gdb.unwinder

VERSION = 1
STATUS = ["free", "runnable", "running", "waiting", "exiting"]
TAG_MASK, SLOT_BITS = 7, 25

# What cop_debugger says, in this order.
FIELDS = """version slabs slots slab_slots process_size
            p_pid p_name p_status p_mail_count p_flags p_stack p_code stack_sp
            schedulers scheduler_count scheduler_size s_running s_thread t_id
            atom_size atom_text is_handler""".split()

# Where a stack that was left has registers, by name: offset, and what is above all of them.
SAVED = {
    "i386:x86-64": ({"r15": 8, "r14": 16, "r13": 24, "r12": 32, "rbx": 40, "rbp": 48, "rip": 56}, 64),
    "aarch64": (dict({"x29": 0, "pc": 8, "x30": 8},
                     **{"x%d" % n: 16 + 8 * (n - 19) for n in range(19, 29)}), 176),
}


def read(address, size=8):
    data = gdb.selected_inferior().read_memory(address, size)
    return int.from_bytes(bytes(data), "little")


class Layout:
    """Where everything is; an attribute for each of FIELDS."""

    def __init__(self):
        try:
            at = int(gdb.parse_and_eval("(unsigned long)&cop_debugger"))
            values = [read(at + 8 * i) for i in range(len(FIELDS))]
        except gdb.error as error:
            raise gdb.GdbError("no program with Coppice in it is here (%s)" % error)
        self.__dict__.update(zip(FIELDS, values))
        if self.version != VERSION:
            raise gdb.GdbError("this script is for another version of Coppice")


class Process:
    def __init__(self, layout, address):
        self.layout = layout
        self.address = address
        self.pid = read(address + layout.p_pid)

    def field(self, name, size=8):
        return read(self.address + getattr(self.layout, "p_" + name), size)

    def number(self):
        """What stands between the dots of <0.ID.SERIAL>."""
        slot = self.pid >> 3 & (1 << SLOT_BITS) - 1
        count = self.pid >> 3 + SLOT_BITS
        return slot | count >> 32 << SLOT_BITS, count & 0xffffffff

    def pid_text(self):
        return "<0.%d.%d>" % self.number()

    def name(self):
        word = self.field("name")
        if word & TAG_MASK != 3:
            return "-"
        atom = word >> 3
        size = read(atom + self.layout.atom_size, 2)
        text = gdb.selected_inferior().read_memory(atom + self.layout.atom_text, size)
        return bytes(text).decode("utf-8", "replace")

    def what(self):
        """The handler's name, or the function that it began with."""
        code = self.field("code")
        if self.field("flags", 2) & self.layout.is_handler:
            return gdb.Value(read(code)).cast(gdb.lookup_type("char").pointer()).string()
        return symbol(code)

    def status(self):
        status = self.field("status", 1)
        return STATUS[status] if status < len(STATUS) else "?"

    def stack_pointer(self):
        """Where its stack was left; 0: it has none, or runs on it."""
        stack = self.field("stack")
        return read(stack + self.layout.stack_sp) if stack else 0

    def thread(self):
        """The OS's number of the thread that runs it; None."""
        layout = self.layout
        base = read(layout.schedulers)
        for i in range(read(layout.scheduler_count, 4)):
            scheduler = base + i * layout.scheduler_size
            if read(scheduler + layout.s_running) == self.address:
                return read(read(scheduler + layout.s_thread) + layout.t_id, 4)
        return None


def symbol(address):
    text = gdb.execute("info symbol %d" % address, to_string=True)
    return hex(address) if text.startswith("No symbol") else text.split()[0]


def processes():
    layout = Layout()
    slots = read(layout.slots, 4)
    for slot in range(slots):
        slab = read(layout.slabs + 8 * (slot // layout.slab_slots))
        if slab:
            process = Process(layout, slab + slot % layout.slab_slots * layout.process_size)
            if process.pid:
                yield process


class Parked(gdb.unwinder.Unwinder):
    """While it is armed, the innermost frame is called from a stack that was left."""

    def __init__(self):
        super().__init__("coppice")
        self.stack_pointer = 0

    def __call__(self, frame):
        if not self.stack_pointer or frame.level() != 0:
            return None
        architecture = frame.architecture().name()
        if architecture not in SAVED:
            raise gdb.GdbError("stacks of %s are not known" % architecture)
        registers, size = SAVED[architecture]
        info = frame.create_unwind_info(Below(frame, self.stack_pointer))
        word = gdb.lookup_type("long")
        for name, offset in registers.items():
            info.add_saved_register(name, gdb.Value(read(self.stack_pointer + offset)).cast(word))
        info.add_saved_register(stack_and_code(architecture)[0],
                                gdb.Value(self.stack_pointer + size).cast(word))
        return info


def stack_and_code(architecture):
    return ("rsp", "rip") if architecture == "i386:x86-64" else ("sp", "pc")


class Below:
    """The identity of a frame, as if it were on the stack that was left: gdb believes in no caller that
    is further down than who is called."""

    def __init__(self, frame, stack_pointer):
        self.sp = gdb.Value(stack_pointer - 16).cast(gdb.lookup_type("long"))
        self.pc = frame.read_register(stack_and_code(frame.architecture().name())[1])


parked = Parked()
gdb.unwinder.register_unwinder(None, parked, True)


def backtrace_of_parked(stack_pointer):
    """As of a thread, without its own innermost frame and the runtime's above the wait."""
    parked.stack_pointer = stack_pointer
    gdb.invalidate_cached_frames()
    try:
        frame = gdb.newest_frame().older()
        number = 0
        while frame is not None and frame.is_valid():
            print("#%-2d %s" % (number, describe(frame)))
            frame = frame.older()
            number += 1
    finally:
        parked.stack_pointer = 0
        gdb.invalidate_cached_frames()


def name_of(frame):
    """Without debug information gdb takes a name with two underscores for one of Ada's."""
    name = frame.name() or "??"
    return "cop__" + name[4:] if name.startswith("cop.") else name


def describe(frame):
    place = frame.find_sal()
    arguments = ""
    if frame.function() is not None:
        try:
            names = [s for s in frame.block() if s.is_argument]
            arguments = ", ".join("%s=%s" % (s.name, s.value(frame)) for s in names)
        except (RuntimeError, gdb.error):
            arguments = "..."
    text = "0x%x in %s (%s)" % (frame.pc(), name_of(frame), arguments)
    if place.symtab:
        text += " at %s:%d" % (place.symtab.filename, place.line)
    return text


def backtrace_of_thread(number):
    for thread in gdb.selected_inferior().threads():
        if thread.ptid[1] == number:
            before = gdb.selected_thread()
            thread.switch()
            gdb.execute("backtrace")
            before.switch()
            return
    print("it runs on thread %d, which is not here" % number)


class Cop(gdb.Command):
    """Processes of Coppice: cop processes, cop bt PID."""

    def __init__(self):
        super().__init__("cop", gdb.COMMAND_STACK, prefix=True)


class CopProcesses(gdb.Command):
    """All processes: pid, name, what it is, what it does, messages waiting."""

    def __init__(self):
        super().__init__("cop processes", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        print("%-12s %-20s %-24s %-9s %s" % ("pid", "name", "what", "status", "messages"))
        for process in processes():
            print("%-12s %-20s %-24s %-9s %d" % (
                process.pid_text(), process.name(), process.what(), process.status(),
                process.field("mail_count", 4)))


class CopBacktrace(gdb.Command):
    """Where a process is: cop bt PID."""

    def __init__(self):
        super().__init__("cop bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        numbers = argument.strip().strip("<>").split(".")
        if not all(n.isdigit() for n in numbers) or len(numbers) > 3:
            raise gdb.GdbError("say cop bt PID, as <0.12.0> or 12")
        wanted = [int(n) for n in (numbers[1:] if len(numbers) > 1 else numbers)]
        for process in processes():
            if list(process.number())[:len(wanted)] == wanted:
                show(process)
                return
        raise gdb.GdbError("no process %s lives" % argument.strip())


def show(process):
    print("%s %s, %s, %s" % (process.pid_text(), process.name(), process.what(), process.status()))
    thread = process.thread()
    stack_pointer = process.stack_pointer()
    if thread is not None:
        backtrace_of_thread(thread)
    elif stack_pointer:
        backtrace_of_parked(stack_pointer)
    else:
        print("it has no stack: it waits for a message")


Cop()
CopProcesses()
CopBacktrace()
