"""make handout and its like: see packing/instructor.mk."""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
from typing import List, Optional, Sequence

from conclave import discover, kit, official
from conclave.discover import Course
from conclave.failure import GraderError

from . import autograders, files, leaks, reference
from .archive import (Files, replace, tar_gz_bytes, write_folder, zip_bytes)
from .files import Trouble

ROOT = pathlib.Path(__file__).resolve().parents[2]
_MANY = 5  # leaks shown


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make", description="What an instructor hands out.")
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")

    def add(name: str, words: str) -> argparse.ArgumentParser:
        one = kinds.add_parser(name, help=words, description=words)
        one.add_argument("--out", metavar="DIR", type=pathlib.Path,
                         help="where it goes (default: build/handout)")
        return one

    one = add("handout", "the students' package")
    one.add_argument("--labs", metavar="N", type=int,
                     help="labs 1 to N only")
    one.add_argument("--untracked", action="store_true",
                     help="with files that git does not know, too")
    one = add("reference", "the reference of a past lab")
    one.add_argument("lab", metavar="LAB", help="its name or number")
    one.add_argument("--form", default=reference.SOURCE,
                     choices=(reference.SOURCE, reference.OBJECTS))
    one = add("seeds", "the seeds that follow from a secret, to be published")
    one.add_argument("--secret", metavar="FILE", type=pathlib.Path,
                     required=True)
    add("shared-lines", "list the lines that reference and package share")
    for name in autograders.KINDS:
        one = add(name, f"a package for {autograders.KINDS[name].title}")
        one.add_argument("--secret", metavar="FILE", type=pathlib.Path,
                         help="the course's secret, for the seeds")
        one.add_argument("--labs", metavar="LAB", nargs="+", default=[],
                         help="which labs are graded (default: all)")
        one.add_argument("--minutes", type=int, default=0,
                         help="for one submission (default: what is usual "
                              "there)")
    return parser


def main(words: Optional[Sequence[str]] = None) -> int:
    options = _parser().parse_args(words)
    if not (ROOT / "solution").is_dir():
        print("make: there is no solution/ here: this is a student's copy, "
              "and packages are made from the whole kit", file=sys.stderr)
        return 2
    out = options.out or ROOT / (os.environ.get("BUILD") or "build") / "handout"
    try:
        courses = discover.load_all(ROOT / "labs")
        for line in _make(options, courses, out):
            print(line)
    except (Trouble, GraderError, official.BadOfficial) as error:
        print(f"make: {error}", file=sys.stderr)
        return 2
    return 0


def _make(options: argparse.Namespace, courses: List[Course],
          out: pathlib.Path) -> List[str]:
    """Makes one thing; what there is to say."""
    if options.what == "handout":
        return _handout(options, courses, out)
    if options.what == "reference":
        course = _lab(courses, options.lab)
        path = out / (f"conclave-reference-{course.lab.folder}"
                      f"-{options.form}-{kit.version(ROOT)}.tar.gz")
        replace(path, tar_gz_bytes(
            reference.package(ROOT, course, options.form)))
        return [str(path)]
    if options.what == "seeds":
        number = kit.number(ROOT)
        secret = official.read_secret(options.secret)
        path = out / f"seeds-{number}.json"
        replace(path, official.publish(
            official.SecretSeeds(secret, number), number, courses).encode())
        return [str(path)]
    if options.what == "shared-lines":
        return _shared_lines(courses)
    if options.minutes < 0:
        raise Trouble(f"{options.minutes} minutes are too few: take 1 or more")
    asked = autograders.Asked(
        labs=[_lab(courses, name).lab.name for name in options.labs],
        courses=courses, minutes=options.minutes,
        secret=official.read_secret(options.secret) if options.secret
        else None)
    kind = autograders.KINDS[options.what]
    made = kind.make(ROOT, asked)
    folder = out / f"conclave-{options.what}-{kit.version(ROOT)}"
    if kind.zipped:
        path = folder.with_name(folder.name + ".zip")
        replace(path, zip_bytes(made))
        return [str(path)]
    write_folder(made, folder)
    return [f"{folder}/{name}" for name in sorted(made)] \
        if len(made) < 10 else [str(folder)]


def _lab(courses: Sequence[Course], wanted: str) -> Course:
    for course in courses:
        if wanted in (course.lab.name, str(files.number(course))):
            return course
    raise Trouble(f"there is no lab '{wanted}': take a number or "
                  + " or ".join(course.lab.name for course in courses))


def _handout(options: argparse.Namespace, courses: List[Course],
             out: pathlib.Path) -> List[str]:
    last = max(map(files.number, courses))
    if options.labs is not None and not 1 <= options.labs <= last:
        raise Trouble(f"there is no lab {options.labs}: take 1 to {last}")
    unknown, edited = files.unknown_to_git(ROOT)
    if unknown and not options.untracked:
        raise Trouble("git does not know " + ", ".join(unknown[:_MANY])
                      + f" ({len(unknown)} in all): add what belongs to the "
                      "kit, remove the rest, or say ARGS=--untracked")
    made = files.package(ROOT, courses, options.labs)
    _refuse_leaks(made)
    name = files.package_name(made, courses, options.labs)
    write_folder(made, out / name)
    path = out / f"{name}.tar.gz"
    replace(path, tar_gz_bytes(made, name))
    return [f"{out / name}/", str(path)] + (
        [f"with {len(edited)} files edited since the last commit"]
        if edited else [])


def _refuse_leaks(made: Files) -> None:
    found = leaks.search(made, ROOT / "solution")
    if found:
        raise Trouble("\n  ".join(
            [f"the package would give away ({len(found)} in all):",
             *found[:_MANY],
             "If these are what both sides need: make shared-lines, and look "
             f"at what is new in solution/{leaks.SHARED}"]))


def _shared_lines(courses: List[Course]) -> List[str]:
    """Writes the list anew; says what came and went."""
    before = leaks.shared(ROOT / "solution")
    after = set(leaks.held(files.package(ROOT, courses),
                           leaks.secrets(ROOT / "solution")))
    replace(ROOT / "solution" / leaks.SHARED, leaks.list_text(after).encode())
    return [f"+ {line}" for line in sorted(after - before)] + \
        [f"- {line}" for line in sorted(before - after)] or ["as it was"]


if __name__ == "__main__":
    sys.exit(main())
