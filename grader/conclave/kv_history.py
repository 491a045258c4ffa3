"""What clients of lab 5's store saw, and whether one store explains it.

    one = history.call("SET", "x", "1")
    history.done(one, b"OK")
    history.judge(checker)      # build/FLAVOUR/check, docs/checking.md

An operation that was never answered may have taken effect at any time since; one
that was refused has not, and is left out.
"""

from __future__ import annotations

import asyncio
import pathlib
import re
import subprocess
import tempfile
from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

from .client import describe_reply
from .failure import Failure, GraderError
from .resp import RespError, Word

# Answers that say that nothing was done.
NOT_DONE = ("MOVED", "CLUSTERDOWN", "BUSY", "TOOLARGE", "NOSESSION")
# Those that leave open whether it was, or will be.
UNKNOWN = ("LOST", "OLDSEQUENCE")
READS = ("GET", "GETM", "MGET", "EXISTS")
_COUNTS = ("EXISTS", "DEL", "INCRBY", "APPEND")   # answered by a number
_RULE = ("linearizability: each operation takes effect at one moment between "
         "its call and its answer (Raft paper, section 8)")
_HINT = ("Is a read answered by a leader that does not know that it was "
         "deposed, or before it holds all that was committed? Is a write done "
         "twice, or told to be done when it was not?")
_LIMIT_S = 60.0
# An operation in the checker's explanation: its client, and when it was asked.
_SUSPECT = re.compile(r"  client \d+ +(\d+\.\d+) s ")
# How the bytes are written that do not stand for themselves between quotes.
_ESCAPES = {byte: f"\\x{byte:02x}" for byte in range(256)
            if not 32 <= byte < 127}
_ESCAPES.update({ord('"'): '\\"', ord("\\"): "\\\\"})


@dataclass
class Operation:
    """What one client asked, and what it was told."""

    client: int
    request: Tuple[Word, ...]   # words
    call_us: int
    return_us: int = -1         # -1: it was not answered
    reply: Any = None
    refused: bool = False       # it was not done, the node said


class History:
    """All operations of a test's clients."""

    def __init__(self) -> None:
        self.operations: List[Operation] = []

    def call(self, client: int, *request: Word) -> Operation:
        """A client asks."""
        made = Operation(client, request, _now_us())
        self.operations.append(made)
        return made

    def done(self, one: Operation, reply: Any) -> None:
        """It has its answer, error or not."""
        word = kind_of(reply)
        if word in NOT_DONE:
            one.refused = True
        elif word not in UNKNOWN:
            one.return_us = _now_us()
            one.reply = reply

    def lines(self) -> List[str]:
        """The file for the checker."""
        kept = [one for one in self.operations if not one.refused
                and (one.return_us >= 0 or str(one.request[0]) not in READS)]
        return [_line(one) for one in kept]

    def judge(self, checker: Optional[pathlib.Path]) -> List[str]:
        """Asks the checker: [], or its reasons why no store explains it."""
        lines = self.lines()
        if not lines:
            return []
        if checker is None:
            raise GraderError("the linearizability checker was not built")
        status, said = _ask(checker, lines)
        if status == 0:
            return []
        if status == 1:
            return said[1:] or ["no order explains it"]
        raise GraderError("the checker of histories gives no verdict: "
                          + " ".join(said))


def _ask(checker: pathlib.Path, lines: Sequence[str]) -> Tuple[int, List[str]]:
    """The checker's exit status, and what it says of a history."""
    with tempfile.NamedTemporaryFile("w", suffix=".history") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        try:
            ran = subprocess.run(
                [str(checker), file.name], stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                timeout=_LIMIT_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise GraderError(f"the checker of histories: {error}") from error
    return ran.returncode, \
        ran.stdout.decode(errors="replace").strip().splitlines()


def failure_of(reasons: Sequence[str]) -> Failure:
    """What a test ends with when no store explains its history."""
    last = [line for line in reasons if line.startswith(("Up to ", "Then "))]
    return Failure("one store, asked one operation after the other, could have "
                   "given all these answers",
                   "none could; the last steps of the story show why. "
                   + " ".join(last), rule=_RULE, hint=_HINT)


def called_us(reason: str) -> Optional[int]:
    """When the operation that a line of the explanation is about was called;
    None: it is about none."""
    found = _SUSPECT.match(reason)
    return round(float(found.group(1)) * 1_000_000) if found else None


def kind_of(reply: Any) -> str:
    """An error's first word; "" for an answer."""
    return str(reply).split(" ", 1)[0] if isinstance(reply, RespError) else ""


def _now_us() -> int:
    return int(asyncio.get_running_loop().time() * 1_000_000)


def _line(one: Operation) -> str:
    request, reply = list(one.request), one.reply
    name = str(request[0])
    if name == "CAS" and int(request[2]) == 0:  # a key that must not be there
        words = ["CASV", _quoted(request[1]), "nil", _quoted(request[3])]
    else:
        words = [name] + [_quoted(word) for word in request[1:]]
    answered = one.return_us >= 0
    line = (f"{one.client} {one.call_us} "
            f"{one.return_us if answered else '-'} {' '.join(words)}")
    return f"{line} => {_answer(name, request, reply)}" if answered else line


def _answer(name: str, request: Sequence[Word], reply: Any) -> str:
    """In the checker's words; a Failure if the reply is of another shape."""
    if kind_of(reply):
        if name == "CAS" and kind_of(reply) == "VERSION":
            return "0"
        if name == "INCRBY" and kind_of(reply) == "ERR":
            return "-ERR"
    elif name == "CAS" and isinstance(reply, int):
        return "OK" if int(request[2]) == 0 else f"OK {reply}"
    elif name == "GETM" and isinstance(reply, list) and \
            [type(part) for part in reply] == [bytes, int]:
        return f"{_quoted(reply[0])} {reply[1]}"
    elif name == "MGET" and isinstance(reply, list) and \
            len(reply) == len(request) - 1 and all(map(_is_value, reply)):
        return " ".join(map(_quoted, reply))
    elif name == "SET" and reply == b"OK":
        return "OK"
    elif (name == "GET" and _is_value(reply)) or \
            (name == "GETM" and reply is None) or \
            (name in _COUNTS and isinstance(reply, int)):
        return _quoted(reply)
    raise Failure(f"{name} is answered as handout/standin/kv_front.c says",
                  f"{' '.join(map(str, request))} was answered by "
                  f"{describe_reply(reply)}")


def _is_value(reply: Any) -> bool:
    return reply is None or isinstance(reply, bytes)


def _quoted(word: Any) -> str:
    if word is None:
        return "nil"
    data = word if isinstance(word, bytes) else str(word).encode()
    return f'"{data.decode("latin-1").translate(_ESCAPES)}"'
