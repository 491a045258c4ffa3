"""Proves that the timeline page holds the whole record, derives roles and cuts
rightly, cannot be broken by what nodes print, and asks nothing of the network.

Where a browser is installed, it draws pages there and asks how many frames it
drew; where none is, that part is skipped and says so.
"""

import asyncio
import html
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from conclave import history, test, timeline, trial  # noqa: E402
from conclave.frames import Frame, Method, encode_reply, \
    encode_request  # noqa: E402
from conclave.results import Grade, LabResult, Run, TestResult  # noqa: E402
from conclave.trial import Trial  # noqa: E402
from scenes import NASTY, make_scene  # noqa: E402

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER_LIMIT_S = 120


def result(**more):
    values = dict(
        name="election/one_vote_a_term", title=f"One vote {NASTY}", part="A",
        kind="scenario", stack="own", max_score=4, seed=1,
        replay="grader/grade --replay election/one_vote_a_term:1",
        status="failed", rule="one vote in a term", expected="one vote",
        observed=f"two votes {NASTY}", hint="Look again.")
    return TestResult(**{**values, **more})


def embedded(page):
    """The JSON in a page."""
    found = re.search(r'<script type="application/json" id="data">(.*?)'
                      "</script>", page, re.S)
    assert found is not None
    return json.loads(found.group(1))


def request(n, frm, term, method=Method.APPEND_ENTRIES, **fields):
    return Frame("REQUEST", method, n, encode_request(method, term=term,
                                                      **fields),
                 n=n, time_us=n * 1000, frm=frm, to=9)


def reply(n, frm, term, method=Method.APPEND_ENTRIES, **fields):
    return Frame("REPLY", method, n, encode_reply(method, term=term, **fields),
                 n=n, time_us=n * 1000, frm=frm, to=9)


class Roles(unittest.TestCase):
    def told(self, *frames):
        return [(turn.role, turn.term, turn.frame)
                for turn in history.roles(frames)[1]]

    def test_a_campaign_a_reign_and_its_end(self):
        self.assertEqual(self.told(
            reply(1, 1, 0, success=False),
            request(2, 1, 1, Method.REQUEST_VOTE),
            request(3, 1, 1, Method.REQUEST_VOTE),
            request(4, 1, 1), request(5, 1, 1),
            reply(6, 1, 1, success=False),  # its own term: says nothing new
            reply(7, 1, 2, success=False)), [
                ("follower", 0, 1), ("candidate", 1, 2), ("leader", 1, 4),
                ("follower", 2, 7)])

    def test_a_candidate_that_follows_in_its_own_term(self):
        self.assertEqual(self.told(
            request(1, 1, 3, Method.REQUEST_VOTE),
            reply(2, 1, 3, Method.REQUEST_VOTE, granted=False),
            reply(3, 1, 3, success=True)), [
                ("candidate", 3, 1), ("follower", 3, 3)])


class Network(unittest.TestCase):
    def bands(self, *orders, ids=(1, 2, 3)):
        bands, sides = history.network(orders, ids, 1_000_000)
        return [(one.began_us, one.ended_us, history.name_band(one, ids))
                for one in bands], sides

    def test_a_cut_of_both_directions_is_one_band(self):
        bands, sides = self.bands(
            (10_000, "link 1 2 cut=1"), (10_400, "link 2 1 cut=1"),
            (50_000, "heal"))
        self.assertEqual(bands, [(10_000, 50_000, "cut 1 ↔ 2")])
        self.assertEqual([parts for _, parts in sides], [[{1, 2, 3}]])

    def test_a_partition_has_sides_and_lasts_to_the_end(self):
        bands, sides = self.bands((10_000, "mark settle-1"),
                                  (20_000, "partition 1 2,3"))
        self.assertEqual(bands, [(20_000, 1_000_000, "cut 1 | 2 3")])
        self.assertEqual(sides, [(20_000, [{1}, {2, 3}])])

    def test_faults_of_links(self):
        bands, _ = self.bands(
            (10_000, "link * * loss=0.3 delay_ms=40"),
            (20_000, "link * * loss=0 delay_ms=0"),
            (30_000, "link 1 2 cut=1"), (40_000, "link 1 2 cut=0"),
            (50_000, "link * 3 clog=1"), (60_000, "heal"))
        self.assertEqual(bands, [
            (10_000, 20_000, "delay_ms=40 loss=0.3, every link"),
            (30_000, 40_000, "cut 1 → 2"),
            (50_000, 60_000, "clog=1, all to 3")])


