"""The simulator as a child process, driven over its pipe.

    sim = Simulator(program, code)
    sim.hear = print                # takes each line of the record
    sim.ask("cluster", seed, text.encode().hex())
    sim.advance(250_000)            # virtual microseconds

grader/sim/drive.h describes the lines. An order is a line; whatever lines come
before its answer are heard at once, so nothing here waits but for the answer.
To what is posted the answer is taken before that of the next that is asked.
"""

from __future__ import annotations

import pathlib
import signal
import subprocess
import tempfile
from typing import IO, Callable, List, Optional, Sequence, Union

from . import process, reaper
from .failure import Failure, GraderError
from .place import HOUSE_RULE
from .sandbox import OPEN, SIM, Sandbox
from .sim_loop import Clock

CRASHED_STATUS = 70        # a node crashed; its X line tells which
MAX_OUTPUT_BYTES = 32 << 20  # of what nodes print; more is a flood
MAX_PRINTED_BYTES = 1 << 20  # of that, kept
HASH = "hash"              # the order that asks for the trace hash
ISOLATE = ("--isolate",)   # its word for nodes in processes of their own
MAX_OWED = 256             # answers not waited for yet: they fit into a pipe
_END_LIMIT_S = 10.0


class Simulator(Clock):
    """One simulated world, and its clock."""

    def __init__(self, program: pathlib.Path, code: pathlib.Path,
                 sanitized: bool = False, isolate: bool = False,
                 sandbox: Sandbox = OPEN):
        self._sandbox = sandbox
        self.now_us = 0
        self.has_ended = False      # the process is gone
        self.hear: Callable[[str], None] = lambda line: None
        self.on_fault: Callable[[BaseException], None] = lambda error: None
        self.orders: List[str] = []  # all that it was given
        self._owed: List[str] = []   # those posted and not answered yet
        self._printed: IO[bytes] = tempfile.TemporaryFile()
        self._process = _start(program, code, sanitized, isolate, sandbox,
                               self._printed)

    def ask(self, *words: object) -> List[str]:
        """One order; the words of its answer. After the simulator's end there
        is none: []. GraderError if it refuses."""
        line = self._give(words)
        return self._answer(line) if line else []

    def post(self, *words: object) -> None:
        """An order that is only put into the world's queue, so that nothing
        comes of it but "ok": that is not waited for."""
        line = self._give(words)
        if line:
            self._owed.append(line)
        if len(self._owed) == MAX_OWED:
            self._collect()

    def _give(self, words: Sequence[object]) -> str:
        """Writes an order down, and to the simulator: it; "": that ended."""
        if self.has_ended:
            return ""
        line = " ".join(str(word) for word in words)
        self.orders.append(line)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode() + b"\n")
        except OSError:
            pass  # why it ended is told by what it has printed
        return line

    def _collect(self) -> None:
        """The answers to what was posted."""
        owed, self._owed = self._owed, []
        for line in owed:
            if not self.has_ended:
                self._take(line)

    def _answer(self, order: str) -> List[str]:
        self._collect()
        return [] if self.has_ended else self._take(order)

    def _take(self, order: str) -> List[str]:
        """What comes until the next answer is heard: its words."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.flush()
        except OSError:
            pass
        while True:
            line = self._process.stdout.readline().decode(errors="replace")
            if not line.endswith("\n"):
                self._ended()
                return []
            word, _, rest = line[:-1].partition(" ")
            if word == "ok":
                return rest.split()
            if word == "error":
                raise GraderError(f"the simulator answered "
                                  f"'{order[:200]}' with: {rest}")
            self.hear(line[:-1])

    def advance(self, until_us: Optional[int]) -> None:
        """See Clock. Without a simulator, time passes all the same."""
        if until_us is None:
            raise GraderError("a test waits for something that cannot happen")
        try:
            answer = self.ask("run", until_us)
        except (Failure, GraderError) as error:
            self.on_fault(error)
            answer = []
        self.now_us = int(answer[0]) if answer else until_us

    def _ended(self) -> None:
        self.has_ended = True
        status = self._sandbox.status(self._process.wait())
        if status == -signal.SIGXFSZ:
            raise Failure(
                "nodes print what helps, and no more",
                "the nodes flooded their output with over "
                f"{MAX_OUTPUT_BYTES >> 20} MiB and were stopped",
                rule=HOUSE_RULE, hint="A loop that prints and never waits?")
        if status != CRASHED_STATUS:
            said = " / ".join(self.printed()[-3:]) or "it said nothing"
            raise GraderError(f"the simulator ended (status {status}): {said}")

    def printed(self) -> List[str]:
        """What nodes (and sanitizers) printed, its end."""
        size = self._printed.seek(0, 2)
        self._printed.seek(max(0, size - MAX_PRINTED_BYTES))
        return self._printed.read().decode(errors="replace").splitlines()

    def close(self) -> None:
        """Ends the process."""
        if self._printed.closed:
            return
        self.has_ended = True
        self._process.kill()
        self._process.wait(_END_LIMIT_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    pass
        self._printed.close()


def _start(program: pathlib.Path, code: pathlib.Path, sanitized: bool,
           isolate: bool, sandbox: Sandbox, printed: Union[int, IO[bytes]]
           ) -> "subprocess.Popen[bytes]":
    """Runs it; what nodes print goes into a file. GraderError."""
    try:
        return subprocess.Popen(
            sandbox.wrap(
                [str(program), *ISOLATE[not isolate:], "drive", str(code)],
                SIM, readable=[program, code]),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=printed,
            env=process.environment({}), start_new_session=True,
            preexec_fn=reaper.limit_child(sanitized, MAX_OUTPUT_BYTES))
    except OSError as error:
        raise GraderError(f"the simulator cannot be run: {error}") from error


def hash_again(orders: Sequence[str], program: pathlib.Path,
               code: pathlib.Path, sanitized: bool = False,
               isolate: bool = False, sandbox: Sandbox = OPEN) -> str:
    """The trace hash of a simulator that is given the same orders at once, up
    to where the first was asked for its hash; "" if it does not come so far.
    If both hashes are equal, its nodes did the same at each of their doors, so
    that whoever gave the orders would have given no others."""
    last = max((at for at, one in enumerate(orders) if one == HASH), default=-1)
    text = "".join(f"{one}\n" for one in orders[:last + 1])
    again = _start(program, code, sanitized, isolate, sandbox,
                   subprocess.DEVNULL)
    said = again.communicate(text.encode())[0]
    words = said[said.rfind(b"\n", 0, -1) + 1:].decode(errors="replace").split()
    return words[1] if words[:1] == ["ok"] and last >= 0 \
        and said.count(b"\nok") + said.startswith(b"ok") == last + 1 else ""
