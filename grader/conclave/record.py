"""What the proxy saw, as the test reads it.

The proxy streams its record as lines (grader/proxy describes them). Here they
become frames, streams, marks and broken invariants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Tuple

from .failure import GraderError
from .frames import METHOD_NAMES, OUTCOMES, TYPES, Frame


@dataclass(frozen=True)
class StreamEvent:
    """A stream came up or went."""

    time_us: int
    stream: int
    frm: int       # who dialled
    to: int        # who was dialled
    what: str      # "up", "down" or "reset"
    incarnation: int


@dataclass(frozen=True)
class Garbage:
    """Bytes that do not decode: the rest of that direction passes untouched."""

    time_us: int
    stream: int
    frm: int
    to: int
    size: int


@dataclass(frozen=True)
class Violation:
    """An invariant was broken."""

    time_us: int
    node: int
    rule: str
    expected: str
    observed: str


# Kinds of act at a node's door, as its host writes them down.
START, APPLY, SNAPSHOT, RESTORE = range(4)
_ACTS = {"apply": APPLY, "snapshot": SNAPSHOT, "restore": RESTORE}
HEAD_BYTES = 64  # of an entry's, kept in the real world


@dataclass(frozen=True)
class Act:
    """What a node's host has recorded: a start, or an act on the machine."""

    kind: int         # START, APPLY, SNAPSHOT or RESTORE
    index: int = 0    # of the entry, or of the last one in a snapshot
    term: int = 0     # of that entry
    size: int = 0     # bytes of the command, or of the state
    head: bytes = b"" # its first HEAD_BYTES
    hash: int = 0     # of all of them: FNV-1a, 64 bits


# Rules of grader/check, and where they are written.
RULES = {
    "election-safety": "Election Safety (Raft paper, Figure 3)",
    "vote-once": "one vote in a term (Raft paper, Figure 2, RequestVote rule "
                 "2, and section 5.2)",
    "vote-quorum": "a leader has the votes of a majority (Raft paper, section "
                   "5.2)",
    "term-kept": "the current term survives restarts (Raft paper, Figure 2, "
                 "persistent state)",
    "log-check": "the election restriction (Raft paper, section 5.4.1)",
    "grant-term": "a vote is given in the request's term (Raft paper, Figure "
                  "2, RequestVote)",
    "silence": "who hears a leader does not campaign (Raft paper, section 5.2)",
    "leader-append-only": "Leader Append-Only (Raft paper, Figure 3)",
    "log-matching": "Log Matching (Raft paper, Figure 3, and section 5.3)",
    "leader-completeness": "Leader Completeness (Raft paper, Figure 3, and "
                           "section 5.4.3)",
    "state-machine-safety": "State Machine Safety (Raft paper, Figure 3, and "
                            "section 5.4.3)",
    "commit-quorum": "committed is what a majority holds (Raft paper, Figure "
                     "2, Leaders, last rule)",
    "commit-own-term": "a leader counts copies of its own term's entries only "
                       "(Raft paper, section 5.4.2, Figure 8)",
    "match-kept": "what a follower has confirmed stays (Raft paper, section "
                  "5.3)",
    "apply-order": "each entry is applied once, in order (Raft paper, Figure "
                   "2, All Servers, rule 1)",
    "apply-committed": "only committed entries are applied (Raft paper, "
                       "section 5.3)",
    "snapshot-equal": "one state for all (Raft paper, section 7)",
    "durable": "on stable storage before answering (Raft paper, Figure 2, "
               "persistent state)",
    "sender": "a request names its sender (docs/protocol.md, Raft's messages)",
    "decodes": "Raft's messages (docs/protocol.md)",
}


