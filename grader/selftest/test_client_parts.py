"""Proves that RESP is spoken, ports are claimed safely, and time is patient."""

import asyncio
import multiprocessing
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from types import SimpleNamespace

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conclave import backtrace, ports, process, reaper  # noqa: E402
from conclave.failure import Failure  # noqa: E402
from conclave.patience import Patience, within  # noqa: E402
from conclave.place import Place  # noqa: E402
from conclave.resp import (BadReply, Connection, RespError, encode_command,
                           read_reply)  # noqa: E402
from conclave.sim_node import SimLife  # noqa: E402
from conclave.story import Story  # noqa: E402
from conclave.text_client import TextClient  # noqa: E402


def reply_to(data, end=True):
    """What the client makes of these bytes."""
    async def read():
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        if end:
            reader.feed_eof()
        return await read_reply(reader)
    return asyncio.run(read())


class Resp(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(encode_command("ECHO", b"\0\xff", 42),
                         b"*3\r\n$4\r\nECHO\r\n$2\r\n\0\xff\r\n$2\r\n42\r\n")

    def test_replies(self):
        for data, value in ((b"+PONG\r\n", b"PONG"), (b":-7\r\n", -7),
                            (b"$3\r\na\r\n\r\n", b"a\r\n"), (b"$-1\r\n", None),
                            (b"*-1\r\n", None), (b"*0\r\n", []),
                            (b"*2\r\n:1\r\n*1\r\n$0\r\n\r\n", [1, [b""]])):
            self.assertEqual(reply_to(data), value)

    def test_an_error_is_a_value(self):
        reply = reply_to(b"-RPC_TIMEOUT no reply\r\n")
        self.assertIsInstance(reply, RespError)
        self.assertEqual(reply.text, "RPC_TIMEOUT no reply")

    def test_bad_bytes_and_ends(self):
        for data in (b"hello\r\n", b":x\r\n", b"$2\r\nabc\r\n",
                     b"$99999999999\r\n", b"*1\r\n" * 9 + b":1\r\n"):
            with self.assertRaises(BadReply):
                reply_to(data)
        for data in (b"", b"+PO", b"$5\r\nab"):
            with self.assertRaises(EOFError):
                reply_to(data)


class Text(unittest.TestCase):
    """What the plain text port's client makes of these bytes."""

    def read(self, data, work):
        async def run():
            reader = asyncio.StreamReader()
            reader.feed_data(data)
            reader.feed_eof()
            place = Place(1, lambda _: None)
            place.process = SimLife()
            client = TextClient(place, place.process, Connection(reader, None))
            return await work(client)
        return asyncio.run(run())

    def test_lines_and_values(self):
        async def work(client):
            line = await client.line()
            value = await client.value(5)
            return line, value, await client.line()
        self.assertEqual(self.read(b"VALUE 5\r\na\r\nb\n\r\nOK\r\n", work),
                         (b"VALUE 5", b"a\r\nb\n", b"OK"))

    def test_what_ends_otherwise_is_a_failure(self):
        for data in (b"OK\n", b"VALUE 2\r\nhid\r\n"):
            async def work(client):
                await client.line()
                await client.value(2)
            with self.assertRaises(Failure) as seen:
                self.read(data, work)
            self.assertIn("lines that end with CRLF", seen.exception.expected)


def _claim_and_tell(pipe):
    with ports.claim(12) as block:
        pipe.send(block.first)
        pipe.recv()


class Ports(unittest.TestCase):
    def test_blocks_of_many_processes_never_overlap(self):
        pipes, children = [], []
        for _ in range(12):
            ours, theirs = multiprocessing.Pipe()
            child = multiprocessing.Process(target=_claim_and_tell,
                                            args=(theirs,))
            child.start()
            pipes.append(ours)
            children.append(child)
        firsts = [pipe.recv() for pipe in pipes]
        for pipe, child in zip(pipes, children):
            pipe.send("done")
            child.join()
        self.assertEqual(len(set(firsts)), len(firsts))
        for first in firsts:
            self.assertEqual(first % ports.BLOCK_PORTS, 0)

    def test_a_taken_port_spoils_its_block(self):
        stranger = socket.socket()
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with ports.claim(3) as block:
            first = block.first
            stranger.bind((ports.HOST, first + 2))
            stranger.listen(1)
        self.assertFalse(ports.is_free(first + 2))
        claimed = [ports.claim(3) for _ in range(20)]
        self.assertNotIn(first, [block.first for block in claimed])
        for block in claimed:
            block.close()
        stranger.close()

    def test_a_closed_block_is_free_again(self):
        with ports.claim(3) as block:
            self.assertFalse(ports.is_free(block.first))
        with ports.claim(3) as other:  # somebody may have taken the first
            self.assertFalse(ports.is_free(other.first))


class Time(unittest.TestCase):
    def test_a_late_look_uses_up_little(self):
        patience = Patience(1.0, 0.01)
        time.sleep(0.3)
        self.assertFalse(patience.over())
        self.assertLessEqual(patience.used_s, 0.02)

    def test_within_gives_the_value_or_times_out(self):
        async def both():
            self.assertEqual(await within(5, asyncio.sleep(0, "done")), "done")
            with self.assertRaises(asyncio.TimeoutError):
                await within(0.2, asyncio.sleep(60))
        asyncio.run(both())


@unittest.skipUnless(sys.platform.startswith("linux"), "needs /proc")
class Orphans(unittest.TestCase):
    def test_a_daemon_is_found_and_killed(self):
        if not reaper.adopt_orphans():
            self.skipTest("this system has no child subreaper")
        script = ("import os, time\n"
                  "child = os.fork()\n"
                  "if child == 0:\n"
                  "    os.setsid()\n"
                  "    if os.fork() == 0:\n"
                  "        time.sleep(600)\n"
                  "    os._exit(0)\n"
                  "os.waitpid(child, 0)\n")
        subprocess.run([sys.executable, "-c", script], check=True)
        killed = reaper.kill_orphans(set())
        self.assertEqual(len(killed), 1)
        self.assertIsNone(reaper.look_up(killed[0].pid))
        self.assertEqual(reaper.kill_orphans(set()), [])

    def test_cpu_time_is_read(self):
        info = reaper.look_up(os.getpid())
        self.assertEqual(info.parent, os.getppid())
        self.assertGreaterEqual(info.cpu_s, 0)
        self.assertNotEqual(info.state, "Z")
        self.assertIsNone(reaper.look_up(2**22 + 1))


PROGRAM = """
#define _GNU_SOURCE
#include <execinfo.h>
void __attribute__((noinline)) handler(void)
{
    void *frames[16];
    int count = backtrace(frames, 16);
    backtrace_symbols_fd(frames, count, 2);
}
int main(void)
{
    handler();
    return 0;
}
"""


HANDLER = """
#include <execinfo.h>
void handler(int number)
{
    void *frames[16];
    backtrace_symbols_fd(frames, backtrace(frames, 16 + 0 * number), 2);
}
"""
REFUSED = """
#include <signal.h>
void handler(int number);
int main(void)
{
    signal(SIGTERM, handler);
    for (int i = 0; i < 1; i++)
        raise(SIGTERM);
    return 0;
}
"""


@unittest.skipUnless(sys.platform.startswith("linux") and shutil.which("cc")
                     and shutil.which("nm") and shutil.which("addr2line"),
                     "needs cc, nm and addr2line")
class Backtraces(unittest.TestCase):
    def test_a_frame_becomes_a_line_of_the_student(self):
        with tempfile.TemporaryDirectory(prefix="cv-test-") as folder:
            source = pathlib.Path(folder) / "1-rpc" / "rpc.c"
            program = pathlib.Path(folder) / "node"
            source.parent.mkdir()
            source.write_text(PROGRAM)
            subprocess.run(["cc", "-g", "-O0", "-rdynamic", str(source), "-o",
                            str(program)], check=True)
            said = subprocess.run([str(program)], check=True,
                                  stderr=subprocess.PIPE).stderr.decode()
            lines = ["crashed: SIGSEGV", *said.splitlines()]
            self.assertEqual(backtrace.place(lines, program),
                             "handler, 1-rpc/rpc.c:7")
            shown = backtrace.readable(lines, program)
            self.assertEqual(shown[:3], [
                "crashed: SIGSEGV", "  at handler, 1-rpc/rpc.c:7",
                "  at main, 1-rpc/rpc.c:12"])

    def test_a_refused_call_is_on_the_line_that_made_it(self):
        """Every frame holds where it returns to, that of the call as well."""
        with tempfile.TemporaryDirectory(prefix="cv-test-") as name:
            folder = pathlib.Path(name)
            sources = {folder / "uv" / "watch.c": HANDLER,
                       folder / "1-rpc" / "rpc.c": REFUSED}
            for path, text in sources.items():
                path.parent.mkdir()
                path.write_text(text)
            subprocess.run(["cc", "-g", "-O0", "-rdynamic",
                            *map(str, sources), "-o", str(folder / "node")],
                           check=True)
            said = subprocess.run([str(folder / "node")], check=True,
                                  stderr=subprocess.PIPE).stderr.decode()
            self.assertEqual(
                backtrace.place(["refused: kill() in coroutine 'x'",
                                 *said.splitlines()], folder / "node"),
                "main, 1-rpc/rpc.c:8")

    def test_a_frame_is_where_a_signal_stopped_or_behind_a_call(self):
        handler, ours = "/x/node(on_crash+0x12)[0x1]", "/x/node(vote+0x5)[0x4]"
        system = ["/lib/libc.so.6(+0x3)[0x2]", "/lib/libc.so.6(+0x9)[0x3]"]
        program = pathlib.Path("/x/node")
        self.assertEqual(backtrace._faulted([handler, system[0], ours],
                                            program), ours)
        # memcpy() was stopped, which it called
        self.assertEqual(backtrace._faulted([handler, *system, ours],
                                            program), "")

    def test_without_frames_a_log_stays_as_it_is(self):
        lines = ["ready", "crashed: SIGSEGV", "node(+0x12) [no"]
        program = pathlib.Path("/no/such/node")
        self.assertEqual(backtrace.readable(lines, program), lines)
        self.assertEqual(backtrace.place(lines, program), "")


class Ends(unittest.TestCase):
    """How a process that a filter of system calls has ended is told."""

    def text(self, *lines, status=-signal.SIGSYS):
        log = process.Log()
        for line in lines:
            log.add(process.LogLine(0, line))
        ended = SimpleNamespace(status=status, log=log, flooded=False, over="")
        return process.explain_end(ended, pathlib.Path("/no/such/node"))

    def test_the_call_is_named_if_its_host_has_said_it(self):
        for call in ("kill()", "system call 321"):
            self.assertEqual(
                self.text("ready", f"refused: {call} in coroutine 'serve'",
                          "node(+0x12) [no"),
                (False, f"was stopped by the sandbox: {call} is not for nodes, "
                        "in coroutine 'serve'"))

    def test_else_it_is_not(self):
        for lines in ((), ("ready",), ("refused: to say more in public",)):
            self.assertEqual(self.text(*lines), (False, process.OUT_OF_BOUNDS))

    def test_who_says_so_and_lives_on_has_said_nothing(self):
        self.assertEqual(
            self.text("refused: kill() in coroutine 'serve'", status=3),
            (False, "ended by itself with exit status 3; its last line: "
                    "\"refused: kill() in coroutine 'serve'\""))


class Stories(unittest.TestCase):
    def test_long_stories_lose_their_middle(self):
        story = Story()
        for step in range(100):
            story.add(step, f"step {step}")
        with story.quiet():
            story.add(100, "unheard")
        lines = story.lines()
        self.assertEqual(lines[0], "1. step 0")
        self.assertEqual(lines[-1], "100. step 99")
        self.assertIn("more steps", lines[4])
        self.assertLess(len(lines), 30)


if __name__ == "__main__":
    unittest.main()
