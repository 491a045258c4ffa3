#!/usr/bin/env python3
"""Tests the kit itself: what `make test` runs.

    grader/selftest/run.py                 everything
    grader/selftest/run.py --only python   one section; --list names them

Every test is a line, "ok", "FAIL" or "skip", printed by a program that is run
here; a program that dies counts as a test that failed. What could not be run
for want of a tool is said. The last line is "N passed, N failed".
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from typing import IO, Callable, Dict, List, Optional, Sequence, Tuple, Union

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = pathlib.Path(os.environ.get("BUILD") or "build")
STRICT = BUILD / "strict"  # what is compiled with -Werror, by compiler
LIMIT_S = 1200             # a program that prints nothing for so long hangs
CC = os.environ.get("CC") or "cc"
STAGES = {"STAGE_RPC": "1-rpc", "STAGE_ELECTION": "2-election",
          "STAGE_REPLICATION": "3-replication",
          "STAGE_PERSISTENCE": "4-persistence", "STAGE_KV": "5-kv",
          "STAGE_LEASE": "6-lease"}
LABS = [folder.split("-")[1] for folder in STAGES.values()]  # electives, too

sys.path.insert(0, str(ROOT / "grader"))
from conclave import reaper  # noqa: E402 - the path comes first

Word = Union[str, pathlib.Path]


def run(command: Sequence[Word], limit_s: float = LIMIT_S,
        **env: str) -> Tuple[int, str]:
    """Runs a program in the root: its exit status and what it printed. Nothing
    that it started outlives it."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [str(word) for word in command], cwd=ROOT, stdout=output,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **env},
            start_new_session=True)
        note = ""
        try:
            status = wait_while_it_prints(process, output, limit_s)
        except subprocess.TimeoutExpired:
            status, note = -1, f"\nit printed nothing for {limit_s:g} s\n"
        finally:
            reaper.end_group(process)
        output.seek(0)
        return status, output.read().decode(errors="replace") + note


def wait_while_it_prints(process: "subprocess.Popen[bytes]",
                         output: IO[bytes], limit_s: float) -> int:
    """A program's exit status. How long it takes is the machine's affair; but
    one that has printed nothing for so long has hung: TimeoutExpired."""
    seen = 0
    while True:
        try:
            return process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            size = os.fstat(output.fileno()).st_size
            if size == seen:
                raise
            seen = size


class Tally:
    """Prints and counts."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed: List[str] = []   # names
        self.not_run: List[str] = []  # sentences

    def ok(self, name: str) -> None:
        self.passed += 1
        print(f"ok   {name}", flush=True)

    def fail(self, name: str, note: str = "") -> None:
        self.failed.append(name)
        print(f"FAIL {name}")
        for line in note.rstrip().splitlines():
            print(f"       {line}")
        sys.stdout.flush()

    def check(self, name: str, command: Sequence[Word], **env: str) -> bool:
        """One program that is one test."""
        status, text = run(command, **env)
        if status == 0:
            self.ok(name)
        else:
            self.fail(name, tail(text))
        return status == 0

    def lines(self, group: str, name: str, command: Sequence[Word],
              **env: str) -> None:
        """One program that prints a line for each of its tests."""
        status, text = run(command, **env)
        seen, failures = 0, len(self.failed)
        notes: List[str] = []
        lines = text.splitlines()
        for at, line in enumerate(lines):
            word, _, rest = line.partition(" ")
            if word not in ("ok", "FAIL", "skip"):
                continue
            seen += 1
            notes = []
            for below in lines[at + 1:]:
                if not below.startswith("       "):
                    break
                notes.append(below.strip(" ") if word == "skip" else below[7:])
            title = f"{group}: {rest.strip()}"
            if word == "ok":
                self.ok(title)
            elif word == "FAIL":
                self.fail(title, "\n".join(notes))
            else:
                self.not_run.append(f"{title}: {' '.join(notes)}")
        if status != 0 and len(self.failed) == failures:
            how = (f"died of signal {-status}" if status < 0
                   else f"ended with status {status}")
            self.fail(f"{group}: {name} {how}", tail(text))
        elif seen == 0:
            self.fail(f"{group}: {name} ran no test", tail(text))


def tail(text: str) -> str:
    return "\n".join(text.splitlines()[-40:])


def have(tally: Tally, tool: str, what: str) -> bool:
    """Whether an optional tool is installed; else says what is not run."""
    if shutil.which(tool):
        return True
    tally.not_run.append(f"{what}: {tool} is not installed")
    return False


def make(*words: Word) -> List[Word]:
    return ["make", "--no-print-directory", "-s", "-k", *words]


def strictly(compiler: str, flavour: str, *words: Word) -> List[Word]:
    """The make command that takes no warning."""
    return make(*words, f"CC={compiler}", f"FLAVOUR={flavour}", "WERROR=1",
                f"BUILD={STRICT / compiler}")


def stages(folder: Word) -> List[str]:
    return [f"{name}={folder}/{stage}" for name, stage in STAGES.items()]


def programs(compiler: str, flavour: str) -> List[pathlib.Path]:
    """The C unit tests as they were built."""
    folder = ROOT / STRICT / compiler / flavour
    return [folder / path.relative_to(ROOT).with_suffix("")
            for path in sorted(ROOT.glob("grader/*/*_test.c"))
            if path.name != "wal_test.c" or (ROOT / "solution").is_dir()]


def c_tests(tally: Tally) -> None:
    """C unit tests, compiled in every way that is at hand."""
    compilers = [CC]
    if CC != "clang" and have(tally, "clang", "C unit tests under clang"):
        compilers.append("clang")
    for compiler in compilers:
        for flavour in ("release", "asan"):
            group = f"{compiler} {flavour}"
            words = ["tools", "selftest"]
            if not tally.check(f"{group}: the kit compiles without a warning",
                               strictly(compiler, flavour, *words)):
                continue
            for path in programs(compiler, flavour):
                tally.lines(group, path.name, [path])
    ucontext_tests(tally)
    if have(tally, "valgrind", "C unit tests under valgrind"):
        for path in programs(CC, "release"):
            if path.name.startswith(("host_", "wal_")):
                continue  # they fork and kill: ASan has seen them
            tally.check(f"valgrind: {path.name}",
                        ["valgrind", "-q", "--error-exitcode=9", path])


def ucontext_tests(tally: Tally) -> None:
    """The stack switch of processors that have none written by hand."""
    folder = STRICT / "ucontext"
    paths = [folder / "release" / "grader" / "selftest" / name
             for name in ("co_test", "event_test")]
    if tally.check("ucontext: the runtime compiles without a warning",
                   make(*paths, "FLAVOUR=release", "WERROR=1",
                        "CFLAGS=-DCO_UCONTEXT", f"BUILD={folder}")):
        for path in paths:
            tally.lines("ucontext", path.name, [ROOT / path])


def python_tests(tally: Tally) -> None:
    """The grader's own tests, in Python."""
    if not tally.check("python: the kit builds", make("tools")):
        return
    for path in sorted(HERE.glob("test_*.py")):
        tally.lines("python", path.name,
                    [sys.executable, HERE / "lines.py", path],
                    CONCLAVE_PROXY=str(ROOT / BUILD / "release" / "proxy"))
    sanitized = STRICT / CC / "asan" / "proxy"
    if (ROOT / sanitized).exists():
        tally.lines("python asan", "test_proxy.py",
                    [sys.executable, HERE / "lines.py",
                     HERE / "test_proxy.py"],
                    CONCLAVE_PROXY=str(ROOT / sanitized))


