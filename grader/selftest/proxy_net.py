"""For the proxy's tests: a proxy, and raw sockets in the nodes' places.

The program is build/release/proxy, or what CONCLAVE_PROXY names. Limits here
are generous: nothing depends on the speed of the machine.
"""

from __future__ import annotations

import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import unittest
from typing import Callable, Dict, List, Optional, Tuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROXY = os.environ.get("CONCLAVE_PROXY", str(ROOT / "build/release/proxy"))
LIMIT_S = 60.0      # for anything that must happen
CLUSTER = 7
REQUEST, REPLY, PING = 1, 2, 4
VOTE, APPEND, ECHO = 1, 2, 32


def preface(frm: int, to: int, incarnation: int = 1,
            cluster: int = CLUSTER) -> bytes:
    return struct.pack("<8sQIIQ", b"CNCLAVE1", cluster, frm, to, incarnation)


def frame(kind: int, method: int, call_id: int, payload: bytes = b"") -> bytes:
    return struct.pack("<IBBHQ", len(payload) + 12, 0xC5, kind, method,
                       call_id) + payload


def request(method: int, call_id: int, body: bytes) -> bytes:
    return frame(REQUEST, method, call_id, struct.pack("<IQQ", 40, 0, 0) + body)


def reply(method: int, call_id: int, body: bytes) -> bytes:
    return frame(REPLY, method, call_id, struct.pack("<i", 0) + body)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Line(List[str]):
    """One line of the record, in words."""

    @property
    def kind(self) -> str:
        return self[0]


class Lines:
    """A control connection, line by line."""

    def __init__(self, path: str):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT_S)
        self.socket.connect(path)
        self._rest = b""
        self.lines: List[Line] = []

    def send(self, text: str) -> None:
        self.socket.sendall(text.encode() + b"\n")

    def next(self) -> Line:
        while b"\n" not in self._rest:
            data = self.socket.recv(1 << 20)
            if not data:
                raise EOFError("the proxy closed the control connection")
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        self.lines.append(Line(line.decode().split(" ")))
        return self.lines[-1]

    def until(self, is_it: Callable[[Line], bool]) -> Line:
        """The first line like this, from the start of the record."""
        for line in self.lines:
            if is_it(line):
                return line
        while True:
            line = self.next()
            if is_it(line):
                return line

    def of(self, kind: str) -> List[Line]:
        return [line for line in self.lines if line.kind == kind]


class Net:
    """A proxy between nodes 1 to count, all played by the test."""

    def __init__(self, count: int = 3, seed: int = 1, watch: bool = True):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "control")
        self.targets: Dict[int, socket.socket] = {}
        self.ports: Dict[int, int] = {}
        self.open: List[socket.socket] = []
        self.marks = 0
        for _ in range(5):  # a port may be taken between probe and bind
            if self._launch(count, seed):
                break
        else:
            raise AssertionError("the proxy does not start")
        self.control = Lines(self.path)
        self.record = Lines(self.path)
        if watch:
            self.watch()

    def _launch(self, count: int, seed: int) -> bool:
        words = [PROXY, "--control", self.path, "--seed", str(seed),
                 "--cluster", str(CLUSTER)]
        for node in range(1, count + 1):
            if node not in self.targets:
                target = socket.create_server(("127.0.0.1", 0))
                target.settimeout(LIMIT_S)
                self.targets[node] = target
            self.ports[node] = free_port()
            port = self.targets[node].getsockname()[1]
            words += ["--node", f"{node}=127.0.0.1:{self.ports[node]},"
                                f"127.0.0.1:{port}"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        if self.process.stdout.readline() == b"ready\n":
            return True
        self.process.wait()
        self.process.stdout.close()
        return False

    def watch(self) -> None:
        self.record.send("watch")
        self.record.until(lambda line: line == ["ok"])

    def command(self, text: str) -> str:
        """Gives a command; "ok" or the sentence."""
        self.control.send(text)
        return " ".join(self.control.next())

    def do(self, text: str) -> None:
        answer = self.command(text)
        assert answer == "ok", f"{text}: {answer}"

    def settle(self) -> None:
        """Reads the record up to now."""
        self.marks += 1
        self.do(f"mark settle-{self.marks}")
        self.record.until(lambda line: line.kind == "M" and
                          line[2] == f"settle-{self.marks}")

    def connect(self, to: int) -> socket.socket:
        """A connection to where node `to` is dialled."""
        dialler = socket.create_connection(("127.0.0.1", self.ports[to]))
        dialler.settimeout(LIMIT_S)
        dialler.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open.append(dialler)
        return dialler

    def dial(self, frm: int, to: int, incarnation: int = 1
             ) -> Tuple[socket.socket, socket.socket]:
        """A stream: its end at `frm` and its end at `to`, preface read."""
        dialler = self.connect(to)
        dialler.sendall(preface(frm, to, incarnation))
        dialled, _ = self.targets[to].accept()
        dialled.settimeout(LIMIT_S)
        self.open.append(dialled)
        assert read(dialled, 32) == preface(frm, to, incarnation)
        return dialler, dialled

    def close(self) -> Optional[int]:
        """Ends everything; the proxy's exit status."""
        for one in self.open + list(self.targets.values()):
            one.close()
        self.record.socket.close()
        self.control.socket.close()
        try:
            status = self.process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = None
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.folder.cleanup()
        return status


def read(end: socket.socket, count: int) -> bytes:
    """Exactly so many bytes."""
    data = b""
    while len(data) < count:
        more = end.recv(min(count - len(data), 1 << 20))
        if not more:
            raise EOFError(f"{len(data)} of {count} bytes came")
        data += more
    return data


def read_frame(end: socket.socket) -> bytes:
    head = read(end, 16)
    return head + read(end, struct.unpack_from("<I", head)[0] - 12)


def call_id(data: bytes) -> int:
    return int(struct.unpack_from("<Q", data, 8)[0])


def is_reset(end: socket.socket) -> bool:
    """Waits for the end of a connection: whether it was a reset."""
    try:
        while end.recv(1 << 16):
            pass
        return False
    except ConnectionResetError:
        return True


class ProxyCase(unittest.TestCase):
    def net(self, *args: int, **kwargs: int) -> Net:
        net = Net(*args, **kwargs)
        self.addCleanup(self._close, net)
        return net

    def _close(self, net: Net) -> None:
        self.assertEqual(net.close(), 0, "the proxy did not end well")

    def silent(self, end: socket.socket, wait_s: float = 0.2) -> None:
        """Nothing is there to read, now and for a moment."""
        end.settimeout(wait_s)
        with self.assertRaises(TimeoutError):
            self.fail(f"read {end.recv(100)!r}")
        end.settimeout(LIMIT_S)
