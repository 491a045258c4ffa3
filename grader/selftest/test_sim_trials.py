"""Proves that trials of nodes that replicate give no alarm on the reference, are
the same at both levels of isolation, bite where the disk is not synced, and can
be told, cut and shrunk; that a cut of the power disturbs nothing."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from sim_world import BUILD, ROOT, make

STAGES = {"STAGE_RPC": "1-rpc", "STAGE_ELECTION": "2-election",
          "STAGE_REPLICATION": "3-replication",
          "STAGE_PERSISTENCE": "4-persistence"}
NODES = {"log": "replication", "figure8": "replication", "disk": "persistence",
         "figure8-disk": "persistence", "crashes": "persistence"}


def build(out, **folders):
    """The nodes of labs 3 and 4, of the reference but for what is named."""
    words = [f"{stage}={folders.get(stage, f'solution/{folder}')}"
             for stage, folder in STAGES.items()]
    folder = make("sim", "node-replication.so", "node-persistence.so",
                  f"OUT={BUILD}/release/{out}", *words)
    return folder / "sim", folder / out


@unittest.skipUnless((ROOT / "solution").is_dir(), "there is no solution/ here")
class Trials(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim, cls.nodes = build("sim-trials")

    def run_sim(self, command, plan, *words, flags=(), nodes=None):
        """The exit status, and what is printed."""
        code = (nodes or self.nodes) / f"node-{NODES[plan]}.so"
        done = subprocess.run(
            [self.sim, *flags, command, code, f"plan={plan}", "nodes=0",
             *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, timeout=1200)
        return done.returncode, done.stdout

    def explore(self, plan, *words, **options):
        status, text = self.run_sim("explore", plan, "hashes=1", *words,
                                    **options)
        self.assertEqual(status, 0, text[-2000:])
        return text

    def test_no_alarm_and_one_hash(self):
        for plan in NODES:
            with self.subTest(plan=plan):
                words = () if plan == "crashes" else ("seed=500",)
                text = self.explore(plan, *words, "seeds=60")
                hashes = re.findall(r"^PASS .*", text, re.MULTILINE)
                self.assertEqual(len(hashes), 60)
                again = self.explore(plan, *words, "seeds=60")
                self.assertEqual(
                    hashes, re.findall(r"^PASS .*", again, re.MULTILINE))
                self.assertGreater(
                    int(re.search(r"answers=(\d+)", text)[1]), 60)

    def test_processes_of_their_own_change_nothing(self):
        for plan in NODES:
            with self.subTest(plan=plan):
                one, other = [self.explore(plan, "seeds=6", flags=flags)
                              .split("explored")[0]
                              for flags in ((), ("--isolate",))]
                self.assertEqual(one, other)

    def with_schedule(self, change, *words):
        """Seed 4 with its schedule changed: what is printed."""
        shown = self.run_sim("explore", "disk", "seed=4", "seeds=1",
                             "show=1")[1]
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(change(shown))
            file.flush()
            return self.explore("disk", "seed=4", "seeds=1",
                                f"schedule={file.name}", *words)

    def test_a_cut_of_the_power_disturbs_nothing(self):
        def without(text):
            return re.sub(r"^\d+ powercut\n", "", text, flags=re.MULTILINE)

        def often(text):
            lines = without(text).splitlines(keepends=True)
            return "".join(line for one in lines for line in (
                [one] if one.startswith("#") else
                [one, f"{one.split(' ')[0]} powercut\n"]))

        none, many = self.with_schedule(without), self.with_schedule(often)
        self.assertIn("powercuts=0", none)
        self.assertNotIn("powercuts=0", many)
        self.assertEqual(none.splitlines()[0], many.splitlines()[0])

    def test_crash_points_have_numbers(self):
        text = self.explore("crashes", "seed=2", "seeds=3")
        self.assertEqual(re.findall(r"PASS seed=(\d+)", text),
                         ["20000", "20001", "20002"])
        self.assertGreater(int(re.search(r"points=(\d+)", text)[1]), 300)
        alone = self.explore("crashes", "seed=20002", "seeds=1")
        self.assertEqual(text.splitlines()[2], alone.splitlines()[0])
        shown = self.run_sim("explore", "crashes", "seed=20002", "seeds=1",
                             "show=1")[1]
        self.assertRegex(shown, r"\n0 crash \d write \d+\n")

    def test_a_trial_can_be_told(self):
        status, text = self.run_sim("tell", "log", "seed=3")
        self.assertEqual(status, 0)
        asked = re.findall(r"^Q \d+ (\d+) \d PROPOSE", text, re.MULTILINE)
        answered = re.findall(r"^Y \d+ (\d+) \[\d+, \d+\]", text, re.MULTILINE)
        self.assertGreater(len(answered), 3)
        self.assertLessEqual(set(answered), set(asked))
        for kind in "FDPMTBW":
            self.assertRegex(text, f"(?m)^{kind} ")

    def without_syncs(self, folder):
        """The reference, whose disk operations are never made durable."""
        shutil.copytree(ROOT / "solution" / "4-persistence", folder)
        changed = 0
        for file in pathlib.Path(folder).rglob("*.c"):
            text, count = re.subn(r"await_disk_sync(_dir)?\(([^()]*)\)",
                                  "(OK)", file.read_text())
            file.write_text(text)
            changed += count
        self.assertGreater(changed, 3)
        return build("sim-unsynced", STAGE_PERSISTENCE=folder)[1]

    def test_without_syncs_nothing_passes(self):
        with tempfile.TemporaryDirectory() as scratch:
            nodes = self.without_syncs(os.path.join(scratch, "unsynced"))
        for plan in ("disk", "figure8-disk", "crashes"):
            with self.subTest(plan=plan):
                status, text = self.run_sim("explore", plan, "seeds=20",
                                            nodes=nodes)
                self.assertEqual(status, 1)
                self.assertIn("seeds=20 failed=20", text)


if __name__ == "__main__":
    unittest.main()
