"""The barrier behind which everything runs that is not trusted: the compiler
at work on a submission, its nodes, and the simulator that loads them.

    sandbox = sandbox_probe.choose("auto", confine, root)
    words = sandbox.wrap([str(binary), "--id", "1"], NODE,
                         readable=[binary, config], writable=[data],
                         connect=[7101], bind=[7001, 7201])

There are three levels. Each is grader/confine (system calls, ports, limits),
and more: `bubblewrap` gives each process a view of its own on files, processes
and network; `user` runs it as a user who owns nothing; `limits` does neither.
docs/sandbox.md says what each of them stops.
"""

from __future__ import annotations

import os
import pathlib
from dataclasses import dataclass
from typing import List, Mapping, Optional, Sequence

NONE, AUTO = "none", "auto"
BUBBLEWRAP, USER, LIMITS = "bubblewrap", "user", "limits"
LEVELS = (BUBBLEWRAP, USER, LIMITS)     # the strongest first
OFFICIAL = (BUBBLEWRAP, USER)           # that official grading accepts

# What is run: a real node, the simulator, a compiler or linker.
NODE, SIM, TOOL = "node", "sim", "tool"

MB = 1 << 20
# More than these is never needed; what each limit means, setrlimit(2) says.
# A node may reserve 16,384 stacks of 256 KiB: how much it really uses is
# watched (sandbox_watch.py). "nproc" counts all processes and threads of a user:
# of everything that one grade runs side by side, and at `limits` of all that
# the instructor has open. That nodes start none is the filter's to see to.
LIMITS_OF: Mapping[str, Mapping[str, int]] = {
    NODE: {"core": 0, "data": 5 << 30, "fsize": 512 * MB, "nofile": 4096,
           "nproc": 2048, "cpu": 600},
    SIM: {"core": 0, "nofile": 1024, "nproc": 4096, "cpu": 3600},
    TOOL: {"core": 0, "data": 2 << 30, "fsize": 64 * MB, "nofile": 1024,
           "nproc": 4096, "cpu": 120},
}
_FILTER = {NODE: "--node", SIM: "--tool", TOOL: "--tool"}

# Where systems keep their programs, and what these read.
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32")
_ETC = ("/etc/ld.so.cache", "/etc/alternatives")
_DEVICES = ("/dev/zero", "/dev/urandom", "/dev/random")


@dataclass(frozen=True)
class Sandbox:
    """A level, as it works on this machine."""

    name: str = NONE
    sentence: str = "nothing stands between a submission and this machine"
    confine: Optional[pathlib.Path] = None  # grader/confine, built
    program: str = ""          # bubblewrap's
    user: Optional[int] = None # whom processes run as; None: as we do
    own_users: bool = False    # bubblewrap makes a namespace for users
    has_fence: bool = False    # the kernel fences files (Landlock)
    words: Sequence[str] = ()  # more for bubblewrap

    def __bool__(self) -> bool:
        return self.name != NONE

    @property
    def is_monitored(self) -> bool:
        """Whether the process that we start is the parent of the one meant."""
        return bool(self.program)

    def wrap(self, argv: Sequence[str], kind: str,
             readable: Sequence[pathlib.Path] = (),
             writable: Sequence[pathlib.Path] = (),
             connect: Sequence[int] = (), bind: Sequence[int] = (),
             folder: Optional[pathlib.Path] = None,
             info_fd: Optional[int] = None,
             sanitized: bool = False) -> List[str]:
        """The words that run a program behind the barrier. It sees the system
        and what is readable, and changes what is writable alone. Only nodes
        have a network. folder is where it starts, if not where we are."""
        if self.confine is None:
            return list(argv)
        inner = self._confined(argv, kind, readable, writable, connect, bind,
                               sanitized)
        if not self.program:
            return inner
        words = [self.program, *self._namespaces(kind), *_system_mounts(),
                 *self.words, "--proc", "/proc", "--dev", "/dev", "--tmpfs",
                 "/tmp"]
        for path in (self.confine, *readable):
            words += ["--ro-bind", str(path), str(path)]
        for path in writable:
            words += ["--bind", str(path), str(path)]
        if folder is not None:
            words += ["--chdir", str(folder)]
        if info_fd is not None:
            words += ["--info-fd", str(info_fd)]
        return [*words, "--", *inner]

    def _namespaces(self, kind: str) -> List[str]:
        words = ["--unshare-ipc", "--unshare-pid", "--unshare-uts",
                 "--unshare-cgroup-try", "--die-with-parent", "--new-session"]
        if kind != NODE:
            words.append("--unshare-net")
        if self.own_users:
            return ["--unshare-user", *words]
        return [*words, "--cap-drop", "ALL", "--cap-add", "CAP_SETUID",
                "--cap-add", "CAP_SETGID"]

    def _confined(self, argv: Sequence[str], kind: str,
                  readable: Sequence[pathlib.Path],
                  writable: Sequence[pathlib.Path],
                  connect: Sequence[int], bind: Sequence[int],
                  sanitized: bool) -> List[str]:
        words = [str(self.confine), _FILTER[kind], "--ports"]
        if self.user is not None:
            words += ["--user", str(self.user)]
        if self.has_fence and not self.program:
            for path in (*_there((*_SYSTEM, *_ETC, *_DEVICES)),
                         *map(str, readable), *["/proc"] * (kind != NODE)):
                words += ["--read", path]
            for path in ("/dev/null", *map(str, writable)):
                words += ["--write", path]
        for port in connect:
            words += ["--connect", str(port)]
        for port in bind:
            words += ["--bind", str(port)]
        for what, most in LIMITS_OF[kind].items():
            if what == "data" and sanitized:
                continue  # sanitizers reserve terabytes
            words += ["--limit", f"{what}={most}"]
        return [*words, "--", *argv]

    def hand_over(self, *paths: pathlib.Path) -> None:
        """Gives folders that we made, and files in them, to those inside."""
        for path in paths if self.user is not None else ():
            os.chown(path, self.user, self.user)
            if path.is_dir():
                for inner in path.rglob("*"):
                    os.chown(inner, self.user, self.user,
                             follow_symlinks=False)

    def show(self, *paths: pathlib.Path) -> None:
        """Lets those inside read files, and pass through folders, that only we
        could."""
        for path in paths if self.user is not None else ():
            os.chmod(path, path.stat().st_mode
                     | (0o111 if path.is_dir() else 0o444))

    def status(self, status: int) -> int:
        """An exit status as the program itself gave it."""
        if self.is_monitored and status > 128:
            return 128 - status
        return status


def _there(paths: Sequence[str]) -> List[str]:
    return [path for path in paths if os.path.exists(path)]


def _system_mounts() -> List[str]:
    words: List[str] = []
    for path in _there(_SYSTEM):
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        else:
            words += ["--ro-bind", path, path]
    for path in _there(_ETC):
        words += ["--ro-bind", path, path]
    return words


OPEN = Sandbox()  # no barrier at all: a student's own work
