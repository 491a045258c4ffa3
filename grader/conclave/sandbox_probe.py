"""Which barrier this machine offers, found by trying it.

A level counts only if a program that is run behind it can do what it must, and
cannot do what it must not.
"""

from __future__ import annotations

import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, replace
from typing import List, Optional, Sequence, Union

from . import reaper
from .sandbox import (AUTO, LEVELS, LIMITS, NODE, NONE, OPEN, TOOL, USER,
                      Sandbox)

_LIMIT_S = 30.0
# Users whom no account has: systemd keeps these for the same use.
_USERS = range(61_184, 65_520)
_NET_ABI = 4        # of Landlock, from which on it fences ports
_claims: List[socket.socket] = []  # hold our users until we end

# Tries everything in turn; the status says at which it stopped.
_TRY = """
echo in > "$1/writable/file" || exit 11
cat "$1/readable/file" > /dev/null || exit 12
cat "$2" > /dev/null || exit 13
{ echo out > "$1/readable/file"; } 2> /dev/null && exit 14
cat "$1/hidden/file" > /dev/null 2>&1 && exit 15
test -n "$3" && cat "$3" > /dev/null 2>&1 && exit 16
exit 0
"""
_MEANS = {
    11: "it cannot write where it should",
    12: "it cannot read what it should",
    13: "it cannot read the kit in {root}: put it where other users can read",
    14: "it can write where it should not",
    15: "it can read what it should not",
    16: "it can read the reference: chmod go-rwx {root}/solution",
}


class Unavailable(Exception):
    """One sentence on a level that this machine does not offer."""


@dataclass(frozen=True)
class Kernel:
    """What grader/confine finds."""

    landlock: int  # its version; 0: none
    filters: bool  # it filters system calls


def choose(wanted: str, confine: pathlib.Path, root: pathlib.Path) -> Sandbox:
    """The level asked for, or with AUTO the strongest. Unavailable."""
    if wanted == NONE:
        return OPEN
    reasons = []
    for name in LEVELS if wanted == AUTO else (wanted,):
        found = probe(name, confine, root)
        if isinstance(found, Sandbox):
            return found
        reasons.append(f"{name}: {found}")
    raise Unavailable("this machine does not offer the sandbox that was asked "
                      f"for ({'; '.join(reasons)})")


def probe(name: str, confine: pathlib.Path, root: pathlib.Path
          ) -> Union[Sandbox, str]:
    """A level, or why there is none of it here."""
    kernel = _kernel(confine)
    if isinstance(kernel, str):
        return kernel
    tried = "it is not there"
    for one in _candidates(name, confine, kernel):
        if isinstance(one, str):
            tried = one
            continue
        trouble = _try(one, root, kernel)
        if not trouble:
            return one
        tried = trouble
    return tried


def _kernel(confine: pathlib.Path) -> Union[Kernel, str]:
    try:
        said = subprocess.run([str(confine), "--probe"], check=True,
                              stdout=subprocess.PIPE, text=True,
                              timeout=_LIMIT_S).stdout.split()
        return Kernel(int(said[1]), said[3] == "1")
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) \
            as error:
        return f"grader/confine does not run here ({error})"


def _candidates(name: str, confine: pathlib.Path, kernel: Kernel
                ) -> Sequence[Union[Sandbox, str]]:
    """Ways to have a level, the better first."""
    base = Sandbox(name, "", confine, has_fence=kernel.landlock > 0)
    common = _words(kernel)
    if name == LIMITS:
        files = "files fenced by Landlock" if kernel.landlock \
            else "files not protected"
        return [replace(base, sentence=f"limits alone, as the user who "
                        f"grades; {files}; {common}")]
    if name == USER:
        if os.geteuid() != 0:
            return ["only root can run processes as another user"]
        user = claim_user()
        if user is None:
            return ["no free user was found"]
        files = "files fenced by Landlock" if kernel.landlock \
            else "files protected by their permissions"
        return [replace(base, user=user, sentence=f"as user {user}, who owns "
                        f"nothing; {files}; {common}")]
    program = shutil.which("bwrap")
    if program is None:
        return ["bubblewrap (bwrap) is not installed"]
    base = replace(base, program=program)
    sentence = "own files, processes and network by bubblewrap"
    ways: List[Union[Sandbox, str]] = []
    if os.geteuid() == 0:
        user = claim_user()
        if user is not None:
            ways.append(replace(base, user=user, sentence=f"{sentence}, as "
                                f"user {user}; {common}"))
    ways.append(replace(base, own_users=True,
                        sentence=f"{sentence}; {common}"))
    return ways


def _words(kernel: Kernel) -> str:
    """What all levels share, as far as the kernel has it."""
    calls = "system calls filtered" if kernel.filters else \
        "system calls not filtered (no seccomp)"
    ports = "ports fenced" if kernel.landlock >= _NET_ABI else \
        "ports not fenced (no Landlock for ports)"
    return f"{calls}, {ports}"


def _try(sandbox: Sandbox, root: pathlib.Path, kernel: Kernel) -> str:
    """What is wrong with a level; "" if nothing is."""
    with tempfile.TemporaryDirectory(prefix="cv-probe-") as name:
        folder = pathlib.Path(name)
        for one in ("readable", "writable", "hidden"):
            (folder / one).mkdir()
            (folder / one / "file").write_text("x\n")
        os.chmod(folder / "hidden", 0o700)
        os.chmod(folder, 0o755)
        sandbox.hand_over(folder / "writable")
        hidden = next((root / "solution").glob("*/*.c"), None)
        guarded = sandbox.name != LIMITS or bool(kernel.landlock)
        words = sandbox.wrap(
            ["/bin/sh", "-c", _TRY if guarded else _without_hidden(), "sh",
             name, str(root / "Makefile"), str(hidden or "")],
            TOOL, readable=[folder / "readable", root / "Makefile"],
            writable=[folder / "writable"])
        said = _run(words)
        if said.startswith("status "):
            number = int(said.split()[1].rstrip(":"))
            said = _MEANS.get(number, said).format(root=root) \
                if number in _MEANS else said
        return said or _run(sandbox.wrap(["/bin/true"], NODE))


def _without_hidden() -> str:
    return "\n".join(line for line in _TRY.splitlines()
                     if not line.endswith(("exit 14", "exit 15", "exit 16")))


def _run(words: Sequence[str]) -> str:
    """Runs it: "" or what was wrong."""
    try:
        done = subprocess.run(
            list(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=_LIMIT_S, text=True,
            errors="replace", env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            preexec_fn=reaper.limit_child(False))
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    said = done.stdout.strip().splitlines()
    return f"status {done.returncode}" + (f": {said[-1]}" if said else "")


def claim_user() -> Optional[int]:
    """A user whom no other grade of this machine has, until we end."""
    for user in random.sample(_USERS, 64):
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            claim.bind(f"\0conclave-user-{user}")
        except OSError:
            claim.close()
            continue
        if _is_free(user):
            _claims.append(claim)
            return user
        claim.close()
    return None


def _is_free(user: int) -> bool:
    """Whether no process is this user's."""
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == user:
                return False
        except OSError:
            continue
    return True
