"""Builds a submission's nodes behind a barrier, in two steps.

The kit's own objects, and the reference's, are compiled before, outside. Then:

    compile   sees the kit's headers and the submission; writes objects
    link      sees objects; writes nodes, which `sim check` has looked at

So no #include, and no .incbin, finds anything but what students have. It is the
kit's Makefile that runs; what a submission brings of its own is not there.
"""

from __future__ import annotations

import os
import pathlib
import shutil
from typing import TYPE_CHECKING, Dict, List, Mapping, Sequence, Tuple

from . import reference, results
from .failure import GraderError
from .sandbox import TOOL
from .spec import Lab
from .submission import Submission

if TYPE_CHECKING:
    from .build import Builder

BEFORE = ("kit", "confine")  # what make has to have built already
_KEPT_ENV = ("CC", "CFLAGS", "LDFLAGS", "WERROR", "PATH")
_LINKED = ("handout", "grader/sim/shim.c.o", "sim")   # of what make built
_SEEN = ("Makefile", "handout", "labs")               # of the kit
_SEEN_TO_LINK = ("grader/sim/node.map", "grader/sim/shim.c")


class SealedBuild:
    """One node of one submission."""

    def __init__(self, builder: "Builder", lab: Lab, labs: Mapping[str, Lab],
                 stack: str, names: Mapping[str, str]):
        self._builder = builder
        self._lab = lab
        self._labs = labs
        self._stack = stack
        self._names = names       # world -> the node's file
        self._folder = builder.run / "sealed"
        self._out = self._folder / (stack if stack == results.OWN
                                    else f"{stack}-{lab.name}")
        self._temp = self._out / "tmp"
        self._stages: List[pathlib.Path] = []
        self._words = [f"OUT={self._out}"]
        self.paths: Dict[str, str] = {}  # our copies -> where they came from

    def make(self, submission: Submission) -> Tuple[str, str]:
        """(how it failed or "", what the tools printed)."""
        (self._out / "obj").mkdir(parents=True, exist_ok=True)
        self._temp.mkdir(exist_ok=True)
        own, theirs = [], []
        for name in self._lab.stages:
            stage = self._labs[name]
            folder = reference.folder(self._builder.root, stage)
            if self._stack == results.OWN or name == self._lab.name \
                    or folder is None:
                own.append(stage)
                self._bring(submission, stage)
            else:
                theirs.append((stage, folder))
                self._stand_in(stage, folder)
        failed, text = self._run(
            "compile", [f"objects-{stage.folder}" for stage in own],
            self._kit(_SEEN), [self._out / "obj", self._temp])
        if failed:
            return failed, self._at_home(text)
        for stage, folder in theirs:
            self._lay(stage, folder)
        made = [self._builder.folder / name for name in _LINKED]
        failed, more = self._run("link", list(self._names.values()),
                                 [*self._kit(_SEEN + _SEEN_TO_LINK), *made],
                                 [self._out])
        return failed, self._at_home(text + more)

    def result(self, world: str) -> pathlib.Path:
        """The node for a world."""
        path = self._out / self._names[world]
        if path.is_symlink():
            raise GraderError(f"{path.name} is a link: only the linker writes "
                              "there")
        return path

    def _at_home(self, text: str) -> str:
        """Where this was is nobody's business: "./obj/1-rpc/rpc.c.o"."""
        return text.replace(f"{self._out}/", "./")

    def _kit(self, names: Sequence[str]) -> List[pathlib.Path]:
        return [self._builder.root / name for name in names]

    def _bring(self, submission: Submission, stage: Lab) -> None:
        """A copy of a submission's stage. NotBuilt."""
        folder = self._folder / "stages" / stage.folder
        self._builder.copy_stage(submission, stage, folder)
        self.paths[str(folder)] = str(submission.stage(stage))
        self._use(stage, folder)

    def _stand_in(self, stage: Lab, folder: pathlib.Path) -> None:
        """Files named like the reference's: make lists objects by them."""
        names = self._folder / "names" / stage.folder
        names.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.c"):
            (names / path.name).touch()
        self._use(stage, names)

    def _use(self, stage: Lab, folder: pathlib.Path) -> None:
        self._stages.append(folder)
        self._words.append(f"STAGE_{stage.name.upper()}={folder}")

    def _lay(self, stage: Lab, folder: pathlib.Path) -> None:
        """The reference's objects, compiled outside, go where make looks."""
        place = self._out / "obj" / stage.folder
        if place.is_symlink():
            raise GraderError(f"{place.name} is a link: only the compiler "
                              "writes there")
        place.mkdir(exist_ok=True)
        (self._out / "obj" / f"{stage.folder}.commands").touch()
        made = self._builder.reference_objects(stage, folder)
        for path in made:
            shutil.copy2(path, place)

    def _run(self, step: str, targets: List[str],
             readable: List[pathlib.Path], writable: List[pathlib.Path]
             ) -> Tuple[str, str]:
        sandbox = self._builder.sandbox
        sandbox.show(self._builder.run, self._folder, *self._stages,
                     *(path for stage in self._stages
                       for path in stage.iterdir()))
        sandbox.hand_over(self._out)
        env = {name: os.environ[name] for name in _KEPT_ENV
               if name in os.environ}
        # (The checker of leaks traces its process, which is forbidden here.)
        env.update(LC_ALL="C", TMPDIR=str(self._temp),
                   ASAN_OPTIONS="detect_leaks=0")
        missing = [path for path in readable if not path.exists()]
        if missing:
            raise GraderError(f"{missing[0]} is missing: is the kit whole?")
        return self._builder.run_make(
            [f"SEALED={step}", *targets, *self._words], env,
            lambda words: sandbox.wrap(
                # By name: make may not list the folder to find it.
                [shutil.which("make") or "make", "-f", "Makefile", *words[1:]],
                TOOL,
                readable=[*readable, *self._stages], writable=writable,
                folder=self._builder.root,
                sanitized=self._builder.sanitized))
