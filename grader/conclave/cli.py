"""The command line of grader/grade."""

from __future__ import annotations

import argparse
import os
import pathlib
import shlex
import signal
import sys
from typing import List, Optional, Sequence, Tuple

from . import bugs, discover, hunt, kit, official
from .discover import Course
from .failure import GraderError
from .grading import (EXIT_GRADER, EXIT_INTERRUPTED, EXIT_POINTS_LOST,
                      EXIT_USAGE, Order, grade_all)
from .official import BadOfficial, FirstSeeds
from .report import Report
from .results import BOTH, ISOLATED, OWN
from .runner import default_jobs
from .sandbox import AUTO, LEVELS, NONE
from .spec import REAL, SIM
from .submission import BadSubmission

ROOT = pathlib.Path(__file__).resolve().parents[2]
_EPILOG = """exit status:
  0 full marks   1 points lost   2 usage   3 nothing could be built
  4 the grader itself failed (such tests cost no points)   130 interrupted

environment:
  FLAVOUR=asan (or debug)   grade a build with sanitizers (or for gdb)
  NODE_WRAPPER='valgrind -q --exit-on-first-error=yes --error-exitcode=99'
                            run every real node under another program

examples:
  grader/grade rpc                      grade lab 1 of what is in labs/
  grader/grade --submission ~/mine      grade stages in another folder
  grader/grade rpc --only rpc/A         only part A
  grader/grade rpc --replay rpc/echo:1  one test again, with its full trace
  grader/grade --html pages             and pages/index.html, to be looked at
"""