class Pages(unittest.TestCase):
    def test_the_whole_record_is_there(self):
        scene = make_scene(300)
        data = embedded(timeline.page(scene, result()))
        self.assertEqual([row[0] for row in data["frames"]],
                         [frame.n for frame in scene.record.frames])
        self.assertEqual(sum(row[9] is not None for row in data["frames"]),
                         sum(one.lost is not None
                             for one in scene.record.frames))
        self.assertEqual(sum(len(row[8]) for row in data["frames"]),
                         sum(len(one.delivered_us)
                             for one in scene.record.frames))
        self.assertEqual(len(data["operations"]), len(scene.operations))
        self.assertEqual(len(data["steps"]), len(scene.steps))
        self.assertEqual(data["left_out"], {"frames": 0, "logs": 0})
        first = data["frames"][0]
        self.assertEqual(first[4:6], ["REQUEST", "RequestVote"])
        self.assertEqual(first[12]["term"], "1")

    def test_the_first_wrong_event_and_its_frame(self):
        scene = make_scene(100)
        wrong = embedded(timeline.page(scene, result()))["wrong"]
        (violation,) = scene.record.violations
        self.assertEqual((wrong["time"], wrong["node"], wrong["is_event"]),
                         (violation.time_us, violation.node, True))
        frame = scene.record.frames[wrong["frame"] - 1]
        self.assertEqual((frame.n, frame.frm), (wrong["frame"], 2))
        passed = timeline.page(scene, result(status="passed"))
        self.assertIsNone(embedded(passed)["wrong"])

    def test_without_a_broken_invariant_it_is_where_the_test_failed(self):
        scene = make_scene(50)
        scene.record.violations.clear()
        wrong = embedded(timeline.page(scene, result()))["wrong"]
        self.assertEqual((wrong["time"], wrong["is_event"]),
                         (scene.end_us, False))

    def test_nothing_that_a_node_says_becomes_part_of_the_page(self):
        page = timeline.page(make_scene(50), result())
        self.assertNotIn("<script>alert", page)
        self.assertEqual(page.count("<script"), 2)
        data = embedded(page)
        self.assertIn(NASTY, data["test"]["title"])
        self.assertIn(NASTY, [row[2] for row in data["logs"]])
        page.replace("\u2192", "").encode()  # no lone surrogate

    def test_nothing_is_fetched(self):
        page = timeline.page(make_scene(50), result())
        self.assertNotIn("https://", page)
        self.assertEqual(re.findall(r'http://[^"]*', page),
                         ["http://www.w3.org/2000/svg"])
        for word in ("src=", "url(", "@import", "<link", "fetch(",
                     "XMLHttpRequest", "WebSocket", "import("):
            self.assertNotIn(word, page)
        self.assertIn("default-src 'none'", page)

    def test_pages_stay_small(self):
        self.assertLess(len(timeline.page(make_scene(50), result())), 150_000)
        self.assertLess(len(timeline.page(make_scene(5_000), result())),
                        3_000_000)

    def test_of_a_very_long_record_the_end_is_drawn(self):
        scene = make_scene(1_000)
        count = len(scene.record.frames)
        most = timeline.MAX_FRAMES
        try:
            timeline.MAX_FRAMES = 200
            data = embedded(timeline.page(scene, result()))
        finally:
            timeline.MAX_FRAMES = most
        self.assertEqual((len(data["frames"]), data["left_out"]["frames"]),
                         (200, count - 200))
        self.assertEqual(data["frames"][-1][0], count)


@test("A claim", points=1, nodes=2)
async def fails_in_the_end(c):
    """A client asks, a node is killed, and then a check does not hold."""
    await c.cmd(2, "ECHO", "hi")
    await c.kill(1)
    await c.cut(1, 2)
    c.check(False, expected="yes", observed="no")


