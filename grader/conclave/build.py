"""Builds the kit's tools, and nodes from any mix of stages.

A submission's files are copied into a build folder of its own, where make's
dependencies keep a second grade fast. One grade builds at a time for each
build folder of the kit: the kit's objects are shared. What was built is copied
again for the run, so that another grade may rebuild meanwhile.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from typing import (IO, Callable, Dict, Iterator, List, Mapping, Optional,
                    Sequence, Tuple)

from . import missing, reaper, reference, results, sealed
from .failure import GraderError
from .sandbox import OPEN, Sandbox
from .spec import REAL, SIM, Lab
from .submission import BadSubmission, Submission

TOOLS_LIMIT_S = 600.0
BUILD_LIMIT_S = 180.0
MAX_MESSAGES_BYTES = 64 << 10  # of the compiler's, shown and kept
_FORGET = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "GNUMAKEFLAGS")
_ERROR = re.compile(r"^(?P<file>[^\s:][^:]*):(?P<line>\d+):(?:\d+:)? "
                    r"(?:fatal )?error: (?P<text>.*)$", re.MULTILINE)
# What the simulator's check says of an object of the submission.
_REFUSED = re.compile(r"^\S*/obj/(?P<file>[^/\s]+/\S+\.c)\.o "
                      r"(?P<text>(?:calls|has) .*)$", re.MULTILINE)
# What make builds for each world, and what it is called.
_TOOLS = {REAL: ("tools", "proxy"), SIM: ("sim", "sim")}
CONFINE = "confine"  # runs what is not trusted: sandbox.py
CHECKER = "check"  # judges what a store's clients saw; beside each of them
_SUFFIX = {REAL: "", SIM: ".so"}
_LINK_ERROR = re.compile(
    r"(?P<text>undefined reference to .*|multiple definition of [^;]*)")


class NotBuilt(Exception):
    """The submission is at fault."""

    def __init__(self, sentence: str, messages: str = ""):
        super().__init__(sentence)
        self.sentence = sentence  # the first error
        self.messages = messages  # all that the compiler said


class Builder:
    """Builds for one grade."""

    def __init__(self, root: pathlib.Path, run_folder: pathlib.Path):
        self.root = root
        self.flavour = os.environ.get("FLAVOUR") or "release"
        self.build = root / self._build_word()
        self.folder = self.build / self.flavour
        self.messages: List[str] = []  # warnings of what did build
        self.run = run_folder
        self.sandbox: Sandbox = OPEN  # behind which submissions are compiled

    @staticmethod
    def _build_word() -> str:
        """The build folder, as make is told of it."""
        return os.environ.get("BUILD") or "build"

    @property
    def sanitized(self) -> bool:
        return self.flavour == "asan"

    def tools(self, worlds: Sequence[str] = (REAL,),
              more: Sequence[str] = ()) -> Dict[str, pathlib.Path]:
        """The proxy, the simulator; and more of what make can build.
        GraderError if one does not build."""
        targets = [_TOOLS[world] for world in worlds]
        with self._lock():
            # Spelt as the Makefile spells it: it is a file, not a word.
            checker = "/".join((self._build_word(), self.flavour, CHECKER))
            failed, text = self._make(
                [*(target for target, _ in targets), checker, *more],
                TOOLS_LIMIT_S)
        for target, name in (*targets, (checker, CHECKER)):
            if failed or not (self.folder / name).exists():
                raise GraderError(
                    "the grader's own tools do not build: "
                    f"`make {target}` ({failed or 'no file'}) says\n"
                    + text.strip())
        for name in (CHECKER, *({CONFINE} & set(more))):
            self._keep(self.folder / name, name)
        return {world: self._keep(self.folder / _TOOLS[world][1],
                                  _TOOLS[world][1]) for world in worlds}

    def node(self, lab: Lab, labs: Mapping[str, Lab], submission: Submission,
             stack: str, worlds: Sequence[str] = (REAL,)
             ) -> Dict[str, pathlib.Path]:
        """A lab's node for each world from a submission's stages; ISOLATED
        takes those below the lab's own from the reference. NotBuilt or
        GraderError."""
        if self.sandbox:
            return self._sealed_node(lab, labs, submission, stack, worlds)
        own = self._submission_folder(submission)
        out = own / (stack if stack == results.OWN else f"{stack}-{lab.name}")
        names = {world: lab.binary + _SUFFIX[world] for world in worlds}
        words = [*names.values(), f"OUT={self._shown(out)}"]
        paths: Dict[str, str] = {}  # our copies -> where they came from
        with self._lock():
            for name in lab.stages:
                stage = labs[name]
                folder = reference.folder(self.root, stage)
                if stack == results.OWN or name == lab.name or folder is None:
                    folder = own / "stages" / stage.folder
                    self.copy_stage(submission, stage, folder)
                    paths[self._shown(folder)] = str(submission.stage(stage))
                words.append(f"STAGE_{name.upper()}={self._shown(folder)}")
            failed, text = self._make(words, BUILD_LIMIT_S)
            self._judge(failed, text, paths)
            return {world: self._keep(out / name, f"{stack}-{name}")
                    for world, name in names.items()}

    def _sealed_node(self, lab: Lab, labs: Mapping[str, Lab],
                     submission: Submission, stack: str,
                     worlds: Sequence[str]) -> Dict[str, pathlib.Path]:
        """The same behind the sandbox. Whatever fails there is due to the
        submission: what is the kit's has been compiled before."""
        names = {world: lab.binary + _SUFFIX[world] for world in worlds}
        build = sealed.SealedBuild(self, lab, labs, stack, names)
        with self._lock():
            failed, text = build.make(submission)
            try:
                self._judge(failed, text, build.paths)
            except GraderError as error:
                last = text.strip().splitlines()[-1:] or [failed]
                raise NotBuilt("the compiler could not deal with it: "
                               + last[0], text) from error
            return {world: self._keep(build.result(world), f"{stack}-{name}")
                    for world, name in names.items()}

    def reference_objects(self, stage: Lab, folder: pathlib.Path
                          ) -> List[pathlib.Path]:
        """The reference's objects of a stage, compiled by us. GraderError."""
        sources = sorted(folder.glob("*.c"))
        out = self.folder / "reference"
        if sources:
            failed, text = self._make(
                [f"objects-{stage.folder}", f"OUT={self._shown(out)}",
                 f"STAGE_{stage.name.upper()}={self._shown(folder)}"],
                BUILD_LIMIT_S)
            if failed:
                raise GraderError("the reference does not build: make says\n"
                                  + text.strip())
        return [out / "obj" / stage.folder / f"{path.name}.o"
                for path in sources] + sorted(folder.glob("*.c.o"))

    def _judge(self, failed: str, text: str, paths: Mapping[str, str]) -> None:
        """Raises what make's end means; keeps warnings. paths: our copies ->
        where they came from."""
        for ours, theirs in paths.items():  # the linker names it in full
            text = text.replace(str(self.root / ours), theirs)
            text = text.replace(ours, theirs)
        if failed:
            raise self._blame(failed, text, paths)
        if text.strip() and text not in self.messages:
            self.messages.append(text)

    def copy_stage(self, submission: Submission, lab: Lab,
                    folder: pathlib.Path) -> None:
        """Brings our copy up to date; files that did not change stay old."""
        try:
            files = submission.files(lab)
        except BadSubmission as error:
            raise NotBuilt(str(error)) from error
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            if path.name not in files:
                path.unlink()
        for name, content in files.items():
            path = folder / name
            if not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)

    def _submission_folder(self, submission: Submission) -> pathlib.Path:
        """A folder for each submission, told apart by its path."""
        path = str(submission.folder.resolve())
        name = hashlib.sha256(path.encode()).hexdigest()[:12]
        return self.folder / "submissions" / name

    def _shown(self, path: pathlib.Path) -> str:
        """A path as make, which runs in the root, is given it."""
        try:
            return str(path.relative_to(self.root))
        except ValueError:
            return str(path)

    def _keep(self, built: pathlib.Path, name: str) -> pathlib.Path:
        """Copies what was built into this grade's own folder."""
        kept = self.run / name
        if not kept.exists():
            shutil.copy2(built, kept)
        return kept

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One build at a time in this build folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "grade.lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _make(self, words: List[str], limit_s: float) -> Tuple[str, str]:
        """Runs make: (how it failed or "", what it printed)."""
        env = {name: value for name, value in os.environ.items()
               if name not in _FORGET and not name.startswith("STAGE_")}
        env["LC_ALL"] = "C"
        return self.run_make(words, env, list, limit_s)

    def run_make(self, words: List[str], env: Mapping[str, str],
                 wrap: Callable[[List[str]], List[str]],
                 limit_s: float = BUILD_LIMIT_S) -> Tuple[str, str]:
        """The same with an environment, as other words."""
        command = wrap(["make", "--no-print-directory", "-s", "-k", *words,
                        f"BUILD={self._build_word()}",
                        f"FLAVOUR={self.flavour}"])
        with tempfile.TemporaryFile() as output:
            try:
                process = subprocess.Popen(
                    command, cwd=str(self.root), env=dict(env), stdout=output,
                    stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                    start_new_session=True)
            except OSError as error:
                raise GraderError(f"make cannot be run: {error}") from error
            failed = _wait(process, limit_s)
            text = _ends_of(output)
        return failed, _without_chatter(text)

    def _blame(self, failed: str, text: str, paths: Mapping[str, str]
               ) -> Exception:
        """NotBuilt if the submission is at fault, else GraderError."""
        if "time" in failed:
            return NotBuilt(f"the compiler took longer than {BUILD_LIMIT_S:g} "
                            "s: is there a file that includes itself?", text)
        errors = [found for found in _ERROR.finditer(text)]
        for found in errors:
            if any(one in text[:found.end()] for one in paths.values()):
                return NotBuilt(f"{found['file']}:{found['line']}: "
                                f"{found['text']}", text)
        refused = [f"{found['file']} {found['text']}"
                   for found in _REFUSED.finditer(text)]
        past = [one for one in refused if not one.endswith(
            (missing.NOTHING, missing.SIMULATORS))]
        if past and not errors:
            return NotBuilt(past[0], text)
        lacks = missing.sentence(text, self.root, {
            pathlib.Path(ours).name: pathlib.Path(theirs)
            for ours, theirs in paths.items()})
        if lacks is not None and not errors:
            return NotBuilt(lacks, text)
        if refused and not errors:
            return NotBuilt(refused[0], text)
        linked: Optional["re.Match[str]"] = _LINK_ERROR.search(text)
        if linked is not None and not errors:
            return NotBuilt(f"it does not link: {linked['text']}", text)
        return GraderError(f"the kit does not build ({failed}): make says\n"
                           + text.strip())


def _ends_of(output: IO[bytes]) -> str:
    """What was printed; of much, the beginning and the end."""
    half = MAX_MESSAGES_BYTES // 2
    size = output.seek(0, os.SEEK_END)
    output.seek(0)
    if size <= MAX_MESSAGES_BYTES:
        return output.read().decode(errors="replace")
    head = output.read(half)
    output.seek(size - half)
    return (head + b"\n[...]\n" + output.read()).decode(errors="replace")


def _wait(process: "subprocess.Popen[bytes]", limit_s: float) -> str:
    """Waits for make: "" or how it failed. Nothing of it stays running."""
    try:
        status = process.wait(timeout=limit_s)
        return f"status {status}" if status else ""
    except subprocess.TimeoutExpired:
        return "time ran out"
    finally:
        reaper.end_group(process)


def _without_chatter(text: str) -> str:
    """Make's own lines and progress say nothing to a student, unless make has
    nothing to work with."""
    lines = [line for line in text.splitlines()
             if not re.match(r"make(\[\d+\])?: (?!\*\*\* No rule)|"
                             r"  (CC|LD|AR) ", line)]
    return "\n".join(lines) + ("\n" if lines else "")
