"""Coroutines in gdb.

    (gdb) source handout/node/co_gdb.py
    (gdb) co              what every coroutine waits for, with its backtrace
    (gdb) co list         the same in one line each
    (gdb) co 3            look at coroutine 3: its frames follow frame 0, so
                          that up, down, frame, info locals work in it
    (gdb) co off          back to what the processor does

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


def variable(file, name):
    """A static variable of the runtime."""
    try:
        return gdb.parse_and_eval(f"'{file}'::{name}")
    except gdb.error as error:
        raise gdb.GdbError(f"this program has no coroutines: {error}")


def coroutines():
    """All that are alive, oldest first."""
    head = variable("co.c", "alive")
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


def is_running(co):
    return int(co.address) == int(variable("co.c", "current"))


def title(number, co):
    text = f"{number}  {co['name'].string()}: "
    if is_running(co):
        return text + "runs"
    if not co["is_waiting"]:
        return text + "waits for its turn"
    waited_us = int(variable("node.c", "upcall_us")) - int(co["since_us"])
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


def backtrace(co):
    """The lines of a coroutine's backtrace."""
    if is_running(co):
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


class Co(gdb.Command):
    """Coroutines: co, co list, co NUMBER, co off."""

    def __init__(self):
        super().__init__("co", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        word = argument.strip()
        if word == "off":
            FOLD.look_at(None)
            return
        FOLD.look_at(None)
        found = coroutines()
        if word in ("", "list"):
            for number, co in enumerate(found, 1):
                print(title(number, co))
                if word == "":
                    print("\n".join(backtrace(co)) + "\n")
            return
        if not word.isdigit() or not 1 <= int(word) <= len(found):
            raise gdb.GdbError(f"co takes list, off, or 1 to {len(found)}")
        co = found[int(word) - 1]
        print(title(word, co))
        if not is_running(co):
            FOLD.look_at(co)
        gdb.execute("frame")


register_unwinder(None, FOLD, replace=True)
gdb.events.cont.connect(back)
Co()
