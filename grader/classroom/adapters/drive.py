"""Grades one submission where another system calls us, and writes what that
system reads: Gradescope's run_autograder, Autolab's Makefile, PrairieLearn's
entry point.

    python3 -m classroom.adapters.drive gradescope SUBMITTED RESULTS

What is to be graded, and for how long, stands in conclave.json at the top of
the package (packing/autograders.py). When time runs out, the grader is told to
end; what it had found out by then is the result, and tests that it had not come
to give no points. Something is written in every case.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from conclave import reaper
from conclave.results import replace_file

from .. import second
from ..content import find_top
from ..entries import entry_of
from ..trouble import Trouble
from ..unpack import unpack
from . import common
from .convert import FORMS, BadResult, load

ROOT = pathlib.Path(__file__).resolve().parents[3]
SETTINGS = "conclave.json"
SECRET = "secret"   # beside it
_GRACE_S = 60.0     # for the grader to end, once told
_LOGS = {"gradescope": print}  # there, the staff alone sees what is printed
_NAMES = {"gradescope": "results.json", "prairielearn": "results.json"}


@dataclass(frozen=True)
class Settings:
    """What conclave.json says."""

    labs: Tuple[str, ...] = ()   # none: all
    folders: Tuple[str, ...] = ()  # of all labs: "1-rpc", ...
    minutes: float = 30
    visibility: str = "after_published"  # of hidden tests, on Gradescope
    show_seeds: bool = False
    world: str = "both"
    words: Tuple[str, ...] = ()  # more for grader/grade

    @staticmethod
    def read(path: pathlib.Path) -> "Settings":
        """Trouble says what is wrong with it."""
        try:
            found: Dict[str, Any] = json.loads(path.read_text())
            for name in ("labs", "folders", "words"):
                found[name] = tuple(found.get(name, ()))
            return Settings(**found)
        except (OSError, ValueError, TypeError) as error:
            raise Trouble(f"{path} cannot be used: {error}") from error


def run(submitted: pathlib.Path, settings: Settings,
        root: pathlib.Path = ROOT,
        log: Callable[[str], None] = lambda _: None) -> common.Result:
    """Grades what was submitted; a result, whatever happens. What the grader
    printed goes to log: the seeds are in it, so students must not see it."""
    with tempfile.TemporaryDirectory(prefix="cv-drive-") as folder:
        copy = pathlib.Path(folder) / "submission"
        path = pathlib.Path(folder) / "result.json"
        try:
            findings = unpack(entry_of(_handed_in(submitted)), copy)
            top = find_top(copy, settings.folders, settings.labs)
        except Trouble as error:
            return common.trouble(f"This submission cannot be graded: {error}",
                                  settings.labs)
        began = time.monotonic()
        command = _command(top, path, settings.labs, settings, root)
        said = _grade(command, root, settings.minutes * 60)
        log(said)
        try:
            result = dict(load(path))
        except BadResult:
            return common.trouble(
                "The grader came to no result. That is no fault of yours: "
                "tell the course's staff.", settings.labs, said[-2000:])
        if result.get("official") and result.get("finished"):
            left_s = began + settings.minutes * 60 - time.monotonic()
            result = dict(second.settle(result, lambda labs, names: _once_more(
                top, path, (labs, names), settings, root, left_s)))
    result["findings"] = [*findings, *result.get("findings", ()),
                          *second.to_look_at(result)]
    return {**result, "asked": list(settings.labs)}


def _once_more(top: pathlib.Path, path: pathlib.Path,
               what: Tuple[Sequence[str], Sequence[str]], settings: Settings,
               root: pathlib.Path, left_s: float) -> Optional[common.Result]:
    """Grades some tests of some labs again, in the time that is left."""
    labs, names = what
    path.unlink()
    command = _command(top, path, labs, settings, root)
    _grade([*command, *(word for name in names for word in ("--only", name))],
           root, left_s)
    try:
        return load(path)
    except BadResult:
        return None


def _handed_in(path: pathlib.Path) -> pathlib.Path:
    """The folder of what was uploaded, or the only file in it: an archive."""
    inside = list(path.iterdir()) if path.is_dir() else []
    return inside[0] if len(inside) == 1 and inside[0].is_file() and \
        inside[0].suffix != ".c" else path


def close(root: pathlib.Path = ROOT) -> None:
    """Other users of this machine, the sandbox's among them, have no business
    in what students must not see."""
    for name, mode in (("solution", 0o700), (SECRET, 0o600)):
        path = root / name
        if path.exists():
            path.chmod(mode)


def _command(top: pathlib.Path, path: pathlib.Path, labs: Sequence[str],
             settings: Settings, root: pathlib.Path) -> List[str]:
    secret = root / SECRET
    official = ["--official", "--secret", str(secret)] if secret.is_file() \
        else ["--isolate"]
    return [sys.executable, "-B", str(root / "grader" / "grade"),
            *labs, "--submission", str(top), "--world",
            settings.world, *official, *settings.words, "--json", str(path)]


def _grade(command: Sequence[str], root: pathlib.Path, limit_s: float) -> str:
    """Runs the grader for so long and no longer; what it printed."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, cwd=root, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "NO_COLOR": "1"})
        try:
            process.wait(timeout=max(0.0, limit_s))
        except subprocess.TimeoutExpired:
            pass
        finally:
            reaper.end_group(process, _GRACE_S)
        output.seek(0)
        return output.read().decode(errors="replace")


def main(words: Optional[Sequence[str]] = None) -> int:
    """drive FORM SUBMITTED [RESULTS]; without the last, to standard output."""
    form, submitted, *rest = sys.argv[1:] if words is None else words
    settings = Settings()
    try:
        settings = Settings.read(ROOT / SETTINGS)
        close()
        result = run(pathlib.Path(submitted), settings, log=_LOGS.get(
            form, lambda _: None))
    except (Trouble, OSError) as error:
        result = common.trouble(f"The grader failed: {error}", settings.labs)
    shown = common.Shown(False, settings.show_seeds, settings.visibility)
    text = FORMS[form](common.look(result, shown))
    if rest:
        folder = pathlib.Path(rest[0])
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / _NAMES[form], text)
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
