"""The command line of grader/grade-class."""

from __future__ import annotations

import argparse
import os
import pathlib
import signal
import sys
from typing import List, Optional, Sequence

from . import closing, crew, entries, export, loads, one, policy, store
from .entries import Entry
from .key import Options
from .progress import Progress
from .trouble import Trouble

EXIT_DONE, EXIT_LOOK, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130
_EPILOG = """exit status:
  0 all is done   1 something has to be looked at (it is said what)
  2 usage         130 interrupted: the same command goes on

examples:
  grader/grade-class SUBMISSIONS --out RESULTS            a class
  grader/grade-class SUBMISSIONS --out RESULTS --lab rpc  one lab of it
  grader/grade-class --one alice.zip --out RESULTS        one submission
  grader/grade-class --report RESULTS                     all pages anew, from
                                                          the results alone
  grader/grade-class --report RESULTS --canvas EXPORT.csv --column "Lab 1"
  grader/grade-class --export jplag --out FOLDER RESULTS

docs/instructor.md leads from the clone to grades posted.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grader/grade-class", epilog=_EPILOG,
        description="Grades a folder of submissions: folders, or tar or zip "
                    "files, one each student.",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("submissions", nargs="?", type=pathlib.Path,
                        metavar="SUBMISSIONS",
                        help="a folder with a folder or an archive of each "
                             "student")
    add = parser.add_argument_group("what to do").add_argument
    add("--out", metavar="RESULTS", type=pathlib.Path,
        help="the folder for results; grades that are done are kept there")
    add("--one", metavar="SUBMISSION", type=pathlib.Path, nargs="+",
        help="grade just this one into RESULTS/students/")
    add("--report", metavar="RESULTS", type=pathlib.Path,
        help="grade nothing; write the class page, marks, and statistics anew")
    add("--export", choices=export.KINDS,
        help="the sources of RESULTS (instead of SUBMISSIONS) for a search "
             "for copies, with anonymous names, into --out")
    add("--loads", metavar="SUBMISSION", type=pathlib.Path,
        help="does load change grades here? grade this one alone, --copies at "
             "once, and on half a core; compare")
    _add_grading(parser)
    _add_class(parser)
    return parser


def _add_grading(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("how to grade").add_argument
    add("--lab", metavar="LAB", action="append", default=[],
        help="of this lab only; may be repeated (default: all)")
    add("--only", metavar="PATTERN", action="append", default=[],
        help="only tests that match; may be repeated")
    add("--world", choices=("sim", "real", "both"), default="both",
        help="as for grader/grade (default: both)")
    add("--secret", metavar="FILE", type=pathlib.Path,
        help="the course's secret, from which the tests' seeds follow")
    add("--published-seeds", metavar="FILE", type=pathlib.Path,
        help="instead of the secret: seeds as they were published")
    add("--seeds", metavar="N", type=int, help="of each exploration")
    add("--seed", metavar="N", type=int, help="the first, without a secret")
    add("--hidden", metavar="DIR", type=pathlib.Path,
        help="tests that students do not have (default: solution/hidden/)")
    add("--sandbox", metavar="LEVEL", default="auto",
        help="the barrier around submissions (default: the strongest here)")
    add("--allow-weak-sandbox", action="store_true",
        help="grade even if there is no barrier worth the name")
    add("--jobs", metavar="N", type=_count, default=os.cpu_count() or 1,
        help="submissions side by side (default here: %(default)s)")
    add("--grade-jobs", metavar="N", type=_count, default=4,
        help="tests of one submission side by side (default: %(default)s)")
    add("--limit-minutes", metavar="N", type=_count, default=60,
        help="stop a grade after so long, and say so (default: %(default)s)")
    add("--no-pages", action="store_true", help="no timelines of failed tests")
    add("--fresh", action="store_true", help="grade again what is done")
    # For ourselves, and for the tests of the kit.
    for name in ("--on-leash", "--again"):
        add(name, action="store_true", help=argparse.SUPPRESS)
    add("--level", default="", help=argparse.SUPPRESS)
    add("--student", help=argparse.SUPPRESS)
    add("--grader", type=pathlib.Path, help=argparse.SUPPRESS)


def _add_class(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("the class").add_argument
    add("--twice", metavar="N", type=_natural, default=2,
        help="how many submissions are graded twice, to see whether anything "
             "differs (default: %(default)s)")
    add("--late", metavar="FILE", type=pathlib.Path,
        help="a policy for late submissions; kept as RESULTS/late.json")
    add("--overrides", metavar="FILE", type=pathlib.Path,
        help="verdicts of your own, with reasons; kept as "
             "RESULTS/overrides.json")
    add("--canvas", metavar="FILE", type=pathlib.Path,
        help="Canvas's export of its gradebook: RESULTS/canvas.csv is that "
             "with one column filled in")
    add("--column", metavar="NAME", help="with --canvas: the assignment")
    add("--missing", metavar="POINTS",
        help="with --canvas: for those who handed in nothing (default: what "
             "is there stays)")
    add("--scale", action="store_true",
        help="with --canvas: make the mark a share of Canvas's points")
    add("--copies", metavar="N", type=_count, default=8,
        help="with --loads (default: %(default)s)")


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError("take a number from 1 to 1000")
    return number


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("take a number from 0 up")
    return number


_count.__name__ = _natural.__name__ = "number"


def main(words: Optional[Sequence[str]] = None) -> int:
    """Runs the command; returns its exit status."""
    parser = _parser()
    options = parser.parse_args(words)
    if options.grader is not None:
        options.grader = options.grader.absolute()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run(options)
    except Trouble as error:
        print(f"grade-class: {error}", file=sys.stderr)
        return EXIT_USAGE
    except BrokenPipeError:  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_LOOK
    except KeyboardInterrupt:
        print("grade-class: interrupted; the same command goes on from here",
              file=sys.stderr)
        return EXIT_INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    if options.report is not None:
        return _report(options, options.report)
    if options.out is None:
        raise Trouble("say where results go: --out RESULTS (see --help)")
    if options.one is not None:
        return _one(options)
    if options.loads is not None:
        return loads.run(options.out, grade_options(options),
                         entries.entry_of(options.loads), options.copies,
                         options.grader)
    if options.submissions is None:
        raise Trouble("name the folder of submissions (see --help)")
    if options.export is not None:
        return export.run(options.submissions, options.export, options.out)
    return _class(options)


def grade_options(options: argparse.Namespace) -> Options:
    """What of the command line is for each grade."""

    def full(path: Optional[pathlib.Path]) -> Optional[pathlib.Path]:
        return path if path is None else path.absolute()

    return Options(
        labs=tuple(options.lab), only=tuple(options.only),
        world=options.world, seeds=options.seeds, seed=options.seed,
        secret=full(options.secret), published=full(options.published_seeds),
        hidden=full(options.hidden), sandbox=options.sandbox,
        allow_weak=options.allow_weak_sandbox, jobs=options.grade_jobs,
        pages=not options.no_pages, limit_minutes=options.limit_minutes)


def _one(options: argparse.Namespace) -> int:
    """Grades one submission; the last line says how it went."""
    if options.on_leash:
        one.grading.hold_leash()
    for path in options.one:
        if not path.exists():
            raise Trouble(f"there is no {path}")
    entry = entries.entry_of(options.one[0].absolute())
    entry = Entry(options.student or entry.student,
                  tuple(path.absolute() for path in options.one), entry.id)
    bench = one.prepare(options.out, grade_options(options), options.grader,
                        options.level, again=options.again, fresh=options.fresh)
    outcome = one.grade_one(bench, entry)
    print(f"{outcome.how} {outcome.line()}", flush=True)
    return EXIT_LOOK if outcome.how == one.TROUBLE else EXIT_DONE


def _class(options: argparse.Namespace) -> int:
    """Grades all, and writes what there is to say of all."""
    if options.submissions.resolve() in options.out.resolve().parents:
        raise Trouble(f"{options.out} lies among the submissions: name a "
                      "folder elsewhere")
    found, refused = entries.find(options.submissions)
    if not found:
        raise Trouble(f"{options.submissions} holds no submission: put a "
                      "folder or an archive of each student there"
                      + "".join(f"; {one}" for one in refused))
    policy.take_over(options.out, options.late, options.overrides)
    chosen = grade_options(options)
    with crew.claim(options.out):
        one.sweep(options.out)
        bench = one.prepare(options.out, chosen, options.grader)
        store.write_json(options.out / store.CLASS, {
            "submissions": {entry.student: entry.shown for entry in found},
            "refused": refused})
        for sentence in refused:
            print(f"note: {sentence}")
        ended = _grade_all(options, chosen, found, bench.sandbox)
        troubles = sum(one_.how == one.TROUBLE for one_ in ended)
        if troubles:
            print(f"{troubles} grade{'s' * (troubles != 1)} came to no "
                  "verdict: the same command tries them again")
        status = _report(options, options.out)
    return EXIT_LOOK if troubles else status


def _grade_all(options: argparse.Namespace, chosen: Options,
               found: List[Entry], sandbox: str) -> List[crew.Ended]:
    """Everybody once, then the sample once more."""
    jobs = min(options.jobs, len(found))
    print(f"{len(found)} submissions, {jobs} at a time; {chosen.told()}; "
          f"sandbox: {sandbox}", flush=True)
    words = ["--level", sandbox] + ["--fresh"] * options.fresh
    if options.grader is not None:
        words += ["--grader", str(options.grader)]
    twice = min(options.twice, len(found))
    progress = Progress(len(found) + twice, jobs)
    team = crew.Crew(options.out, chosen, jobs, words, progress)
    ended = list(team.run([crew.Job(entry) for entry in found]))
    chosen_twice = crew.sample(found, options.out, twice)
    return team.run([crew.Job(entry, True) for entry in chosen_twice]) \
        if chosen_twice else ended


def _report(options: argparse.Namespace, results: pathlib.Path) -> int:
    """Everything that follows from the results."""
    if not (results / store.STUDENTS).is_dir():
        raise Trouble(f"{results} holds no results: there is no folder "
                      f"{store.STUDENTS}/ in it")
    policy.take_over(results, options.late, options.overrides)
    said, all_stand = closing.write(results)
    if options.canvas is not None:
        said += closing.write_canvas(results, options.canvas, options.column,
                                     options.missing, options.scale)
    for line in said:
        print(line)
    return EXIT_DONE if all_stand else EXIT_LOOK
