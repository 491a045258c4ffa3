"""One process of a test: a node, or the proxy. Its life, its output, its end.

A process runs in a session of its own. Its output is read as it comes, stamped,
kept at both ends and capped. Its end is noticed through SIGCHLD.
"""

from __future__ import annotations

import asyncio
import os
import pathlib
import re
import signal
import subprocess
from collections import deque
from typing import (Any, Callable, Deque, Dict, List, Mapping, NamedTuple,
                    Optional, Sequence, Set)

from . import backtrace, reaper
from .sandbox import LIMITS_OF, MB, NODE, OPEN, Sandbox

MAX_OUTPUT_BYTES = 16 << 20  # of one start of a node; more is a flood
KEEP_HEAD_LINES = 200        # of its output, from the start
KEEP_TAIL_LINES = 20_000     # and from the end
MAX_LINE_BYTES = 2_000       # of a line; the rest is cut
_READ_BYTES = 1 << 16
_READS_A_TURN = 16           # so that a flood does not starve the others
ENDLESS_LOOP_STATUS = 70     # the host's watchdog ends a node with it


class LogLine(NamedTuple):
    """A line of output, and when we read it."""

    at_s: float  # on this process's monotonic clock
    text: str


class Log:
    """The head and the tail of what a process printed."""

    def __init__(self) -> None:
        self.head: List[LogLine] = []
        self.tail: Deque[LogLine] = deque(maxlen=KEEP_TAIL_LINES)
        self.skipped = 0        # lines between head and tail
        self._part: Dict[int, bytes] = {}

    def feed(self, fd: int, data: bytes, now_s: float) -> List[str]:
        """Takes bytes of one pipe; returns the lines they completed."""
        lines = (self._part.pop(fd, b"") + data).split(b"\n")
        self._part[fd] = lines.pop()[:MAX_LINE_BYTES]
        texts = [line[:MAX_LINE_BYTES].decode(errors="replace").rstrip("\r")
                 for line in lines]
        for text in texts:
            self.add(LogLine(now_s, text))
        return texts

    def end(self, now_s: float) -> None:
        """No more comes: an unfinished line counts."""
        for part in self._part.values():
            if part:
                self.add(LogLine(now_s, part.decode(errors="replace")))
        self._part.clear()

    def add(self, line: LogLine) -> None:
        """One more."""
        if len(self.head) < KEEP_HEAD_LINES:
            self.head.append(line)
            return
        if len(self.tail) == KEEP_TAIL_LINES:
            self.skipped += 1
        self.tail.append(line)

    def lines(self) -> List[LogLine]:
        """All that was kept."""
        return self.head + list(self.tail)

    def last(self, count: int) -> List[str]:
        """The last lines."""
        return [line.text for line in self.lines()[-count:]]


class Info:
    """A pipe by which bubblewrap tells the number of the process inside."""

    def __init__(self) -> None:
        self._read_fd, self.write_fd = os.pipe()

    def read(self) -> int:
        """Waits for it; 0 if bubblewrap ended before."""
        os.close(self.write_fd)
        text = b""
        while b"}" not in text:
            data = os.read(self._read_fd, _READ_BYTES)
            if not data:
                break
            text += data
        os.close(self._read_fd)
        found = re.search(rb'"child-pid": (\d+)', text)
        return int(found[1]) if found else 0


_alive: Set["Process"] = set()
CONFINE_STATUS = 125  # of grader/confine, when it cannot run a program
# Which call it was, its host has not said (handout/uv/watch.h): signals were
# blocked, or it takes them itself.
OUT_OF_BOUNDS = ("was stopped by the sandbox: it called the system for what "
                 "no node needs (another process, as system() and popen() "
                 "start one, a signal, shared memory)")


def _on_sigchld() -> None:
    for process in list(_alive):
        process.poll()


