"""Finds the labs and their tests, and checks what they say of themselves."""

from __future__ import annotations

import fnmatch
import importlib.util
import inspect
import pathlib
import sys
from dataclasses import dataclass, replace
from types import ModuleType
from typing import List, Optional, Sequence, Tuple

from .failure import GraderError
from .layout import DEFAULTS
from .spec import EXPLORATION, KINDS, WORLDS, Lab, Test

MAX_NODES = 16
HIDDEN_PACKAGE = "conclave_hidden_"
HIDDEN_PART = "hidden"
HIDDEN_WORDS = "tests that students do not have"


@dataclass(frozen=True)
class Course:
    """A lab with its tests, in the order of its files."""

    lab: Lab
    tests: Tuple[Test, ...]

    def find(self, name: str) -> Optional[Test]:
        """The test of that name."""
        return next((one for one in self.tests if one.name == name), None)


def test_id(lab: Lab, test: Test) -> str:
    """What a test is called everywhere: "rpc/echo"."""
    return f"{lab.name}/{test.name}"


def load_all(labs: pathlib.Path) -> List[Course]:
    """Every lab under a folder, in course order."""
    courses = [load(path) for path in sorted(labs.glob("*/tests.py"))]
    known = {course.lab.name for course in courses}
    for course in courses:
        for name in course.lab.stages:
            if name not in known:
                raise GraderError(f"lab {course.lab.name} is built on the "
                                  f"stage {name}, which no tests.py in "
                                  f"{labs} describes")
    return courses


def load(path: pathlib.Path) -> Course:
    """One lab's tests.py, and the files beside it that its FILES names, which
    it imports as a package does. GraderError says what is wrong with it."""
    name = package_of(path.parent.name)
    module = _import(path, name)
    lab = getattr(module, "LAB", None)
    if not isinstance(lab, Lab):
        raise GraderError(f"{path} defines no LAB = Lab(...)")
    return _checked(path, Course(lab, _tests(module)))


def load_hidden(path: pathlib.Path, course: Course) -> Course:
    """A lab, and behind its own tests those of a tests.py that students do not
    have. That imports the words of the lab's own tests from their package
    (package_of)."""
    module = _import(path, HIDDEN_PACKAGE + path.parent.name.replace("-", "_"))
    tests = tuple(replace(test, part=HIDDEN_PART, hidden=True)
                  for test in _tests(module))
    if not tests:
        raise GraderError(f"{path} holds no test")
    lab = replace(course.lab, parts={**course.lab.parts,
                                     HIDDEN_PART: HIDDEN_WORDS})
    return _checked(path, Course(lab, course.tests + tests))


def package_of(folder: str) -> str:
    """The package that a lab's tests are: "1-rpc" -> "conclave_lab_1_rpc"."""
    return "conclave_lab_" + folder.replace("-", "_")


def _import(path: pathlib.Path, name: str) -> ModuleType:
    """A tests.py as the package of that name, anew."""
    spec = importlib.util.spec_from_file_location(
        name, path, submodule_search_locations=[str(path.parent)])
    if spec is None or spec.loader is None:
        raise GraderError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    for known in [one for one in sys.modules
                  if one == name or one.startswith(name + ".")]:
        del sys.modules[known]
    sys.modules[name] = module
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise GraderError(f"{path} does not load: {error!r}") from error
    finally:
        sys.dont_write_bytecode = writes
    return module


def _tests(module: ModuleType) -> Tuple[Test, ...]:
    """Those that it defines, or the files that it names."""
    return tuple(value.conclave_test
                 for part in (module, *getattr(module, "FILES", ()))
                 for value in vars(part).values()
                 if hasattr(value, "conclave_test")
                 and value.__module__ == part.__name__)


def _checked(path: pathlib.Path, course: Course) -> Course:
    faults = check(course)
    if faults:
        raise GraderError(f"{path}: " + "; ".join(faults))
    return course


def check(course: Course) -> List[str]:
    """Sentences on what is wrong with a lab's data; none: all is well."""
    faults = [] if course.tests else ["the lab has no test"]
    if not course.lab.stages or course.lab.stages[-1] != course.lab.name:
        faults.append("LAB's stages must end with the lab itself")
    names = [test.name for test in course.tests]
    faults += [f"two tests are called {name}" for name in sorted(set(names))
               if names.count(name) > 1]
    for test in course.tests:
        faults += [f"test {test.name}: {fault}"
                   for fault in _check_test(course, test)]
    return faults


def _check_test(course: Course, test: Test) -> List[str]:
    earlier = {one.name for one in course.tests[:course.tests.index(test)]}
    faults = []
    if test.kind == EXPLORATION:
        if test.seeds < 1:
            faults.append("an exploration needs at least one seed")
    elif not inspect.iscoroutinefunction(test.function):
        faults.append("it must be an async function")
    elif len(inspect.signature(test.function).parameters) != 1:
        faults.append("it must take one parameter, the cluster")
    if not test.doc:
        faults.append("it needs a docstring: what it proves, which fault")
    if test.part and test.part not in course.lab.parts:
        faults.append(f"LAB has no part {test.part}")
    if not test.worlds or not set(test.worlds) <= set(WORLDS):
        faults.append(f"worlds are some of {', '.join(WORLDS)}")
    if not isinstance(test.points, int) or test.points < 1:
        faults.append("points must be a whole number above 0")
    if test.kind not in KINDS:
        faults.append(f"kind must be one of {', '.join(KINDS)}")
    if len(set(test.ids)) != len(test.ids) or not test.ids:
        faults.append("ids must differ, and there must be one")
    if len(test.ids) > MAX_NODES:
        faults.append(f"a cluster has at most {MAX_NODES} nodes")
    if not set(test.peers) < set(test.ids):
        faults.append("peers must be some of its ids, not all")
    faults += [f"it needs {name}, which does not come before it"
               for name in test.needs if name not in earlier]
    faults += [f"config= knows no {name}" for name in test.config
               if name not in DEFAULTS]
    return faults


def select(courses: Sequence[Course], patterns: Sequence[str]) -> List[Course]:
    """The tests that a pattern names; all if there is none.

    A pattern is a test's id or name ("rpc/echo", "echo"), with * and ? if
    wanted, a part ("rpc/A"), or a piece of the name.
    """
    if not patterns:
        return list(courses)
    chosen = []
    for course in courses:
        tests = tuple(test for test in course.tests
                      if any(_matches(course.lab, test, one)
                             for one in patterns))
        if tests:
            chosen.append(Course(course.lab, tests))
    return chosen


def _matches(lab: Lab, test: Test, pattern: str) -> bool:
    names = (test_id(lab, test), test.name, f"{lab.name}/{test.part}")
    return pattern in test.name or \
        any(fnmatch.fnmatchcase(name, pattern) for name in names)
