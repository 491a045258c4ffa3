"""Nothing may outlive a test.

A node is one process. If it forks, its child could leave the group, ignore
signals, and live on as a daemon. Where the system allows it (Linux), the
grader's processes therefore adopt all orphans among their descendants, so that
each can be found, named and killed. Elsewhere the process group must do.
"""

from __future__ import annotations

import ctypes
import os
import pathlib
import resource
import signal
import sys
import time
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Set

_SET_CHILD_SUBREAPER = 36
_SET_PDEATHSIG = 1
_PROC = pathlib.Path("/proc")
_ROUNDS = 200                  # passes over the orphans until we give up
ADDRESS_SPACE_BYTES = 24 << 30 # generous: 16,384 stacks alone reserve 4 GiB
FILE_BYTES = 1 << 30           # the longest file that a node may write


def _find_prctl() -> Optional[Callable[..., int]]:
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return None


_prctl = _find_prctl()


def adopt_orphans() -> bool:
    """Makes this process the parent of its descendants' orphans, if it can."""
    return _prctl is not None and _prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def die_with_parent(sig: int) -> None:
    """Asks for a signal when the parent dies, where the system can do that."""
    if _prctl is not None:
        _prctl(_SET_PDEATHSIG, sig, 0, 0, 0)


def limit_child(sanitized: bool, file_bytes: int = FILE_BYTES
                ) -> Callable[[], None]:
    """What to run in a fresh child before it becomes a node."""

    def prepare() -> None:
        die_with_parent(signal.SIGKILL)
        _lower(resource.RLIMIT_CORE, 0)
        _lower(resource.RLIMIT_FSIZE, file_bytes)
        if not sanitized:  # sanitizers reserve terabytes of addresses
            _lower(resource.RLIMIT_AS, ADDRESS_SPACE_BYTES)

    return prepare


def _lower(what: int, limit: int) -> None:
    """Sets a limit, or keeps a stricter one."""
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(what, (limit, limit))


@dataclass(frozen=True)
class ProcessInfo:
    """What /proc says of a process."""

    pid: int
    name: str      # of its program
    state: str     # "R" running, "S" sleeping, "Z" dead but not yet reaped
    parent: int    # its parent's pid
    session: int   # its session: a node's own pid, for its children
    cpu_s: float   # CPU time that it has used


def look_up(pid: int) -> Optional[ProcessInfo]:
    """Reads /proc/PID/stat; None if there is none."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
        name = text[text.index("(") + 1:text.rindex(")")]
        rest = text[text.rindex(")") + 2:].split()
        ticks = int(rest[11]) + int(rest[12])
        return ProcessInfo(pid, name, rest[0], int(rest[1]), int(rest[3]),
                           ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return None


def _children() -> Dict[int, ProcessInfo]:
    """This process's children, orphans that it adopted among them."""
    found: Dict[int, ProcessInfo] = {}
    try:
        pids = [int(name) for name in os.listdir(_PROC) if name.isdigit()]
    except OSError:
        return found
    for pid in pids:
        info = look_up(pid)
        if info is not None and info.parent == os.getpid():
            found[pid] = info
    return found


def children_of(pid: int) -> List[int]:
    """A process's children, where the system says so."""
    try:
        text = (_PROC / str(pid) / "task" / str(pid) / "children").read_text()
        return [int(word) for word in text.split()]
    except (OSError, ValueError):
        return []


def resident_bytes(pid: int) -> int:
    """Memory that a process really uses; 0 if there is no such process."""
    try:
        words = (_PROC / str(pid) / "statm").read_text().split()
        return int(words[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


def kill_orphans(known: Set[int]) -> List[ProcessInfo]:
    """Kills and reaps every child that is not known; returns those that lived.

    Killing one may hand us its children, so this goes on until none is left.
    """
    killed: Dict[int, ProcessInfo] = {}
    for _ in range(_ROUNDS):
        strangers = {pid: info for pid, info in _children().items()
                     if pid not in known}
        if not strangers:
            break
        for pid, info in strangers.items():
            if info.state != "Z":
                killed.setdefault(pid, info)
            _kill_and_reap(pid)
        time.sleep(0.005)
    return list(killed.values())


def _kill_and_reap(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, os.WNOHANG)
    except (ProcessLookupError, ChildProcessError, PermissionError):
        pass
