"""Proves that `make demo` does what it says: nodes that are killed, cut off and
brought back keep what they acknowledged, nonsense is answered by a sentence,
and nothing is left running however the demo ends."""

import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from demo_driver import (LIMIT_S, OVER, ROOT, Bare, Demo, Writer,  # noqa: E402
                         command, environment)

REFERENCE = (ROOT / "solution" / "5-kv").is_dir()


@unittest.skipUnless(REFERENCE, "there is no solution/5-kv here")
class Drive(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data = pathlib.Path(folder.name) / "demo"

    def demo(self, *words, **env):
        demo = Demo(self.data, *words, **env)
        self.addCleanup(demo.kill)
        return demo

    def running(self):
        """Processes that know of our folder: nodes and the proxy."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(self.data).encode() in path.read_bytes():
                    found.append(path.parent.name)
            except OSError:
                continue
        return found

    def nothing_runs(self):
        limit_s = time.monotonic() + LIMIT_S
        while self.running() and time.monotonic() < limit_s:
            time.sleep(0.05)
        self.assertEqual(self.running(), [])

    def test_a_leaders_death_and_a_partition(self):
        demo = self.demo("--nodes", "5")
        demo.until("waited for 180 s long")
        demo.type("wait", "set a 1", "kill leader", "set b 'two words'",
                  "get a", "get b", "restart all", "append b !", "get b")
        demo.until(r"^node \d leads in term")
        demo.until(r"^OK ")
        demo.until(r"^node \d is killed")
        demo.until(r"^OK ")
        demo.until(r'^"1" ')
        demo.until(r'^"two words" ')
        for _ in range(5):
            demo.until(r"^node \d runs again")
        demo.until(r"^\(integer\) 10 ")
        demo.until(r'^"two words!" ')
        demo.type("partition 1 2 | 3 4 5", "incr n", "status")
        demo.until("has parted: 1 2 | 3 4 5")
        self.assertIn(int(demo.until(r"^\(integer\) 1 +\(node (\d)\)")[1]),
                      (3, 4, 5))
        demo.until("^ +1 .*cut from 3 4 5")
        demo.type("@1 get n", "heal", "slow 2 20", "cut 1 > 3", "status")
        demo.until(r"\(error\)|does not answer")
        demo.until("every link is perfect again")
        demo.until("^ +1 .*cannot reach 3, 20 ms to 2")
        demo.until("^ +2 .*20 ms to all")
        demo.until("^ +3 .*does not hear 1")
        demo.type("heal", "pause leader", "incr n", "resume all", "get n",
                  "quit")
        demo.until(r"^\(integer\) 2 ")
        demo.until('^"2" ')
        self.assertEqual(demo.end(), 0)
        self.nothing_runs()

    def test_no_acknowledged_write_is_lost(self):
        demo = self.demo("--nodes", "3")
        demo.type("wait")
        demo.until(r"^node \d leads in term")
        addresses = demo.addresses()
        self.assertEqual(len(addresses), 3)
        writer = Writer(addresses)
        writer.start()
        writer.goes_on()
        demo.type("kill leader")
        killed = demo.until(r"^node (\d) is killed")[1]
        writer.goes_on()
        demo.type(f"restart {killed}", "wait", "partition leader")
        demo.until("has parted")
        writer.goes_on()
        demo.type("heal", "pause leader")
        demo.until("stands still")
        writer.goes_on()
        demo.type("resume all", "wait", "restart all")
        demo.until("runs again")
        writer.goes_on()
        writer.stop()
        self.assertIsNone(writer.wrong)
        reader = Bare(addresses)
        for number in range(writer.acknowledged):
            self.assertEqual(reader.ask("GET", f"key-{number}"),
                             ("$", f"value-{number}"))
        reader.close()
        writer.client.close()

    def test_a_load_reads_back_what_it_wrote(self):
        demo = self.demo("--nodes", "3")
        demo.type("wait", "load 8", "sleep 1", "kill leader", "set a 1",
                  "sleep 1", "status", "load 0", "dbsize")
        demo.until("8 clients write")
        demo.until("^load: 8 clients")
        self.assertGreater(
            int(demo.until(r"^([\d,]+) writes to 8 keys were acknowledged; all "
                           "of them are there")[1].replace(",", "")), 7)
        demo.until(r"^\(integer\) 9 ")

    def test_a_load_that_ends_as_it_begins(self):
        demo = self.demo("--nodes", "1")
        demo.type("load 4", "load 0", "load 4", "load 3", "load 0", "quit")
        for _ in range(3):
            demo.until("the load ends, and reads back")
            self.assertIn("all of them are there",
                          demo.until("load|writes").string)
        self.assertEqual(demo.end(), 0)

    def test_a_slow_leader_serves(self):
        demo = self.demo("--nodes", "3")
        demo.type("wait", "set a 1", "slow leader 200", "set a 2", "get a",
                  "quit")
        demo.until("takes 200 ms longer")
        self.assertTrue(demo.until("^OK|no answer").string.startswith("OK"))
        demo.until('^"2" ')
        self.assertEqual(demo.end(), 0)

    def role_of(self, demo, row):
        """What the view says of a node, as soon as the node says anything."""
        limit_s = time.monotonic() + LIMIT_S
        while True:
            demo.type("status")
            role = demo.until(row)[1]
            if role != "silent" or time.monotonic() > limit_s:
                return role

    def test_a_leader_that_is_cut_off_says_that_it_leads(self):
        demo = self.demo("--nodes", "3")
        demo.type("wait", "set a 1", "partition leader")
        old = demo.until(r"has parted: (\d) \|")[1]
        row = rf"^ +{old}  \S+ +(\w+) .*cut off"
        self.assertEqual(self.role_of(demo, row), "leader")
        demo.type("wait", "set a 2")
        self.assertNotEqual(demo.until(r"^node (\d) leads in term")[1], old)
        self.assertEqual(self.role_of(demo, row), "leader")
        demo.type("quit")
        self.assertEqual(demo.end(), 0)

    def test_who_was_started_again_answers(self):
        demo = self.demo("--nodes", "3")
        demo.type("@1 ping", "restart 1", "@1 ping", "@1 quit", "@1 ping",
                  "quit")
        for _ in range(3):
            self.assertNotIn("does not", demo.until("PONG|does not").string)
        self.assertEqual(demo.end(), 0)

    def test_what_the_terminal_has_no_letters_for(self):
        demo = self.demo("--nodes", "1", PYTHONIOENCODING="ascii")
        demo.type("set a \u20ac", "get a", "get b", "quit")
        demo.until("^OK ")
        demo.until('^"[?]+" ')
        demo.until(r"^\(nil\) ")
        self.assertEqual(demo.end(), 0)

    def test_data_is_kept_when_asked(self):
        demo = self.demo("--nodes", "3")
        demo.type("set a kept", "quit")
        demo.until("^OK ")
        demo.end()
        demo = self.demo("--keep")
        demo.type("get a", "set a again")
        demo.until('^"kept" ')
        demo.until("^OK ")
        second = self.demo()
        second.until("a demo is running on .* already")
        self.assertEqual(second.process.wait(LIMIT_S), 2)
        demo.process.stdin.close()     # the end of what is typed
        demo.end()
        other = self.demo("--keep", "--nodes", "5")
        other.until("is of 3 nodes")
        demo = self.demo("--nodes", "1")
        demo.type("get a")
        demo.until(r"^\(nil\) ")

    def test_a_folder_of_somebody_elses_is_left_alone(self):
        self.data.mkdir()
        (self.data / "thesis.txt").write_text("precious")
        demo = self.demo()
        demo.until("holds files that are no demo's")
        self.assertEqual(demo.process.wait(LIMIT_S), 2)
        self.assertEqual((self.data / "thesis.txt").read_text(), "precious")

    def test_nonsense_is_answered_by_a_sentence(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port = taken.getsockname()[1]
        demo = self.demo("--nodes", "3", "--port", str(port))
        demo.until(f"Port {port} is taken")
        for line, sentence in (
                ("fly", "'fly' is no command"), ("kill", "`kill 2` kills"),
                ("kill 9", "'9' is no node: there are 1 2 3"),
                ("kill " + "1" * 5000, "is no node"),
                ("partition", "`partition 1 2 | 3 4 5`"),
                ("partition 1 | 1 2", "node 1 cannot be on two sides"),
                ("cut 1 1", "`cut 1 > 3` drops"), ("cut > 1 2", "`cut 1 > 3`"),
                ("slow 2", "`slow 2 200`"), ("slow 2 99999999", "10000 ms at"),
                ("slow 2 225", "as good as cut off"),
                ("slow 2 224", "224 ms longer$"), ("slow 2 0", "fast again"),
                ("resume 1", "node 1 is not paused"), ("load", "`load 64`"),
                ("load 9999", "at most 512"), ("load 0", "there is no load"),
                ("set a 'b", "a quote has no end"), ("sleep x", "`sleep 2`"),
                ("patience", "`patience 60`"), ("patience 0", "no answer at"),
                ("kill \u00b2", "is no node"),
                ("slow 2 \u00b2", "`slow 2 200`"),
                ("load \u00b2", "`load 64`"), ("kill\t9", "'9' is no node"),
                ("set a", r"\(error\) ERR wrong number"), ("log", "`log 2`"),
                ("@2", "`@2 get KEY`"), ("@x get a", "'x' is no node"),
                ("heal 2", "`heal` stands alone"), ("\x00\xff", "no command")):
            with self.subTest(line=line):
                demo.type(line)
                demo.until(sentence)
        demo.type("set a 1", "quit")
        demo.until("^OK ")
        self.assertEqual(demo.end(), 0)
        self.assertNotIn("Traceback", "\n".join(demo.said))

    def test_ctrl_c_ends_it_clean(self):
        for busy, shown in (("load 2", "2 clients write"),
                            ("sleep 1000", "`help` lists")):
            with self.subTest(busy=busy):
                demo = self.demo("--nodes", "3")
                demo.type(busy)
                demo.until(shown)
                while demo.process.poll() is None:  # by somebody impatient
                    demo.process.send_signal(signal.SIGINT)
                    time.sleep(0.01)
                self.assertEqual(demo.end(), 0)
                self.assertNotIn("Traceback", "\n".join(demo.said))
                self.nothing_runs()

    def test_a_quit_signal_leaves_the_terminal_as_it_was(self):
        self.on_terminal(80, 24, end=signal.SIGQUIT)  # it sends that

    @unittest.skipUnless(sys.platform.startswith("linux"),
                         "only Linux tells a process of its parent's death")
    def test_no_node_outlives_a_demo_that_is_killed(self):
        demo = self.demo("--nodes", "3")
        demo.type("load 2")
        demo.until("2 clients write")
        self.assertGreater(len(self.running()), 4)
        demo.process.kill()
        demo.process.wait()
        self.nothing_runs()

    def on_terminal(self, columns, rows, end=b"quit\r", **env):
        """What a terminal of some size is sent until the demo is over."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))
        before = termios.tcgetattr(theirs)
        more = environment(**{"TERM": "xterm", **env})
        for name in ("COLUMNS", "LINES"):
            more.pop(name, None)
        child = subprocess.Popen(command(self.data, "--nodes", "3"), cwd=ROOT,
                                 env=more, stdin=theirs, stdout=theirs,
                                 stderr=theirs, start_new_session=True)
        self.addCleanup(child.kill)
        text = ""
        for wanted, typed in (("lists what", b"set a 1\r"), ("(node ", b""),
                              ("(node ", end), (OVER, b"")):
            limit_s = time.monotonic() + LIMIT_S
            while wanted not in re.sub(r"\s+", " ", text):
                self.assertLess(time.monotonic(), limit_s, text)
                if select.select([ours], [], [], 1)[0]:
                    text += os.read(ours, 65536).decode(errors="replace")
            if isinstance(typed, signal.Signals):
                child.send_signal(typed)
            else:
                os.write(ours, typed)
        self.assertEqual(child.wait(LIMIT_S), 0)
        self.assertEqual(termios.tcgetattr(theirs), before)
        os.close(theirs)
        self.assertNotIn("Traceback", text)
        return text

    def test_a_terminal_shows_it(self):
        text = self.on_terminal(80, 24)
        self.assertIn("\x1b[1;32m", text)
        self.assertIn("leader", text)
        self.assertLess(text.index("\x1b[?1049h"), text.index("\x1b[?1049l"))

    def test_a_terminal_without_colour(self):
        self.assertNotRegex(self.on_terminal(60, 14, NO_COLOR="1"),
                            r"\x1b\[[\d;]*m")

    def test_a_dumb_terminal_and_a_tiny_one(self):
        self.assertNotIn("\x1b", self.on_terminal(80, 24, TERM="dumb"))
        self.assertNotIn("\x1b", self.on_terminal(60, 4))


if __name__ == "__main__":
    unittest.main()
