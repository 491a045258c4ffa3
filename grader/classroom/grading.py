"""Runs grader/grade on one unpacked submission.

Each grade has a build folder of its own, a copy of what the kit has already
built of itself (never of a submission), so that nothing that one submission
makes is ever near another's.
"""

from __future__ import annotations

import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional

from .key import Options
from .trouble import Trouble

ROOT = pathlib.Path(__file__).resolve().parents[2]
GRADER = ROOT / "grader" / "grade"
sys.path.insert(0, str(ROOT / "grader"))
from conclave.reaper import die_with_parent, end_group  # noqa: E402

GRADER_FAILED = 4                  # the exit status that says so
WEAK = ("none", "limits")          # sandboxes that official grading refuses
_KITS_OWN = ("handout", "grader", "reference", "sim", "proxy", "check",
             "confine", "commands", "timings.json")
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "USER", "LOGNAME", "CC",
              "CFLAGS", "LDFLAGS", "FLAVOUR")
_LOCK = "grade.lock"               # see conclave/build.py
_GRACE_S = 30.0  # for a grader that was asked to stop: it ends its nodes


@dataclass(frozen=True)
class Ended:
    """How a call of grader/grade went."""

    status: int
    out_of_time: bool
    said: str      # on stderr
    cpu_s: float   # of it and all that it waited for


def grader_of(path: Optional[pathlib.Path]) -> List[str]:
    """The command that grades; another one is put there by tests."""
    return [sys.executable, "-B", str(path or GRADER)]


def words(options: Options) -> List[str]:
    """The options of a grade that counts."""
    line = list(options.labs)
    for pattern in options.only:
        line += ["--only", pattern]
    line += ["--world", options.world, "--jobs", str(options.jobs),
             "--trace-hash", "--isolate"]
    if options.seeds is not None:
        line += ["--seeds", str(options.seeds)]
    for flag, path in (("--secret", options.secret),
                       ("--published-seeds", options.published)):
        if path is not None:
            line += ["--official", flag, str(path)]
    if options.seed is not None and "--official" not in line:
        line += ["--seed", str(options.seed)]
    hidden = options.hidden or ROOT / "solution" / "hidden"
    if hidden.is_dir():
        line += ["--hidden", str(hidden)]
    line += ["--sandbox", options.sandbox]
    return line + ["--allow-weak-sandbox"] * options.allow_weak


def build_kit(options: Options) -> str:
    """Builds the kit in the usual place, from where each grade copies it, and
    tries the sandbox: its level. Trouble if it is too weak."""
    from conclave import (build, discover, failure, reference, sandbox_probe,
                          sealed, spec)
    labs = [course.lab for course in discover.load_all(ROOT / "labs")]
    with tempfile.TemporaryDirectory(prefix="cv-class-") as folder:
        builder = build.Builder(ROOT, pathlib.Path(folder))
        try:
            builder.tools(spec.WORLDS, sealed.BEFORE)
            for lab in labs:
                where = reference.folder(ROOT, lab)
                if where is not None:
                    with _locked(builder.folder, fcntl.LOCK_EX):
                        builder.reference_objects(lab, where)
            found = sandbox_probe.choose(
                options.sandbox, builder.run / build.CONFINE, ROOT)
            return accept(found.name, found.sentence, options)
        except sandbox_probe.Unavailable as error:
            raise Trouble(str(error)) from None
        except failure.GraderError as error:
            raise Trouble(f"the kit does not build: {error}") from None


@contextmanager
def _locked(folder: pathlib.Path, how: int) -> Iterator[None]:
    """While nobody builds there."""
    with open(folder / _LOCK, "a") as file:
        fcntl.flock(file, how)
        yield


def accept(level: str, sentence: str, options: Options) -> str:
    """A sandbox's level. Trouble if strangers' code may get out of it."""
    if level in WEAK and not options.allow_weak:
        raise Trouble(
            f"the sandbox would be '{level}' ({sentence}), which strangers' "
            "code may get out of: install bubblewrap, or grade as root; or "
            "accept it with --allow-weak-sandbox")
    return level


def copy_build(into: pathlib.Path) -> None:
    """What the kit has built of itself, if it has. Times are kept, so that
    make sees what is up to date."""
    flavour = os.environ.get("FLAVOUR") or "release"
    build = ROOT / (os.environ.get("BUILD") or "build")
    (into / flavour).mkdir(parents=True)
    if not (build / flavour / _LOCK).exists():
        return
    with _locked(build / flavour, fcntl.LOCK_SH):
        for name in _KITS_OWN:
            path = build / flavour / name
            if path.is_dir():
                shutil.copytree(path, into / flavour / name)
            elif path.is_file():
                shutil.copy2(path, into / flavour / name)
        if (build / "needs").exists():
            shutil.copy2(build / "needs", into / "needs")


def environment(scratch: pathlib.Path) -> Dict[str, str]:
    """Of a grade: nothing of the caller's that a submission has no use for."""
    kept = {name: os.environ[name] for name in _PASSED_ON
            if name in os.environ}
    (scratch / "tmp").mkdir(exist_ok=True)
    (scratch / "tmp").chmod(0o711)
    return {**kept, "BUILD": str(scratch / "build"), "NO_COLOR": "1",
            "TMPDIR": str(scratch / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}


def run(command: List[str], scratch: pathlib.Path, output: pathlib.Path,
        limit_s: float, niceness: int = 0) -> Ended:
    """Grades. Interrupted, it stops the grader first."""

    def prepare() -> None:
        die_with_parent(signal.SIGTERM)
        if niceness:
            os.nice(niceness)

    errors = scratch / "errors.txt"
    before = os.times()
    with open(output, "ab") as out, open(errors, "wb") as err:
        process = subprocess.Popen(
            command, cwd=str(ROOT), env=environment(scratch), stdout=out,
            stderr=err, stdin=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=prepare)
        leash()
        try:
            process.wait(timeout=limit_s)
            late = False
        except subprocess.TimeoutExpired:
            late = True
        finally:
            end_group(process, _GRACE_S)
    after = os.times()
    said = errors.read_bytes()[:4096].decode(errors="replace").strip()
    return Ended(process.returncode, late, said,
                 after.children_user + after.children_system
                 - before.children_user - before.children_system)


_leash_fd: Optional[int] = None


def hold_leash() -> None:
    """From now on our standard input is a pipe that whoever started us holds:
    when that end closes, we have to go. Works where no signal says so."""
    global _leash_fd
    _leash_fd = 0


def leash() -> None:
    """Starts to watch the leash, once nothing is forked any more."""
    if _leash_fd is None:
        return

    def watch() -> None:
        while os.read(0, 1 << 10):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