class Trials(unittest.TestCase):
    """A trial whose node and proxy are fakes writes its page itself."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cv-test-"))
        for name in ("fake_node.py", "fake_proxy.py"):
            shutil.copy(HERE / name, self.folder / name)
            (self.folder / name).chmod(0o755)

    def tearDown(self):
        shutil.rmtree(self.folder)

    def test_a_failed_trial_has_a_page(self):
        what = Trial(
            spec=fails_in_the_end.conclave_test, stack="own",
            name="fake/fails", binary=self.folder / "fake_node.py",
            proxy=self.folder / "fake_proxy.py", seed=1, replay="again",
            raft=False, sanitized=False, trace=False, html=self.folder)
        ended = asyncio.run(trial.run_real(what))
        self.assertEqual((ended.status, ended.page),
                         ("failed", "fake-fails.html"))
        data = embedded((self.folder / ended.page).read_text("utf-8"))
        (echo,) = [row for row in data["operations"] if row[3] == "ECHO hi"]
        self.assertEqual((echo[0], echo[4]), (2, "b'hi'"))
        self.assertLessEqual(echo[1], echo[2])
        ends = [row for row in data["lives"] if row[2] == "end"]
        self.assertEqual([(row[1], row[3]) for row in ends],
                         [(1, "ends by SIGKILL")])
        self.assertLessEqual(ends[0][0], data["wrong"]["time"])
        self.assertEqual(data["wrong"]["text"], "no")
        self.assertIn([ended.story[-1].split(". ")[1]],
                      [row[1:] for row in data["steps"]])


class Index(unittest.TestCase):
    def test_worlds_and_stacks_have_pages_of_their_own(self):
        self.assertEqual(
            [timeline.file_name("rpc/a", world, stack) for stack in
             ("own", "isolated") for world in ("real", "sim")],
            ["rpc-a.html", "rpc-a-sim.html", "rpc-a-isolated.html",
             "rpc-a-sim-isolated.html"])

    def test_all_tests_are_listed_and_pages_linked(self):
        bad = result(name="election/a")
        good = result(name="election/b", status="passed")
        grade = Grade([LabResult("election", "Lab <2>", {}, [
            Run("own", [bad, good])])], 1, "labs")
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            timeline.write_page(folder, make_scene(50), bad)
            timeline.write_index(folder, grade)
            text = (folder / "index.html").read_text(encoding="utf-8")
            links = re.findall('href="([^"]*)"', text)
            self.assertEqual(links, ["election-a.html"])
            self.assertTrue((folder / links[0]).exists())
        for words in ("election/b", "Lab &lt;2&gt;", html.escape(NASTY)):
            self.assertIn(words, text)
        self.assertNotIn("<script", text)


class Browser(unittest.TestCase):
    """Draws pages for real."""

    @classmethod
    def setUpClass(cls):
        cls.browser = next(filter(None, map(shutil.which, BROWSERS)), None)

    def dump(self, page):
        """The page's document after its scripts have run."""
        with tempfile.TemporaryDirectory(prefix="cv-page-") as name:
            folder = pathlib.Path(name)
            path = folder / "page.html"
            path.write_text(page, encoding="utf-8")
            process = subprocess.Popen(
                [self.browser, "--headless", "--no-sandbox", "--disable-gpu",
                 "--disable-quic", "--no-first-run",
                 "--disable-background-networking",
                 "--disable-component-update", "--disable-sync",
                 f"--user-data-dir={folder / 'profile'}",
                 "--window-size=1600,1000", "--dump-dom", path.as_uri()],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env={**os.environ, "HOME": name}, start_new_session=True)
            try:
                output, _ = process.communicate(timeout=BROWSER_LIMIT_S)
            finally:
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                process.wait()
        return output.decode(errors="replace")

    def test_every_frame_is_drawn(self):
        if self.browser is None:
            self.skipTest("no browser is installed: tried "
                          + ", ".join(BROWSERS))
        for frames, ids in ((40, [1, 2, 3]), (500, [1, 2, 3, 4, 5]),
                            (5_000, [0, 1, 2, 3, 4, 5, 6])):
            with self.subTest(frames=frames):
                scene = make_scene(frames, ids)
                text = self.dump(timeline.page(scene, result()))
                self.assertNotIn("data-error", text[:2_000])
                (drawn,) = re.findall(r'data-ready="(\d+)"', text)
                self.assertEqual(int(drawn), len(scene.record.frames))
                self.assertIn("First wrong event", text)

    def test_a_page_without_frames(self):
        if self.browser is None:
            self.skipTest("no browser is installed")
        scene = make_scene(0)
        scene.operations.clear()
        text = self.dump(timeline.page(scene, result(status="passed")))
        self.assertIn('data-ready="0"', text)
        self.assertNotIn("data-error", text[:2_000])


if __name__ == "__main__":
    unittest.main()