class Record:
    """Grows as lines come in."""

    def __init__(self, on_violation: Callable[[Violation], None]):
        self.frames: List[Frame] = []
        self.streams: List[StreamEvent] = []
        self.garbage: List[Garbage] = []
        self.marks: Dict[str, int] = {}       # text of a mark -> time_us
        self.orders: List[Tuple[int, str]] = []  # every mark, in order
        self.notes: List[Tuple[int, str, str]] = []  # time_us, node, its life
        self.violations: List[Violation] = []
        self.acts: Dict[int, List[Act]] = {}  # simulated: of each node
        self.last_us = 0                      # time of the latest line
        self._by_number: Dict[int, Frame] = {}
        self._up: Dict[int, StreamEvent] = {} # streams that are up
        self._on_violation = on_violation

    def feed(self, line: str) -> None:
        """Takes one line. GraderError if it makes no sense."""
        kind, _, rest = line.partition(" ")
        take = self._TAKES.get(kind)
        if take is None:
            return  # "ok", and lines that only people read
        try:
            take(self, rest)
        except (ValueError, IndexError, KeyError) as error:
            raise GraderError(f"the proxy's record holds a line that does not "
                              f"parse ({error}): {line[:200]}") from error

    def is_up(self, frm: int, to: int) -> bool:
        """Whether a stream that `frm` dialled to `to` is up."""
        return any(one.frm == frm and one.to == to for one in self._up.values())

    def _frame(self, rest: str) -> None:
        word = rest.split(" ")
        frame = Frame(
            type=_type(word[6]), method=int(word[7]), call_id=int(word[8]),
            payload=b"" if word[10] == "-" else bytes.fromhex(word[10]),
            n=int(word[1]), time_us=self._time(word[0]), frm=int(word[2]),
            to=int(word[3]), stream=int(word[4]), dialler=int(word[5]),
            size=int(word[9]))
        self.frames.append(frame)
        self._by_number[frame.n] = frame

    def _delivered(self, rest: str) -> None:
        word = rest.split(" ")
        frame = self._by_number[int(word[1])]
        frame.delivered_us.append(self._time(word[0]))

    def _lost(self, rest: str) -> None:
        time, number, why = rest.split(" ", 2)
        self._time(time)
        self._by_number[int(number)].lost = why

    def _stream(self, rest: str) -> None:
        word = rest.split(" ")
        event = StreamEvent(self._time(word[0]), int(word[1]), int(word[2]),
                            int(word[3]), word[4],
                            int(word[5]) if len(word) > 5 else 0)
        self.streams.append(event)
        if event.what == "up":
            self._up[event.stream] = event
        else:
            self._up.pop(event.stream, None)

    def _garbage(self, rest: str) -> None:
        word = rest.split(" ")
        self.garbage.append(Garbage(self._time(word[0]), int(word[1]),
                                    int(word[2]), int(word[3]), int(word[4])))

    def _mark(self, rest: str) -> None:
        time, _, text = rest.partition(" ")
        self.marks.setdefault(text, self._time(time))
        self.orders.append((self.last_us, text))

    def _note(self, rest: str) -> None:
        time, node, text = rest.split(" ", 2)
        self.notes.append((self._time(time), node, text))
        if text.startswith("start ") and node.isdigit():
            self.acts.setdefault(int(node), []).append(Act(START))

    def _applied(self, rest: str) -> None:
        """An act on a node's machine."""
        word = rest.split(" ")
        self._time(word[0])
        self.acts.setdefault(int(word[1]), []).append(
            Act(_ACTS[word[2]], int(word[3]), int(word[4]), int(word[5]),
                b"" if word[7] == "-" else bytes.fromhex(word[7]),
                int(word[6], 16)))

    def _violation(self, rest: str) -> None:
        time, node, rule, text = rest.split(" ", 3)
        expected, _, observed = text.partition(" | ")
        violation = Violation(self._time(time), int(node),
                              RULES.get(rule, rule), expected, observed)
        self.violations.append(violation)
        self._on_violation(violation)

    def _time(self, word: str) -> int:
        self.last_us = int(word)
        return self.last_us

    _TAKES = {"F": _frame, "D": _delivered, "L": _lost, "S": _stream,
              "G": _garbage, "M": _mark, "B": _note, "V": _violation,
              "P": _applied}


def _type(word: str) -> str:
    """A frame's type, given as its number or its name."""
    return TYPES[int(word)] if word.isdigit() else word


def describe(frame: Frame) -> str:
    """One frame in words: "1 -> 2  REQUEST RequestVote call 7: term 3, ..."."""
    name = METHOD_NAMES.get(frame.method, f"method {frame.method}")
    if frame.type in ("PING", "PONG"):
        name = ""
    fields = _fields(frame)
    text = (f"{frame.frm} -> {frame.to}  {frame.type:<7} {name} "
            f"call {frame.call_id}").replace("  call", " call")
    return text + (f": {fields}" if fields else "") + _fate(frame)


def _fields(frame: Frame) -> str:
    if frame.msg is None:
        return f"{frame.size} bytes" if frame.size else ""
    return ", ".join(_field(name, value) for name, value in frame.msg.items()
                     if name not in ("client", "sequence") or value)


def _field(name: str, value: object) -> str:
    if name == "outcome":
        return OUTCOMES.get(int(str(value)), f"outcome {value}")
    if isinstance(value, bytes):
        shown = value[:24].decode(errors="replace")
        if not shown.isprintable():
            return f"{len(value)} bytes"
        return f'{name} "{shown}"' + ("..." if len(value) > 24 else "")
    if isinstance(value, list):
        return f"{len(value)} {name}"
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return f"{name} {value}"


def _fate(frame: Frame) -> str:
    copies = len(frame.delivered_us)
    if copies == 0:
        return f"  (lost: {frame.lost})" if frame.lost else "  (not delivered)"
    late_ms = (frame.delivered_us[0] - frame.time_us) / 1000
    notes = [f"{late_ms:.0f} ms late"] if late_ms >= 2 else []
    if copies > 1:
        notes.append(f"delivered {copies} times")
    return f"  ({', '.join(notes)})" if notes else ""


Timed = Tuple[float, str]


def frame_lines(frames: List[Frame], count: Optional[int]) -> List[Timed]:
    """(milliseconds, text) of the last frames, keepalives left out."""
    chosen = [one for one in frames if one.type not in ("PING", "PONG")]
    if count is not None:
        chosen = chosen[-count:]
    return [(one.time_us / 1000, describe(one)) for one in chosen]