def skeletons(tally: Tally) -> None:
    """Skeletons are up to date, compile, and score nothing."""
    if not (ROOT / "solution").is_dir():
        tally.not_run.append("skeletons: there is no solution/ here")
        return
    tool = [sys.executable, ROOT / "grader" / "skeleton.py"]
    tally.check("skeletons: what labs/ holds is what solution/ makes",
                [*tool, "--check"])
    empty = BUILD / "empty"
    shutil.rmtree(ROOT / empty, ignore_errors=True)
    if not tally.check("skeletons: they can be made", [*tool, "--into", empty]):
        return
    for compiler in [CC] + ["clang"] * bool(shutil.which("clang")):
        tally.check(f"skeletons: {compiler} has nothing to warn of",
                    strictly(compiler, "release", "nodes", *stages(empty),
                             f"OUT={STRICT / compiler / 'empty'}"))
    report = grade(tally, "skeletons", "--submission", empty)
    if report is None:
        return
    for lab in report["labs"]:
        name = f"skeletons: {lab['name']} gives nothing for nothing, quietly"
        wrong = [f"{test['name']}: {test['status']}, {test['score']} points"
                 for test in lab["tests"]
                 if test["score"] or test["status"] != "failed"]
        if wrong:
            tally.fail(name, "\n".join(wrong))
        else:
            tally.ok(name)


def grade(tally: Tally, group: str, *words: Word,
          **env: str) -> Optional[Dict]:
    """Runs the grader; its results, or None when it failed as such."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "results.json"
        status, text = run(["grader/grade", *LABS, *words, "--json", path],
                           **env)
        if status in (0, 1) and path.exists():
            return json.loads(path.read_text())
    tally.fail(f"{group}: the grader ended with status {status}", tail(text))
    return None


def reference(tally: Tally) -> None:
    """The reference solution has full marks, sanitized too."""
    if not (ROOT / "solution").is_dir():
        tally.not_run.append("reference: there is no solution/ here")
        return
    for flavour in ("release", "asan"):
        group = f"reference {flavour}"
        report = grade(tally, group, "--solution", FLAVOUR=flavour)
        for lab in report["labs"] if report else []:
            for test in lab["tests"]:
                if test["status"] == "passed":
                    tally.ok(f"{group}: {test['name']}")
                else:
                    tally.fail(f"{group}: {test['name']} {test['status']}",
                               f"expected {test.get('expected')}\n"
                               f"observed {test.get('observed')}\n"
                               f"replay   {test.get('replay')}")


SECTIONS: Dict[str, Callable[[Tally], None]] = {
    "c": c_tests,
    "python": python_tests,
    "skeletons": skeletons,
    "reference": reference,
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Tests the kit itself.")
    parser.add_argument("--only", choices=SECTIONS, action="append",
                        metavar="SECTION", help="one section; may be repeated")
    parser.add_argument("--list", action="store_true", help="name the sections")
    args = parser.parse_args()

    if args.list:
        for name, section in SECTIONS.items():
            print(f"{name:<10} {section.__doc__}")
        return 0
    tally = Tally()
    for name in args.only or SECTIONS:
        SECTIONS[name](tally)
    for sentence in tally.not_run:
        print(f"not run: {sentence}")
    for name in tally.failed:
        print(f"failed: {name}")
    print(f"{tally.passed} passed, {len(tally.failed)} failed")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