class UsageError(Exception):
    """One sentence for the person who typed the command."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grader/grade", epilog=_EPILOG,
        description="Runs a submission's nodes, in a simulated world and as "
                    "real processes,\nbreaks the network between them, and "
                    "scores what it sees.",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("labs", nargs="*", metavar="LAB",
        help="labs to grade, such as rpc or election (default: all but "
             "electives)")
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--submission", metavar="DIR", type=pathlib.Path,
                       help="whose stages: a folder that holds 1-rpc/, "
                            "2-election/, ... (default: labs/)")
    whose.add_argument("--solution", action="store_true",
                       help="short for --submission solution/, the reference")
    add("--only", metavar="PATTERN", action="append", default=[],
        help="only tests that match: a name, a part (rpc/A), * and ?; "
             "may be repeated")
    add("--list", action="store_true",
        help="list the tests: points, kind, world, claim")
    add("-v", "--verbose", action="store_true",
        help="with --list: what each test proves, and the fault it injects")
    _add_seeds(parser)
    add("--world", choices=(SIM, REAL, BOTH), default=BOTH,
        help="where tests run: in the simulated world, against real "
             "processes, or in both (default), where a test meets the real "
             "one only if it has passed in the simulated one")
    add("--seeds", metavar="N", type=_count,
        help="how many seeds each exploration runs, from --seed on (default: "
             "see --list)")
    add("--isolate", action="store_true",
        help="each node of the simulated world in a process of its own: it "
             "can harm nobody else, and what it does is the same")
    add("--sandbox", choices=(AUTO, *LEVELS, NONE),
        help="the barrier behind which a submission is compiled and run: the "
             "strongest that this machine offers (auto), or the one named "
             "(default: none; with --official: auto)")
    add("--allow-weak-sandbox", action="store_true",
        help="with --official: a sandbox of `limits` or none will do")
    add("--trace-hash", action="store_true",
        help="the JSON holds a hash of all that the nodes did in the "
             "simulated world")
    add("--replay", metavar="TEST:SEED",
        help="one test again with the faults of that seed, and its full "
             "trace: steps, frames, output of the nodes")
    add("--bug", metavar="NAME|all",
        help="the reference with a seeded bug (a name or number of "
             "solution/bugs): is it caught? all: makes the kill table")
    add("--first-seeds", metavar="N", type=_positive, default=1,
        help="with --bug: N times, each from the next first seed")
    _add_forms(parser)
    add("--jobs", metavar="N", type=_positive, default=default_jobs(),
        help="tests side by side (default here: %(default)s)")
    add("--version", action="store_true", help="say which kit this is")
    return parser


def _add_seeds(parser: argparse.ArgumentParser) -> None:
    """What is drawn, and what only official grading knows."""
    add = parser.add_argument
    seeds = parser.add_mutually_exclusive_group()
    seeds.add_argument(
        "--seed", metavar="N", type=_natural, default=1,
        help="seed of every random choice of the network (default: 1)")
    seeds.add_argument(
        "--published-seeds", metavar="FILE", type=pathlib.Path,
        help="the first seed of each test as the course has published it")
    seeds.add_argument(
        "--secret", metavar="FILE", type=pathlib.Path,
        help="for instructors: the first seed of each test follows from the "
             "course's secret, and is the same for every submission")
    add("--hidden", metavar="DIR", type=pathlib.Path,
        help="for instructors: the tests there as well, which students do "
             "not have (with --official: solution/hidden/)")
    add("--official", action="store_true",
        help="for instructors: a grade that counts. Every simulated node in "
             "a process of its own, hidden tests, seeds from --secret (or "
             "--published-seeds)")


def _add_forms(parser: argparse.ArgumentParser) -> None:
    """What is written, and where."""
    add = parser.add_argument
    add("--json", metavar="FILE", type=pathlib.Path,
        help="results as JSON, replaced as tests end")
    add("--junit", metavar="FILE", type=pathlib.Path,
        help="results as JUnit XML")
    add("--html", metavar="DIR", type=pathlib.Path,
        help="a timeline page for each test that failed (with --replay: for "
             "that test), and index.html, which lists all")
    add("--gradescope", metavar="FILE", type=pathlib.Path,
        help="results as Gradescope's results.json")


def _natural(text: str) -> int:
    number = int(text)
    if not 0 <= number < 1 << 63:
        raise ValueError
    return number


def _positive(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 64:
        raise argparse.ArgumentTypeError("take a number from 1 to 64")
    return number


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10**9:
        raise argparse.ArgumentTypeError("take a number from 1 up")
    return number


_natural.__name__ = "seed"
_count.__name__ = "number"
_positive.__name__ = "number"


def main(words: Optional[Sequence[str]] = None) -> int:
    """Runs the command; returns its exit status."""
    options = _parser().parse_args(words)
    report = Report()
    # A polite kill is an interrupt: clean up, and show what there is.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run(options, report)
    except (UsageError, BadSubmission, BadOfficial) as error:
        print(f"grade: {error}", file=sys.stderr)
        return EXIT_USAGE
    except BrokenPipeError:  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_POINTS_LOST
    except GraderError as error:
        print(f"grade: {error}", file=sys.stderr)
        return EXIT_GRADER


def _run(options: argparse.Namespace, report: Report) -> int:
    if options.version:
        print(kit.version(ROOT))
        return 0
    courses = discover.load_all(ROOT / "labs")
    hidden = _hidden(options)
    if hidden is not None:
        courses = official.with_hidden(hidden, courses)
    chosen, asked = _labs(courses, options)
    if options.bug:
        return _bugs(courses, options, report)
    stack = None
    if options.replay:
        chosen, stack = _replay(chosen, options)
    else:
        chosen = discover.select(chosen, options.only)
    if not chosen:
        raise UsageError(f"no test matches {' '.join(options.only)}: "
                         "see --list")
    whole = not (asked or options.only or options.replay)
    if options.list:
        report.listing(chosen, options.verbose)
        if whole:
            _say_electives(courses, report)
        return 0
    for path in (options.json, options.junit, options.gradescope):
        if path is not None and not path.absolute().parent.is_dir():
            raise UsageError(f"there is no folder for {path}: make it first")
    if options.html is not None:
        _make_folder(options.html)
    folder, flag = _submission(options)
    first_seeds = _first_seeds(options)
    status = grade_all(Order(
        root=ROOT, all_labs=[course.lab for course in courses],
        courses=chosen, asked=asked, folder=folder, flag=flag,
        reference=folder == ROOT / "solution", seed=options.seed,
        jobs=options.jobs, replay=bool(options.replay), stack=stack,
        json=options.json, junit=options.junit,
        gradescope=options.gradescope, html=options.html,
        world=options.world, seeds=options.seeds,
        trace_hash=options.trace_hash,
        isolate=options.isolate or options.official,
        official=options.official, first_seeds=first_seeds,
        sandbox=options.sandbox or (AUTO if options.official else NONE),
        allow_weak=options.allow_weak_sandbox,
        hidden=_shown(hidden) if hidden else ""), report)
    if whole:
        _say_electives(courses, report)
    return status


def _hidden(options: argparse.Namespace) -> Optional[pathlib.Path]:
    """The folder with hidden tests, if there are to be any."""
    usual = ROOT / "solution" / "hidden"
    if options.hidden is None and options.official and usual.is_dir():
        return usual
    return options.hidden


def _first_seeds(options: argparse.Namespace) -> Optional[FirstSeeds]:
    """Where the tests' first seeds come from; None: from --seed."""
    number = kit.number(ROOT)
    if options.secret is not None:
        return official.SecretSeeds(official.read_secret(options.secret),
                                    number)
    if options.published_seeds is not None:
        return official.PublishedSeeds(options.published_seeds, number)
    if options.official and not options.replay:
        raise UsageError(
            "--official needs seeds that students could not try: name the "
            "course's secret with --secret FILE (make one: head -c 32 "
            "/dev/urandom | base64 >FILE)")
    return None


