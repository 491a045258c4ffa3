"""Proves that the linearizability checker is right on histories with known
verdicts: those of grader/selftest/histories, each of which gives the reason in
its first lines, and those that were recorded from real systems, where they are
at hand beside the project. How fast it is, it says but does not judge."""

import os
import pathlib
import random
import re
import subprocess
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CHECK = ROOT / (os.environ.get("BUILD") or "build") / "release" / "check"
RECORDED = ROOT.parent / "shared" / "data" / "linearizability"
VERDICTS = {0: "linearizable", 1: "not linearizable", 2: "unknown"}


def check(*words):
    """(exit status, what it printed)"""
    done = subprocess.run([str(CHECK), *map(str, words)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def check_text(text, *words):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(text)
        file.flush()
        return check(*words, file.name)


def recorded_verdicts():
    """{path: (format, linearizable)}, as the folder's README says."""
    readme = (RECORDED / "README.md").read_text()
    known = {}
    for name, verdict in re.findall(r"\| (c\d+-\w+) \|.*\| ([a-z ]+) \|",
                                    readme):
        known[RECORDED / "kv" / f"{name}.txt"] = (
            "porcupine-kv", verdict == "linearizable")
    lines = re.search(r"^Linearizable: ([\d ]+)\. "
                      r"Not linearizable: ([\d ]+)\.", readme, re.M)
    for names, good in zip(lines.groups(), (True, False)):
        for name in names.split():
            known[RECORDED / "etcd" / f"etcd_{name}.log"] = (
                "jepsen-register", good)
    return known


class Verdicts(unittest.TestCase):
    def test_our_own_histories(self):
        paths = sorted((HERE / "histories").glob("*.txt"))
        self.assertGreater(len(paths), 20)
        for path in paths:
            with self.subTest(path.name):
                good = path.name.startswith("good-")
                text = path.read_text()
                self.assertTrue(text.startswith(
                    "# linearizable: " if good else "# not linearizable: "),
                    "the reason stands first")
                status, printed = check("--format", "conclave", path)
                self.assertEqual(status, 0 if good else 1, printed)
                self.assertEqual(printed.splitlines()[0], VERDICTS[status])
                self.assertEqual(good, printed.count("\n") == 1, printed)

    @unittest.skipUnless(RECORDED.is_dir(), f"no {RECORDED.name} beside it")
    def test_histories_recorded_from_real_systems(self):
        known = recorded_verdicts()
        files = [one for folder in ("kv", "etcd")
                 for one in (RECORDED / folder).iterdir()]
        self.assertEqual(sorted(known), sorted(files))
        began = time.monotonic()
        for path, (form, good) in known.items():
            with self.subTest(path.name):
                status, printed = check("--format", form, path)
                self.assertEqual(status, 0 if good else 1, printed)
        print(f"     {len(known)} recorded histories, a process each: "
              f"{time.monotonic() - began:.3f} s")


class Words(unittest.TestCase):
    def test_a_failure_names_what_cannot_be(self):
        noise = "".join(f"7 {at} {at + 5} SET y {at} => OK\n"
                        f"7 {at + 6} {at + 9} GET x => 1\n"
                        for at in range(1000, 3000, 10))
        status, printed = check_text("1 100 200 SET x 1 => OK\n" + noise +
                                     "2 4000 5000 SET x 2 => OK\n"
                                     "3 6000 6500 GET x => 1\n"
                                     "2 7000 7500 GET x => 2\n")
        self.assertEqual(status, 1)
        self.assertIn("(3 of 204 operations on key x)", printed)
        self.assertIn("client 3     0.006000 s   0.006500 s  GET x => 1",
                      printed)
        self.assertIn("answered at 0.006500 s, all is well", printed)
        self.assertIn("cannot come: x is 2", printed)
        self.assertNotIn("y", re.sub(r"\b(They|any|is well|key)\b", "",
                                     printed).split("operations on")[0])

    def test_what_cannot_be_read_is_said(self):
        for line, words in (
                ("1 100 200 FLY x => OK", "no such request"),
                ("1 100 200 SET x => OK", "no such request"),
                ("1 100 200 EXISTS x => 7", "never has"),
                ("1 100 200 GET x", "never has"),
                ("1 100 - GET x => 1", "never has"),
                ("1 300 200 GET x => 1", "before its request"),
                ("one 100 200 GET x => 1", "no such request"),
                ('1 100 200 GET "x => 1', "no such request")):
            with self.subTest(line):
                status, printed = check_text(f"# a comment\n\n{line}\n")
                self.assertEqual(status, 3, printed)
                self.assertIn(":3: ", printed)
                self.assertIn(words, printed)

    def test_wrong_usage_is_no_verdict(self):
        self.assertEqual(check()[0], 3)
        self.assertEqual(check("--format", "toml", "x")[0], 3)
        self.assertEqual(check("/does/not/exist")[0], 3)

    def test_unknown_is_never_a_pass(self):
        status, printed = check_text("1 100 200 SET x 1 => OK\n", "--steps", 0)
        self.assertEqual((status, printed.splitlines()[0]), (2, "unknown"))


def history(seed, mix, values, ops=10_000, clients=50, keys=10, lost=0.05):
    """A history of a store that works: lines in the conclave format."""
    rng = random.Random(seed)
    free = [(rng.randrange(1000), client) for client in range(clients)]
    plan = []
    for _ in range(ops):
        free.sort()
        called, client = free[0]
        ended = called + rng.randrange(100, 2000)
        plan.append((rng.randrange(called, ended), called, ended, client))
        free[0] = (ended + rng.randrange(1, 500), client)
    store, lines = {}, []
    for number, (_, called, ended, client) in enumerate(sorted(plan)):
        key, name = f"k{rng.randrange(keys)}", rng.choice(mix)
        value = str(rng.randrange(values) if values else number)
        old = store.get(key)
        words, new, answer = [name, key, value], value, "OK"
        if name == "GET":
            words, new, answer = [name, key], old, old or "nil"
        elif name == "APPEND":
            new = (old or "") + value
            answer = str(len(new))
        elif name == "CASV":
            words.insert(2, old or value)
            if rng.random() < 0.5 or old is None:
                words[2], new, answer = f"not{value}", old, "0"
        gone = rng.random() < lost
        if new is not None and not (gone and rng.random() < 0.5):
            store[key] = new
        lines.append(f"{client} {called} {'-' if gone else ended} "
                     f"{' '.join(words)}" + ("" if gone else f" => {answer}"))
    return "\n".join(lines) + "\n"


class Server:
    """The store behind lost_history, with versions."""

    def __init__(self, rng):
        self.rng, self.version = rng, 0
        self.values, self.versions = {}, {}

    def write(self, key, value):
        self.version += self.rng.randrange(1, 3)
        self.values[key], self.versions[key] = value, self.version
        return "OK"

    def perform(self, name, key, *rest):
        """The answer, in the words of a history."""
        old = self.values.get(key)
        if name == "MGET":
            return " ".join(_word(self.values.get(one)) for one in (key, *rest))
        if name == "GET":
            return _word(old)
        if name == "GETM":
            return _word(old) + (f" {self.versions[key]}" if old else "")
        if name == "SET":
            return self.write(key, rest[0])
        if name == "APPEND":
            self.write(key, (old or "") + rest[0])
            return str(len(self.values[key]))
        if name == "DEL":
            return "0" if old is None else "1" * bool(self.write(key, None))
        version = self.versions.get(key) if old is not None else 0
        if int(rest[0]) != version:
            return "0"
        return self.write(key, rest[1])


def _word(value):
    return "nil" if value is None else value


def lost_history(seed, ops=400, clients=15, outages=3, keys=("x", "y", "z")):
    """Clients of a few keys, which they read together; while the store is away
    they hear nothing, and ask again: each attempt may take effect, at once,
    late, or never. Lines in the conclave format."""
    rng = random.Random(seed)
    server, calls, lines = Server(rng), [], []
    away = [rng.randrange(ops * 150) for _ in range(outages)]
    events = [(rng.randrange(5000), number, "ask", number, None)
              for number in range(clients)]
    count, known = clients, {}
    while events:
        events.sort(reverse=True)
        now, _, what, client, words = events.pop()
        count += 1
        if what == "do":
            answer = server.perform(*words[0])
            if words[1] is not None:
                ended = now + rng.randrange(50, 1500)
                words[1][2:] = [ended, words[0], answer]
                if words[0][0] == "GETM" and answer != "nil":
                    known[client, words[0][1]] = answer.split()[1]
                events.append((ended + rng.randrange(3000), count, "ask",
                               client, None))
            continue
        if len(calls) >= ops:
            continue
        if words is None:
            key, value = rng.choice(keys), f"{client}.{count}_"
            words = rng.choice([
                ("GET", key), ("GETM", key), ("SET", key, value), ("DEL", key),
                ("APPEND", key, value), ("MGET", *keys),
                ("CAS", key, known.get((client, key), "0"), value)])
        call = [client, now, "-", words, None]
        if not any(at <= now < at + 12_000 for at in away):
            events.append((now + rng.randrange(50, 1500), count, "do", client,
                           (words, call)))
        else:
            if rng.random() < 0.5:
                events.append((now + rng.randrange(100, 40_000), count, "do",
                               client, (words, None)))
            events.append((now + 3000, count + 0.5, "ask", client, words))
        calls.append(call)
    for client, called, ended, words, answer in calls:
        if words[0] == "CAS" and words[2] == "0":
            words = ("CASV", words[1], "nil", words[3])
        if ended != "-":
            lines.append(f"{client} {called} {ended} {' '.join(words)} "
                         f"=> {answer}")
        elif words[0] not in ("GET", "GETM", "MGET"):
            lines.append(f"{client} {called} - {' '.join(words)}")
    return lines


class Lost(unittest.TestCase):
    """Many writes without an answer, to keys that are read together."""

    def test_what_happened_is_found(self):
        began, lost = time.monotonic(), []
        for seed in range(12):
            with self.subTest(seed):
                lines = lost_history(seed)
                lost.append(sum(line.split()[2] == "-" for line in lines))
                status, printed = check_text("\n".join(lines) + "\n")
                self.assertEqual(status, 0, printed)
        self.assertGreater(min(lost), 15)
        print(f"     12 histories with {min(lost)} to {max(lost)} writes of "
              f"unknown outcome: {time.monotonic() - began:.3f} s")

    def test_what_cannot_have_happened_is_proven(self):
        for seed in range(6):
            lines = lost_history(seed, ops=60, clients=5, outages=1)
            lines += ["90 900000 900100 SET x last => OK",
                      "91 900000 - SET x other", "92 900000 - APPEND x more",
                      "90 900400 900500 GET x => other"]
            for key, verdict in (("y", 0), ("x", 1)):
                with self.subTest(seed=seed, key=key):
                    status, printed = check_text("\n".join(
                        [*lines, f"90 900600 900700 SET {key} last => OK",
                         f"90 900800 900900 MGET y x => last other"
                         if key == "y" else
                         "90 900800 900900 GET x => other"]) + "\n")
                    self.assertEqual(status, verdict, printed)


class Size(unittest.TestCase):
    def test_ten_thousand_operations(self):
        for name, mix, values in (
                ("reads, writes and swaps", ("GET", "SET", "CASV"), 0),
                ("the same with 5 values", ("GET", "SET", "CASV"), 5),
                ("reads and writes", ("GET", "SET"), 0),
                ("reads and appends", ("GET", "APPEND"), 0)):
            with self.subTest(name):
                text = history(1, mix, values)
                began = time.monotonic()
                status, printed = check_text(text)
                self.assertEqual(status, 0, printed)
                print(f"     10,000 operations, {name}: "
                      f"{time.monotonic() - began:.3f} s")


if __name__ == "__main__":
    unittest.main()
