"""What gdb is told, and what it says when time stands still (debug.py)."""

from __future__ import annotations

import pathlib
import re
import shlex
from dataclasses import dataclass
from typing import List, Optional, Sequence

from .failure import GraderError
from .frames import BadBytes, take_frame
from .record import describe

_STOP = re.compile(r"STOP at_us=(\d+) node=(\d+) what=(\w+) peer=(\S+) "
                   r"data=(\S+)")
_LINE_LENGTH = 160
_WORDS = {
    "start": "it is about to start",
    "stream_up": "it is about to hear that a stream {peer} is up",
    "stream_down": "it is about to hear that its stream {peer} is gone",
    "alarm": "its alarm is about to ring: a timer of its own is due",
    "disk_done": "it is about to hear that an operation of its disk has ended",
    "client_bytes": "it is about to be given bytes of a client",
    "client_closed": "it is about to hear that a client has gone",
    "shut_down": "it is about to be told to stop",
}
_WHY = {
    "wrong": "Time stands still just before the first wrong event.",
    "answer": "Time stands still just before the event in which a node sends "
              "the answer\nthat the test found wrong.",
    "last": "No single event is wrong: what should have come has not. Time "
            "stands still\njust before the last event that the test saw.",
    "end": "Nothing fails. Time stands still at the test's end, just before "
           "its last\nevent.",
}
_HOW = """\
  co list            what every coroutine of every node waits for
  co 2, co 2 3       node 2's backtraces; look at its coroutine 3 (up, down)
  break FUNCTION     one of yours, in every node
  happen             lets this one event happen
  continue           lets time go on, to your breakpoint or the test's end
  bt, print, quit    as ever"""


@dataclass(frozen=True)
class Stop:
    """Where time stops: before an upcall into a node."""

    upcall: int      # its number
    why: str         # of _WHY
    at_us: int       # virtual time
    node: int
    what: str        # of host.h
    peer: Optional[int]
    data: bytes      # that the node is given

    @classmethod
    def parse(cls, line: str, upcall: int, why: str) -> "Stop":
        found = _STOP.fullmatch(line)
        if found is None:
            raise GraderError(f"the simulator says '{line[:200]}'")
        at, node, what, peer, data = found.groups()
        return cls(upcall, why, int(at), int(node), what,
                   None if peer == "-" else int(peer),
                   b"" if data == "-" else bytes.fromhex(data))

    def words(self) -> List[str]:
        """What is about to happen."""
        if self.what == "stream_bytes":
            return self._frames()
        peer = "" if self.peer is None else f"with node {self.peer}"
        text = _WORDS[self.what].format(peer=peer)
        if self.what == "client_bytes":
            text += f": {_shown(self.data)}"
        return [text]

    def _frames(self) -> List[str]:
        """The frames that arrive."""
        head = f"it is about to be given what node {self.peer} has sent:"
        lines = []
        data = self.data
        while data:
            try:
                frame, size = take_frame(data)
            except BadBytes:
                frame, size = None, 0
            if frame is None:
                lines.append(f"  {len(data)} bytes that are no whole frame")
                break
            frame.frm, frame.to = self.peer or 0, self.node
            frame.delivered_us = [frame.time_us]
            lines.append(f"  {_line(describe(frame))}")
            data = data[size:]
        return [head, *lines]


def _line(text: str) -> str:
    """Not too long for a line, and without control characters."""
    if len(text) > _LINE_LENGTH:
        text = text[:_LINE_LENGTH - 3] + "..."
    return "".join(one if one.isprintable() else " " for one in text)


def _shown(data: bytes) -> str:
    """A client's bytes, short."""
    return " ".join(_line(data[:60].decode(errors="replace")).split())


def gdb_script(stop: Stop, command: Sequence[str], helper: pathlib.Path,
               over_us: int) -> str:
    """The file that gdb begins with."""
    words = ["  " + line for line in stop.words()]
    if stop.why == "answer":
        words.append(f"  The test has the answer "
                     f"{(over_us - stop.at_us) / 1000:.3f} ms later.")
    return _SCRIPT.format(
        run=repr(f"run {shlex.join(command[1:])} >/dev/null"), helper=helper,
        why=repr(_WHY[stop.why] + "\n"),
        words=repr("\n".join(words) + "\n"), how=repr(_HOW))


# Symbols are read only when the nodes' code is there to be looked at: it comes
# and goes with every life of a node.
_SCRIPT = """\
set confirm off
set pagination off
set auto-solib-add off
set filename-display basename
set breakpoint pending on
handle SIGPROF nostop noprint pass
python
def run_to_stop():
    try:
        gdb.execute("tbreak replay_stop_here", to_string=True)
        gdb.execute({run}, to_string=True)
    except gdb.error as error:
        raise gdb.GdbError(f"{{error}}: does this system let a debugger run "
                           "programs? A container needs --cap-add=SYS_PTRACE")
    if not gdb.selected_inferior().pid:
        raise gdb.GdbError("the test was over before time could be stopped")
run_to_stop()
end
set auto-solib-add on
sharedlibrary
source {helper}
define happen
  frame function place_upcall
  finish
end
document happen
Lets the one event happen before which time stands still.
end
tbreak world_free
python
def tell_stop():
    place = gdb.selected_frame().read_var("place")
    number = int(place["id"])
    titles = [one.heading() for one in copies() if one.number == number]
    at_us = int(place["world"]["now_us"])
    print({why})
    print(f"{{at_us / 1e6:.6f}} s of virtual time, "
          f"{{(titles or [f'node {{number}}'])[0]}}:")
    print({words})
    print({how})
tell_stop()
end
set pagination on
"""
