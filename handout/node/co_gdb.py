"""Coroutines in gdb.

    (gdb) source handout/node/co_gdb.py
    (gdb) co              what every coroutine waits for, with its backtrace
    (gdb) co list         the same in one line each
    (gdb) co 3            look at coroutine 3: its frames follow frame 0, so
                          that up, down, frame, info locals work in it
    (gdb) co off          back to what the processor does

Where one process holds several nodes (make debug), `co` and `co list` go through
all of them; co 2 is about node 2 only, and co 2 3 looks at its coroutine 3.

It works on a running node and on a core file, and changes nothing in either.

A coroutine that does not run has its registers on its own stack, where
co_switch.S pushed them. Gdb is not told of a thread but of a fold in the stack:
an unwinder claims that the innermost frame was called by the coroutine's. Hence
frame 0 is not part of it.
"""

import gdb
from gdb.unwinder import Unwinder, register_unwinder

WORD_BYTES = 8

# By processor: where co_switch.S leaves the registers, in words above co->at;
# how many words it pops; the names of program counter and stack pointer.
LAYOUTS = {
    "i386:x86-64": ({"r15": 0, "r14": 1, "r13": 2, "r12": 3, "rbx": 4,
                     "rbp": 5, "rip": 6}, 7, "rip", "rsp"),
    "aarch64": ({**{f"x{19 + place}": place for place in range(11)},
                 "pc": 11}, 20, "pc", "sp"),
}


def layout():
    name = gdb.selected_inferior().architecture().name()
    if name not in LAYOUTS:
        raise gdb.GdbError(f"co_gdb.py does not know the processor {name}")
    return LAYOUTS[name]


class Copy:
    """The runtime of one node. A process may hold several, each a file that
    was loaded separately."""

    def __init__(self, objfile):
        self.objfile = objfile

    def variable(self, file, name):
        """A static variable of the runtime."""
        for symbol in gdb.lookup_static_symbols(name):
            where = symbol.symtab
            if where.objfile == self.objfile and \
                    where.fullname().endswith("/node/" + file):
                return symbol.value()
        raise gdb.GdbError(f"{self.objfile.filename} has no {name} of {file}")

    @property
    def number(self):
        """The node's id."""
        return int(self.variable("node.c", "id"))

    def heading(self):
        """Which node, and what it is."""
        text = f"node {self.number}"
        symbol = self.objfile.lookup_global_symbol("raft")
        if symbol is None or not int(symbol.value()["current_term"]):
            return text
        raft = symbol.value()
        return (f"{text}, {str(raft['role']).lower()} in term "
                f"{int(raft['current_term'])}")


def has_names(copy):
    """Whether nodes have to be told apart: they were loaded into a process."""
    return copy.objfile.filename != gdb.current_progspace().filename


def copies():
    """The nodes of this process that have been started, by id."""
    found = [Copy(symbol.symtab.objfile)
             for symbol in gdb.lookup_static_symbols("alive")
             if symbol.symtab.fullname().endswith("/node/co.c")]
    if not found:
        raise gdb.GdbError("this program has no coroutines, or runs none yet")
    if not has_names(found[0]):
        return found
    return sorted((one for one in found
                   if int(one.variable("node.c", "incarnation"))),
                  key=lambda one: one.number)


def coroutines(copy):
    """All that are alive, oldest first."""
    head = copy.variable("co.c", "alive")
    co_type = gdb.lookup_type("struct co")
    offset = next(field.bitpos // 8 for field in co_type.fields()
                  if field.name == "alive_link")
    found = []
    at = head["next"]
    while int(at) != int(head.address):
        address = gdb.Value(int(at) - offset)
        found.append(address.cast(co_type.pointer()).dereference())
        at = at["next"]
    return found


def is_running(copy, co):
    return int(co.address) == int(copy.variable("co.c", "current"))


def title(copy, number, co):
    text = f"{number}  {co['name'].string()}: "
    if is_running(copy, co):
        return text + "runs"
    if not co["is_waiting"]:
        return text + "waits for its turn"
    waited_us = int(copy.variable("node.c", "upcall_us")) - int(co["since_us"])
    return (text + f"waits for {co['what'].string()} since "
            f"{waited_us // 1000} ms")