class Process:
    """A process that runs, or has ended."""

    def __init__(self, name: str, words: Sequence[str], folder: pathlib.Path,
                 env: Mapping[str, str], prepare: Callable[[], None],
                 on_end: Callable[["Process"], None], log: Log,
                 sandbox: Sandbox = OPEN, info: Optional[Info] = None):
        loop = asyncio.get_running_loop()
        self.name = name
        self.log = log
        self.flooded = False           # it was killed for its output
        self.over = ""                 # a limit for which it was killed
        self.ending = False            # we asked for its end
        self.paused = False
        self.ready: asyncio.Future[bool] = loop.create_future()
        self.ended: asyncio.Future[int] = loop.create_future()
        self._on_end = on_end
        self._output_bytes = 0
        self._sandbox = sandbox
        self._popen = subprocess.Popen(
            list(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=str(folder), env=dict(env),
            start_new_session=True, preexec_fn=prepare,
            pass_fds=(info.write_fd,) if info else ())
        self.pid = self._popen.pid     # or its monitor's
        self._inside = info.read() if info else 0
        self._pipes = [pipe.fileno() for pipe in
                       (self._popen.stdout, self._popen.stderr) if pipe]
        for fd in self._pipes:
            os.set_blocking(fd, False)
            loop.add_reader(fd, self._read, fd)
        if not _alive:  # else it is there, and setting it takes long
            loop.add_signal_handler(signal.SIGCHLD, _on_sigchld)
        _alive.add(self)
        self.poll()

    @property
    def alive(self) -> bool:
        return self._popen.returncode is None

    @property
    def status(self) -> Optional[int]:
        """Its exit status, negative for a signal; None while it lives."""
        status = self._popen.returncode
        return None if status is None else self._sandbox.status(status)

    def inner_pid(self) -> int:
        """Its own, where a monitor stands between; 0: it is not there yet."""
        if not self._sandbox.is_monitored:
            return self.pid
        return next(iter(reaper.children_of(self._inside)), 0)

    def cpu_s(self) -> float:
        """CPU time used so far; 0 where the system does not say."""
        info = reaper.look_up(self.inner_pid())
        return info.cpu_s if info else 0.0

    def wants_cpu(self) -> bool:
        """Whether it computes, or would; False where the system does not
        say."""
        info = reaper.look_up(self.inner_pid())
        return info is not None and info.state == "R"

    def poll(self) -> None:
        """Notices its end."""
        if self not in _alive or self._popen.poll() is None:
            return
        _alive.discard(self)
        for fd in self._pipes:
            self._read(fd)
        if self._inside and not reaper.children_of(self._inside):
            # The namespace's first process may live a moment longer than its
            # monitor. Where it has children, they are somebody's daemons.
            reaper.end_child(self._inside)
        self._close_pipes()
        self.log.end(asyncio.get_running_loop().time())
        if not self.ready.done():
            self.ready.set_result(False)
        self.ended.set_result(self.status or 0)
        self._on_end(self)

    def signal(self, number: int) -> None:
        """Sends it a signal, if it lives."""
        if not self.alive:
            return
        if not self._sandbox.is_monitored:
            self._popen.send_signal(number)
            return
        # Its monitor ends when all is gone; it passes no signals on.
        pid = self._inside if number == signal.SIGKILL else self.inner_pid()
        try:
            os.kill(pid or self.pid, number)
        except ProcessLookupError:
            pass

    def stop_over(self, limit: str) -> None:
        """It has gone over a limit: kills it, and remembers which."""
        self.over = self.over or limit
        self.signal(signal.SIGKILL)

    def kill_group(self) -> None:
        """Kills what is left of its process group."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass

    def _close_pipes(self) -> None:
        loop = asyncio.get_running_loop()
        for fd in self._pipes:
            loop.remove_reader(fd)
        self._pipes = []
        for pipe in (self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                pipe.close()

    def _read(self, fd: int) -> None:
        for _ in range(_READS_A_TURN):
            try:
                data = os.read(fd, _READ_BYTES)
            except BlockingIOError:
                return
            if not data:
                asyncio.get_running_loop().remove_reader(fd)
                return
            self._take(fd, data)

    def _take(self, fd: int, data: bytes) -> None:
        if self.flooded:
            return
        self._output_bytes += len(data)
        now_s = asyncio.get_running_loop().time()
        lines = self.log.feed(fd, data, now_s)
        if "ready" in lines and not self.ready.done():
            self.ready.set_result(True)
        if self._output_bytes > MAX_OUTPUT_BYTES:
            self.flooded = True
            self.signal(signal.SIGKILL)


_CRASH = re.compile(r"crashed: .*")
_LOOP = re.compile(r"endless loop: .*")
_REFUSED = re.compile(r"refused: (?P<call>\w+\(\)|system call \d+) "
                      r"(?P<where>in .*)")
_SANITIZER = re.compile(r"ERROR: \w+Sanitizer: .*|[^ ]*: runtime error: .*")


class Ending(NamedTuple):
    """Why a process ended, in words."""

    crashed: bool  # by a signal, a sanitizer or the watchdog
    text: str      # "ended by itself with exit status 0"


def barrier_failed(process: Process) -> str:
    """What the sandbox said, if it is why a process never ran; else "". A
    submission might say the same: it gains nothing (classroom/second.py)."""
    lines = [line.text for line in process.log.lines()]
    if process.status in (1, CONFINE_STATUS) and len(lines) == 1 and \
            lines[0].startswith(("confine: ", "bwrap: ")):
        return lines[0]
    return ""


def explain_end(process: Process, program: pathlib.Path) -> Ending:
    """Says why a process ended that nobody had asked to."""
    status = process.status or 0
    texts = [line.text for line in process.log.lines()]
    if process.flooded:
        limit = MAX_OUTPUT_BYTES >> 20
        return Ending(False, f"flooded its output with over {limit} MiB and "
                             "was killed")
    if process.over:
        return Ending(False, f"{process.over} and was killed")
    if status == -signal.SIGXFSZ:
        return Ending(False, "wrote a file of more than "
                             f"{LIMITS_OF[NODE]['fsize'] // MB} MB and was "
                             "killed")
    if status == -signal.SIGSYS:
        found = _REFUSED.fullmatch(_last(texts, _REFUSED))
        if found is None:
            return Ending(False, OUT_OF_BOUNDS)
        return Ending(False, f"was stopped by the sandbox: {found['call']} is "
                             f"not for nodes, {found['where']}"
                             + _place(texts, found[0], program))
    said = _last(texts, _SANITIZER)
    if said and status != 0:
        return Ending(True, f"was stopped by a sanitizer: {said}")
    if status == ENDLESS_LOOP_STATUS:
        said = _last(texts, _LOOP) or "endless loop"
        return Ending(True, f"was stopped in an {said}"
                            + _place(texts, said, program))
    if status < 0:
        said = _last(texts, _CRASH) or f"crashed: {_signal_name(-status)}"
        return Ending(True, said + _place(texts, said, program))
    last = next((text for text in reversed(texts)
                 if text.strip() and text != "ready"), "")
    after = f'; its last line: "{last}"' if last and status != 0 else ""
    return Ending(False, f"ended by itself with exit status {status}{after}")


def _last(texts: List[str], pattern: "re.Pattern[str]") -> str:
    """The latest match in a log."""
    for text in reversed(texts):
        found = pattern.search(text)
        if found:
            return found.group(0)
    return ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _place(texts: List[str], said: str, program: pathlib.Path) -> str:
    """" (function, file:line)" from the backtrace that follows a report."""
    starts = [number for number, text in enumerate(texts) if said in text]
    if not starts:
        return ""
    where = backtrace.place(texts[starts[-1]:], program)
    return f" ({where})" if where else ""


def environment(extra: Mapping[str, str]) -> Dict[str, str]:
    """A node's environment: nothing of ours but what it needs."""
    env: Dict[str, Any] = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        # What a suspended coroutine holds at the end would look like a leak.
        "ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=0",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    }
    if "LD_LIBRARY_PATH" in os.environ:
        env["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    env.update(extra)
    return env
