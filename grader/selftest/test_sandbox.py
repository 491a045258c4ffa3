"""Proves that each level of the sandbox holds what is behind it, and that a
process there can be driven like any other."""

import asyncio
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))

from conclave import (build, process, reaper, safe_file,  # noqa: E402
                      sandbox, sandbox_ports, sandbox_probe)
from conclave.sandbox import NODE, SIM, TOOL, Sandbox  # noqa: E402

LIMIT_S = 120
PYTHON = "/usr/bin/python3"


def confine():
    """grader/confine, built."""
    builder = build.Builder(ROOT, pathlib.Path("/nonexistent"))
    with builder._lock():
        failed, text = builder._make(["confine"], build.TOOLS_LIMIT_S)
    if failed:
        raise AssertionError(text)
    return builder.folder / build.CONFINE


class Levels(unittest.TestCase):
    """Everything here is tried at each level that this machine offers."""

    @classmethod
    def setUpClass(cls):
        cls.confine = confine()
        found = {name: sandbox_probe.probe(name, cls.confine, ROOT)
                 for name in sandbox.LEVELS}
        cls.levels = [one for one in found.values()
                      if isinstance(one, Sandbox)]
        cls.kernel = sandbox_probe._kernel(cls.confine)
        assert cls.levels, found

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="cv-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        os.chmod(self.folder, 0o755)
        (self.folder / "shown").mkdir()
        (self.folder / "shown" / "file").write_text("shown\n")
        (self.folder / "secret").write_text("secret\n")
        os.chmod(self.folder / "secret", 0o600)

    def run_in(self, level, kind, words, **more):
        """The end of a program behind a level."""
        place = self.folder / f"own-{level.name}"
        place.mkdir(exist_ok=True)
        level.hand_over(place)
        return subprocess.run(
            level.wrap(words, kind, readable=[self.folder / "shown"],
                       writable=[place], folder=place, **more),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S,
            env={"PATH": "/usr/bin:/bin"}, cwd=place, check=False)

    def each(self):
        for level in self.levels:
            with self.subTest(level=level.name):
                yield level

    def test_a_program_sees_and_changes_what_it_is_given(self):
        for level in self.each():
            done = self.run_in(level, TOOL, [
                "/bin/sh", "-c", f"cat {self.folder}/shown/file && echo x >own"
                f"; cat {self.folder}/secret; echo y >{self.folder}/new; "
                f"echo z >{self.folder}/shown/file; exit 7"])
            self.assertEqual(level.status(done.returncode), 7, done.stdout)
            self.assertIn("shown", done.stdout)
            self.assertEqual(
                (self.folder / f"own-{level.name}" / "own").read_text(), "x\n")
            if level.has_fence or level.program:
                self.assertNotIn("secret\n", done.stdout.replace(
                    f"{self.folder}/secret", ""))
                self.assertFalse((self.folder / "new").exists())
                self.assertEqual(
                    (self.folder / "shown" / "file").read_text(), "shown\n")

    def test_a_node_starts_no_process(self):
        if not self.kernel.filters:
            self.skipTest("this kernel filters no system calls")
        for level in self.each():
            done = self.run_in(level, NODE, ["/bin/sh", "-c", "id; echo here"])
            self.assertEqual(level.status(done.returncode), -signal.SIGSYS,
                             done.stdout)
            self.assertNotIn("here", done.stdout)

    def test_a_grade_may_run_many_nodes_side_by_side(self):
        for level in self.each():
            if level.program:
                continue  # the same limits, and each its own namespace
            sleepers = [subprocess.Popen(
                level.wrap(["/bin/sleep", "600"], NODE),
                stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin"})
                for _ in range(100)]
            try:
                done = self.run_in(level, NODE, ["/bin/echo", "here"])
            finally:
                for one in sleepers:
                    one.kill()
                ends = {one.wait() for one in sleepers}
            self.assertEqual((done.stdout, ends), ("here\n",
                                                   {-signal.SIGKILL}))

    def test_a_tool_may(self):
        for level in self.each():
            done = self.run_in(level, TOOL, ["/bin/sh", "-c", "id; echo here"])
            self.assertIn("here", done.stdout)

    def test_only_named_ports_are_in_reach(self):
        if self.kernel.landlock < 4 or not os.path.exists(PYTHON):
            self.skipTest("this kernel fences no ports, or there is no "
                          + PYTHON)
        with socket.create_server(("127.0.0.1", 0)) as one, \
                socket.create_server(("127.0.0.1", 0)) as other:
            ports = [sock.getsockname()[1] for sock in (one, other)]
            code = ("import socket, sys\nfor port in map(int, sys.argv[1:]):\n"
                    " try: socket.create_connection(('127.0.0.1', port))\n"
                    " except OSError as error: print('refused', error.errno)\n"
                    " else: print('taken')")
            for level in self.each():
                done = self.run_in(level, NODE, [
                    PYTHON, "-I", "-S", "-c", code, *map(str, ports)],
                    connect=[ports[0]])
                self.assertEqual(done.stdout.splitlines(),
                                 ["taken", "refused 13"])

    def test_the_simulator_and_the_compiler_have_no_network(self):
        for level in self.each():
            if not level.program:
                continue
            done = self.run_in(level, SIM, ["/bin/cat", "/proc/net/dev"])
            self.assertEqual(done.stdout.count(":"), 1, done.stdout)

    def test_a_user_owns_nothing(self):
        if os.geteuid() != 0:
            self.skipTest("only root can be another user")
        for level in self.each():
            if level.user is None:
                continue
            done = self.run_in(level, TOOL, ["/usr/bin/id", "-u"])
            self.assertEqual(done.stdout, f"{level.user}\n")

    def test_limits_hold(self):
        for level in self.each():
            done = self.run_in(level, TOOL, [
                "/bin/sh", "-c", "head -c 80000000 /dev/zero >big; exit 0"])
            self.assertEqual(level.status(done.returncode), 0, done.stdout)
            size = (self.folder / f"own-{level.name}" / "big").stat().st_size
            self.assertEqual(size, sandbox.LIMITS_OF[TOOL]["fsize"])

    def test_a_process_behind_it_is_driven_like_any_other(self):
        for level in self.each():
            state, status = asyncio.run(self._drive(level))
            self.assertEqual(state, "T")
            self.assertEqual(status, -signal.SIGKILL)

    async def _drive(self, level):
        """Stops a process, looks at it, goes on, kills it."""
        ended = asyncio.Event()
        info = process.Info() if level.is_monitored else None
        words = level.wrap(["/bin/sh", "-c", "echo ready; read x </dev/tty; "
                            "while :; do :; done"], NODE,
                           readable=[self.folder / "shown"],
                           info_fd=info.write_fd if info else None)
        one = process.Process(
            "sh", words, self.folder, {"PATH": "/usr/bin:/bin"},
            reaper.limit_child(False), lambda _: ended.set(), process.Log(),
            level, info)
        self.assertTrue(await asyncio.wait_for(one.ready, LIMIT_S))
        one.signal(signal.SIGSTOP)
        state = ""
        for _ in range(LIMIT_S * 20):
            await asyncio.sleep(0.05)
            found = reaper.look_up(one.inner_pid())
            state = found.state if found else ""
            if state == "T":
                break
        one.signal(signal.SIGCONT)
        one.signal(signal.SIGKILL)
        await asyncio.wait_for(ended.wait(), LIMIT_S)
        return state, one.status

    def test_a_monitor_that_ends_leaves_nobody_to_be_blamed(self):
        """Where the namespace's first process lives a moment longer."""
        late = subprocess.Popen(["sleep", "600"])
        daemons = subprocess.Popen(["sh", "-c", "sleep 600 & wait"])
        while not reaper.children_of(daemons.pid):
            time.sleep(0.01)
        try:
            for inside in (late, daemons):
                asyncio.run(self._end_before(inside.pid))
            self.assertIsNone(reaper.look_up(late.pid))
            self.assertIsNotNone(reaper.look_up(daemons.pid))
        finally:
            for pid in reaper.children_of(daemons.pid):
                os.kill(pid, signal.SIGKILL)
            for one in (late, daemons):
                one.kill()
                one.wait()

    def test_a_barrier_that_fails_is_told_from_a_node_that_does(self):
        for said, ours in (("confine: cannot be run", True),
                           ("bwrap: no namespace", True),
                           ("ready\nconfine: cannot be run", False),
                           ("rpc.c: confine: no", False)):
            found = asyncio.run(self._said(said))
            self.assertEqual(bool(found), ours, said)

    async def _said(self, text):
        ended = asyncio.Event()
        one = process.Process(
            "sh", ["/bin/sh", "-c", f"echo '{text}' >&2; exit 125"],
            self.folder, {"PATH": "/usr/bin:/bin"}, reaper.limit_child(False),
            lambda _: ended.set(), process.Log())
        await asyncio.wait_for(ended.wait(), LIMIT_S)
        return process.barrier_failed(one)

    async def _end_before(self, inside):
        """The end of a monitor, as if that were its child."""

        class Info(process.Info):
            def read(self):
                super().read()
                return inside

        ended, info = asyncio.Event(), Info()
        process.Process(
            "true", ["/bin/true"], self.folder, {"PATH": "/usr/bin:/bin"},
            reaper.limit_child(False), lambda _: ended.set(), process.Log(),
            info=info)
        await asyncio.wait_for(ended.wait(), LIMIT_S)

    def test_what_is_not_there_is_named(self):
        with self.assertRaisesRegex(sandbox_probe.Unavailable,
                                    "limits: grader/confine does not run"):
            sandbox_probe.choose("limits", pathlib.Path("/no/confine"), ROOT)

    def test_none_is_no_barrier(self):
        self.assertIs(sandbox_probe.choose("none", self.confine, ROOT),
                      sandbox.OPEN)
        self.assertEqual(sandbox.OPEN.wrap(["a", "b"], NODE), ["a", "b"])

    def test_without_a_fence_the_reference_must_be_closed(self):
        if os.geteuid() != 0:
            self.skipTest("only root can be another user")
        kernel = sandbox_probe.Kernel(0, self.kernel.filters)
        (level,) = sandbox_probe._candidates("user", self.confine, kernel)
        kit = self.folder / "kit"
        (kit / "solution" / "1-rpc").mkdir(parents=True)
        (kit / "Makefile").write_text("all:\n")
        (kit / "solution" / "1-rpc" / "rpc.c").write_text("int x;\n")
        self.assertIn("chmod go-rwx", sandbox_probe._try(level, kit, kernel))
        os.chmod(kit / "solution", 0o700)
        self.assertEqual(sandbox_probe._try(level, kit, kernel), "")

    def test_every_grade_has_a_user_of_its_own(self):
        if os.geteuid() != 0:
            self.skipTest("only root can be another user")
        users = {sandbox_probe.claim_user() for _ in range(5)}
        self.assertEqual(len(users), 5)


class Files(unittest.TestCase):
    """Where a node can put links, nothing follows them."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="cv-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.secret = self.folder / "secret"
        self.secret.write_text("secret")
        (self.folder / "link").symlink_to(self.secret)

    def test_a_link_is_not_read(self):
        with self.assertRaises(OSError):
            safe_file.read(self.folder / "link")

    def test_a_pipe_is_not_waited_for(self):
        os.mkfifo(self.folder / "pipe")
        with self.assertRaisesRegex(OSError, "no regular file"):
            safe_file.read(self.folder / "pipe")

    def test_a_link_is_replaced_not_written_through(self):
        safe_file.write(self.folder / "link", b"new")
        self.assertEqual(self.secret.read_text(), "secret")
        self.assertEqual(safe_file.read(self.folder / "link"), b"new")


class Ports(unittest.TestCase):
    """Who connects to a node past the proxy is seen."""

    def test_a_stranger_is_told_from_the_proxy(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            other = subprocess.Popen(["sleep", "600"], stdin=server)
            self.addCleanup(other.wait)
            self.addCleanup(other.kill)
            mine = sandbox_ports.Ports({port: 1})
            theirs = sandbox_ports.Ports({port: 1})
            with socket.create_connection(("127.0.0.1", port)):
                seen = [(mine.stranger(os.getpid()),
                         theirs.stranger(other.pid)) for _ in range(2)]
        self.assertEqual(seen, [(0, 0), (0, port)])

    def test_other_ports_are_nobodys_business(self):
        with socket.create_server(("127.0.0.1", 0)) as server, \
                socket.create_connection(server.getsockname()):
            table = pathlib.Path("/proc/net/tcp").read_text()
            port = server.getsockname()[1]
            found = sandbox_ports.dialled(table, {port})
            self.assertEqual(list(found.values()), [port])
            # To the next port others may be connected, but not this one.
            self.assertTrue(found.keys().isdisjoint(
                sandbox_ports.dialled(table, {port + 1})))


if __name__ == "__main__":
    unittest.main()