class Fold(Unwinder):
    """Makes a coroutine's frames follow the innermost frame."""

    def __init__(self):
        super().__init__("conclave coroutines")
        self.co = None      # whose; None: nobody's
        self.inner_sp = 0   # which frame is the innermost

    def look_at(self, co):
        self.co = None
        gdb.invalidate_cached_frames()
        if co is not None:
            frame = gdb.newest_frame()
            self.inner_sp = int(frame.read_register(layout()[3]))
            self.co = co
            gdb.invalidate_cached_frames()
        frame = gdb.newest_frame()
        if co is not None and frame.older():
            frame = frame.older()
        frame.select()

    def __call__(self, pending):
        if self.co is None:
            return None
        registers, words, pc_name, sp_name = layout()
        sp = pending.read_register(sp_name)
        if int(sp) != self.inner_sp:
            return None

        at = int(self.co["at"])
        word = gdb.lookup_type("unsigned long").pointer()
        # Gdb mistrusts a caller whose frame lies below that of its callee, so
        # frame 0 claims to lie just below the coroutine's frames.
        info = pending.create_unwind_info(
            FrameId(self.co["at"], pending.read_register(pc_name)))
        for name, place in registers.items():
            value = gdb.Value(at + place * WORD_BYTES).cast(word).dereference()
            info.add_saved_register(
                name, value.cast(pending.read_register(name).type))
        info.add_saved_register(
            sp_name, gdb.Value(at + words * WORD_BYTES).cast(sp.type))
        return info


class FrameId:
    """What gdb tells frames apart by."""

    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


FOLD = Fold()


def back(*_unused):
    """The program has moved: nothing is looked at any more."""
    FOLD.co = None


def backtrace(copy, co):
    """The lines of a coroutine's backtrace."""
    if is_running(copy, co):
        return gdb.execute("backtrace", to_string=True).splitlines()
    FOLD.look_at(co)
    try:
        lines = gdb.execute("backtrace", to_string=True).splitlines()
    finally:
        FOLD.look_at(None)
    # Frame 0 is the processor's; a frame may go on over several lines.
    for place, line in enumerate(lines):
        if line.startswith("#1 "):
            return lines[place:]
    return ["(its stack cannot be read)"]


def tell(copy, is_whole):
    """All coroutines of a node, with their backtraces or without."""
    for number, co in enumerate(coroutines(copy), 1):
        print(title(copy, number, co))
        if is_whole:
            print("\n".join(backtrace(copy, co)) + "\n")


def chosen(number, among, what):
    """The one of that number in a list of pairs."""
    for one, value in among:
        if str(one) == number:
            return value
    known = ", ".join(str(one) for one, _ in among) or "none, there are none"
    raise gdb.GdbError(f"co knows no {what} {number}: take {known}")


class Co(gdb.Command):
    """Coroutines: co, co list, co NUMBER, co off; with several nodes in one
process also co NODE and co NODE NUMBER."""

    def __init__(self):
        super().__init__("co", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        words = argument.split()
        FOLD.look_at(None)
        if words == ["off"]:
            return
        found = copies()
        if words in ([], ["list"]):
            for copy in found:
                if has_names(copy):
                    print(copy.heading())
                tell(copy, is_whole=not words)
            return
        if not found:
            raise gdb.GdbError("no node runs yet")
        copy = found[0]
        if not all(word.isdigit() for word in words) or \
                len(words) > (2 if has_names(copy) else 1):
            raise gdb.GdbError("co takes list, off, or a number")
        if has_names(copy):
            copy = chosen(words.pop(0), [(one.number, one) for one in found],
                          "node")
            print(copy.heading())
        if words:
            self.enter(copy, words[0])
        else:
            tell(copy, is_whole=True)

    def enter(self, copy, number):
        """Makes a coroutine's frames those that up and down walk through."""
        co = chosen(number, list(enumerate(coroutines(copy), 1)), "coroutine")
        print(title(copy, number, co))
        if not is_running(copy, co):
            FOLD.look_at(co)
        gdb.execute("frame")


register_unwinder(None, FOLD, replace=True)
gdb.events.cont.connect(back)
Co()
