"""Nothing may outlive a test.

A node is one process. If it forks, its child could leave the group, ignore
signals, and live on as a daemon. Where the system allows it (Linux), the
grader's processes therefore adopt all orphans among their descendants, so that
each can be found, named and killed. Elsewhere the process group must do.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Set

_SET_CHILD_SUBREAPER = 36
_SET_PDEATHSIG = 1
_PROC = "/proc"
_STAT_BYTES = 4096             # more than a line of /proc/PID/stat
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


def end_group(child: "subprocess.Popen[bytes]", grace_s: float = 0.0) -> None:
    """Ends a child that leads a process group, and whatever is left of the
    group. One that still runs is asked to go first, if it has a grace."""
    if grace_s and child.poll() is None:
        child.terminate()
        try:
            child.wait(timeout=grace_s)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    child.wait()


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


def _read(name: str) -> str:
    """A file of /proc, with as little as it takes: it is read often."""
    fd = os.open(f"{_PROC}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, _STAT_BYTES).decode(errors="replace")
    finally:
        os.close(fd)


def look_up(pid: int) -> Optional[ProcessInfo]:
    """Reads /proc/PID/stat; None if there is none."""
    try:
        text = _read(f"{pid}/stat")
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
        text = _read(f"{pid}/task/{pid}/children")
        return [int(word) for word in text.split()]
    except (OSError, ValueError):
        return []


def resident_bytes(pid: int) -> int:
    """Memory that a process really uses; 0 if there is no such process."""
    try:
        words = _read(f"{pid}/statm").split()
        return int(words[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


def has_children() -> bool:
    """Whether this process has any, adopted and dead ones included; True
    where the system does not say."""
    if not hasattr(os, "waitid"):
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return True
    except ChildProcessError:
        return False


def kill_orphans(known: Set[int]) -> List[ProcessInfo]:
    """Kills and reaps every child that is not known; returns those that lived.

    Killing one may hand us its children, so this goes on until none is left.
    Who has no child at all learns that without a look at every process.
    """
    killed: Dict[int, ProcessInfo] = {}
    for _ in range(_ROUNDS):
        if not has_children():
            break
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


def end_child(pid: int) -> None:
    """Kills a child, and waits until it is gone. What is not ours is left."""
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == 0:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    except (ChildProcessError, ProcessLookupError, PermissionError):
        pass


def _kill_and_reap(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, os.WNOHANG)
    except (ProcessLookupError, ChildProcessError, PermissionError):
        pass