def _shown(folder: pathlib.Path) -> str:
    """A folder as it is typed here."""
    try:
        return shlex.quote(str(folder.resolve().relative_to(ROOT)))
    except ValueError:
        return shlex.quote(str(folder))


def _make_folder(folder: pathlib.Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made a folder for pages: "
                         f"{error.strerror}") from None


def _bugs(courses: Sequence[Course], options: argparse.Namespace,
          report: Report) -> int:
    """--bug: grades the reference with bugs planted in it."""
    try:
        return hunt.run(ROOT, courses, options, report)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except hunt.BadOrder as error:
        raise UsageError(str(error)) from error


def _labs(courses: Sequence[Course], options: argparse.Namespace
          ) -> Tuple[List[Course], List[str]]:
    """The labs named (or that the replayed test is of), and their names."""
    names = list(options.labs)
    if options.replay and not names:
        names = [options.replay.split("/")[0]]
    known = [course.lab.name for course in courses]
    for name in names:
        if name not in known:
            raise UsageError(f"there is no lab '{name}': take "
                             f"{' or '.join(known) or 'none, there are none'}")
    if not courses:
        raise UsageError("there is no lab in labs/")
    return [course for course in courses if course.lab.name in names
            or not names and (not course.lab.elective
                              or _names_tests_of(course, options.only))], names


def _names_tests_of(course: Course, patterns: Sequence[str]) -> bool:
    """Whether a pattern begins with the lab's name: "lease/A"."""
    return any(one.startswith(course.lab.name + "/") for one in patterns)


def _say_electives(courses: Sequence[Course], report: Report) -> None:
    """What a grade of all labs has left out, and how it is asked for."""
    for course in courses:
        if course.lab.elective:
            report.line(f"{course.lab.title} ({course.lab.folder}) counts "
                        "apart, when it is named: grader/grade "
                        f"{course.lab.name}")


def _submission(options: argparse.Namespace) -> Tuple[pathlib.Path, str]:
    """The submission's folder, and how a replay line names it."""
    if options.solution:
        folder, flag = ROOT / "solution", " --solution"
        if not folder.is_dir():
            raise UsageError("there is no solution/ here: --solution is for "
                             "those who have the reference")
        return folder, flag
    if options.submission is None:
        return ROOT / "labs", ""
    folder = options.submission
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}")
    if folder.resolve() == (ROOT / "labs").resolve():
        return ROOT / "labs", ""
    if folder.resolve() == (ROOT / "solution").resolve():
        return ROOT / "solution", " --solution"
    return folder, f" --submission {shlex.quote(str(folder))}"


def _replay(courses: Sequence[Course], options: argparse.Namespace
            ) -> Tuple[List[Course], str]:
    """The one test of TEST:SEED (or TEST:SEED:isolated)."""
    name, _, rest = options.replay.partition(":")
    seed, _, stack = rest.partition(":")
    if not seed.isdigit() or stack not in ("", OWN, ISOLATED):
        raise UsageError(f"--replay takes TEST:SEED, not '{options.replay}'")
    options.seed = int(seed)
    for course in courses:
        for test in course.tests:
            if discover.test_id(course.lab, test) == name:
                return [Course(course.lab, (test,))], stack or OWN
    raise UsageError(f"there is no test '{name}': see --list")
