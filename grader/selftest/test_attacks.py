"""Proves that submissions which attack the grader gain nothing, harm nobody,
end, and are reported.

Each file of attacks/ is an attack: C code that is put into lab 1, where its
attack() is called as the node starts. Its comment says what it rests on:

    Base: skeleton (the default), or reference
    World: sim, real, or both of them in one grade
    Finds: what one of the grade's findings says
    Shows: what the result of the test, or the compiler, says
    Real: what it says in the real world, where the kernel filters calls
    Builds: no, if it ends there
    Slow: yes, if it takes long to be noticed

CONCLAVE_ATTACKS=all tries each attack at every level that official grading
accepts; otherwise each meets one of them, in turn.
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))

from conclave import build, reaper, sandbox, sandbox_probe  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent / "attacks"
ALL = os.environ.get("CONCLAVE_ATTACKS") == "all"
LIMIT_S = 900   # of one grade; far more than it takes
TEST, POINTS = "rpc/echo", 2
SECRET = "the answers of the instructor's"
START = "void rpc_start(void)\n{\n"
SHARED_KEY = 0x5EED   # of attacks/shares_memory.c


@dataclass(frozen=True)
class Attack:
    name: str
    text: str
    base: str
    worlds: tuple
    finds: str
    shows: str
    real: str
    slow: bool
    builds: bool

    @classmethod
    def read(cls, path):
        text = path.read_text()
        head = dict(re.findall(r"^ \* (\w+): ?(.*)$", text, re.MULTILINE))
        return cls(path.stem, text, head.get("Base", "skeleton").strip(),
                   tuple(head["World"].split()), head.get("Finds", "").strip(),
                   head.get("Shows", "").strip(),
                   head.get("Real", "").strip(), "Slow" in head,
                   "Builds" not in head)


def levels():
    """Those that official grading accepts and this machine offers."""
    builder = build.Builder(ROOT, pathlib.Path("/nonexistent"))
    with builder._lock():
        failed, text = builder._make(["confine"], build.TOOLS_LIMIT_S)
    if failed:
        raise AssertionError(text)
    confine = builder.folder / build.CONFINE
    found = {name: sandbox_probe.probe(name, confine, ROOT)
             for name in sandbox.OFFICIAL}
    return ([name for name, one in found.items()
             if isinstance(one, sandbox.Sandbox)],
            [f"{name}: {one}" for name, one in found.items()
             if not isinstance(one, sandbox.Sandbox)])


class Grounds:
    """A folder with a submission, and all that must come to no harm."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="cv-attack-")
        self.folder = pathlib.Path(self._folder.name)
        os.chmod(self.folder, 0o755)
        self.submission = self.folder / "submission"
        self.sentinel = self.folder / "sentinel"
        self.sentinel.write_text(f"{SECRET}\n")
        neighbour = self.folder / "neighbour" / "1-rpc"
        neighbour.mkdir(parents=True)
        (neighbour / "rpc.c").write_text("/* somebody else's work */\n")
        self.process = subprocess.Popen(["sleep", "3600"])
        self.before = self.harmless()

    def harmless(self):
        """What must be the same afterwards."""
        watched = [self.sentinel, *self.folder.glob("neighbour/*/*")]
        state = reaper.look_up(self.process.pid)
        return ([(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
                 for path in watched],
                sorted(path.name for path in self.folder.iterdir()
                       if path.name not in ("submission", "result.json")),
                state is not None and state.state in "RSD",
                _segments(SHARED_KEY))

    def lay(self, base, attack=None):
        """The base, with an attack in it."""
        shutil.rmtree(self.submission, ignore_errors=True)
        master = ROOT / ("labs" if base == "skeleton" else "solution")
        target = self.submission / "1-rpc"
        target.mkdir(parents=True)
        for path in (master / "1-rpc").glob("*.[ch]"):
            shutil.copy(path, target)
        if attack is None:
            return
        for path in (FOLDER / "raw.h", FOLDER / f"{attack.name}.c"):
            (target / path.name).write_text(
                path.read_text().replace("@SENTINEL@", str(self.sentinel))
                .replace("@KIT@", str(ROOT)))
        text = (target / "rpc.c").read_text()
        assert text.count(START) == 1
        (target / "rpc.c").write_text(text.replace(
            START, "void attack(void);\n\n" + START + "    attack();\n"))

    def grade(self, level, world):
        """(exit status, JSON, all that was printed)."""
        path = self.folder / "result.json"
        done = subprocess.run(
            [sys.executable, str(ROOT / "grader" / "grade"), "rpc",
             "--submission", str(self.submission), "--only", TEST, "--world",
             world, "--isolate", "--sandbox", level, "--json", str(path)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=str(ROOT),
            timeout=LIMIT_S, check=False)
        text = done.stdout.decode(errors="replace")
        result = json.loads(path.read_text()) if path.exists() else {}
        return done.returncode, result, text

    def close(self):
        self.process.kill()
        self.process.wait()
        self._folder.cleanup()


def _segments(key):
    """How many pieces of memory are shared under a key."""
    try:
        lines = pathlib.Path("/proc/sysvipc/shm").read_text().splitlines()
    except OSError:
        return 0
    return [line.split()[0] for line in lines].count(str(key))


def _left(known):
    """What has been left to us, killed now."""
    return [one.name for one in reaper.kill_orphans(known)]


class Attacks(unittest.TestCase):
    """One method for each attack: see the end of this file."""

    maxDiff = None
    honest = {}

    @classmethod
    def setUpClass(cls):
        cls.levels, cls.missing = levels()
        if not cls.levels:
            raise unittest.SkipTest("; ".join(cls.missing))
        reaper.adopt_orphans()

    def setUp(self):
        self.grounds = Grounds()
        self.addCleanup(self.grounds.close)

    def honest_score(self, base, world):
        """(points, out of) of the base without an attack: nothing, or all."""
        key = (base, world)
        if not ALL:
            return (0 if base == "skeleton" else POINTS), POINTS
        if key not in self.honest:
            self.grounds.lay(base)
            _, result, text = self.grounds.grade(self.levels[0], world)
            self.assertTrue(result.get("finished"), text)
            self.honest[key] = (result["score"], result["max_score"])
        return self.honest[key]

    def check(self, attack, level, world):
        points, out_of = self.honest_score(attack.base, world)
        self.grounds.lay(attack.base, attack)
        status, result, text = self.grounds.grade(level, world)
        self.assertIn(status, (0, 1, 3), text)
        self.assertTrue(result["finished"], text)
        self.assertEqual(result["sandbox"], level)
        self.assertLessEqual(result["score"], points, text)
        self.assertEqual(result["max_score"], out_of, text)
        self.assertEqual(_left({self.grounds.process.pid}), [], text)
        self.assertEqual(self.grounds.harmless(), self.grounds.before, text)
        told = json.dumps(result) + text
        self.assertNotIn(SECRET, told)
        lab = result["labs"][0]
        shown = [lab["build_log"]] + [one["observed"] for one in lab["tests"]]
        self.assertEqual(attack.builds, not lab["build_log"], text)
        filtered = "system calls filtered" in result["barrier"]
        for pattern, where in ((attack.finds, result["findings"]),
                               (attack.shows, shown),
                               (attack.real if world == "real" and filtered
                                else "", shown)):
            if pattern:
                self.assertRegex("\n".join(where), pattern)


def _method(number, attack):
    def test(self):
        if attack.slow and not ALL:
            self.skipTest("it is slow: CONCLAVE_ATTACKS=all tries it")
        if attack.base == "reference" and not (ROOT / "solution").is_dir():
            self.skipTest("there is no reference here")
        chosen = self.levels if ALL else \
            [self.levels[number % len(self.levels)]]
        worlds = attack.worlds if ALL else \
            [attack.worlds[number // 2 % len(attack.worlds)]]
        for level in chosen:
            for world in worlds:
                with self.subTest(level=level, world=world):
                    self.check(attack, level, world)
    test.__name__ = f"test_{attack.name}"
    return test


for _number, _path in enumerate(sorted(FOLDER.glob("*.c"))):
    _attack = Attack.read(_path)
    setattr(Attacks, f"test_{_attack.name}", _method(_number, _attack))


if __name__ == "__main__":
    unittest.main()
