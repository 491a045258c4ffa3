"""A simulated world for tests: builds the simulator and drives it by lines
(grader/sim/drive.h)."""

import os
import pathlib
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD") or "build")
SOLUTION = ["STAGE_RPC=solution/1-rpc", "STAGE_ELECTION=solution/2-election"]


def make(*words, flavour="release", compiler="", build=BUILD):
    """Builds targets of a flavour."""
    env = {name: value for name, value in os.environ.items()
           if name not in ("MAKEFLAGS", "MAKELEVEL")}
    command = ["make", "-s", "--no-print-directory", f"BUILD={build}",
               f"FLAVOUR={flavour}", *words]
    if compiler:
        command.append(f"CC={compiler}")
    subprocess.run(command, cwd=ROOT, env=env, check=True, timeout=1200,
                   stdout=subprocess.DEVNULL)
    return ROOT / build / flavour


def reference(flavour="release", compiler="", build=BUILD):
    """The reference as a shared object, with the simulator of its flavour."""
    folder = make("sim", "node-election.so", f"OUT={build}/{flavour}/sim-ref",
                  *SOLUTION, flavour=flavour, compiler=compiler, build=build)
    return folder / "sim", folder / "sim-ref" / "node-election.so"


def frame(call_id, payload=b""):
    """A PING of docs/protocol.md, or an echo request with a payload."""
    kind, method = (1, 32) if payload else (4, 0)
    body = (bytes([0xC5, kind]) + method.to_bytes(2, "little")
            + call_id.to_bytes(8, "little") + payload)
    return len(body).to_bytes(4, "little") + body


class World:
    """A simulator driven by lines."""

    def __init__(self, sim, code, nodes=3, seed=1, flags=()):
        self.process = subprocess.Popen(
            [str(sim), *flags, "drive", str(code)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.lines = []           # of the record, as lists of words
        self.now_us = 0
        self.clients = {}
        text = "cluster 1\n" + "".join(
            f"node {i} listen=s:{1000 + i} client=s:{2000 + i}\n"
            for i in range(1, nodes + 1))
        self("cluster", seed, text.encode().hex())

    def __call__(self, *words):
        """Gives a command; the words of its answer."""
        line = " ".join(str(word) for word in words)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        for answer in self.process.stdout:
            first, _, rest = answer.rstrip("\n").partition(" ")
            if first == "ok":
                return rest.split(" ")
            if first == "error":
                raise ValueError(rest)
            self.lines.append([first] + rest.split(" "))
        raise EOFError(f"the simulator ended at '{line}'")

    def run(self, ms):
        """Lets so many milliseconds of virtual time pass."""
        until = self.now_us + round(ms * 1000)
        while self.now_us < until:
            self.now_us = int(self("run", until)[0])

    def of(self, kind):
        return [line for line in self.lines if line[0] == kind]

    def ask(self, node, *words, ms=2000):
        """A command to a node: its reply as text, without the RESP."""
        heard = self.hear(node, "resp", " ".join(map(str, words)) + "\r\n", ms)
        return heard if heard is None else plain(heard)

    def ask_text(self, node, text):
        """Lines to a node's plain text port: what it says first."""
        return bytes.fromhex(self.hear(node, "text", text, 2000)).decode()

    def hear(self, node, port, text, ms):
        """What a node first says to a text, in hexadecimal, or "closed"."""
        client = self("connect", node, port)[0]
        self("send", client, text.encode().hex())
        until = self.now_us + ms * 1000
        while self.now_us < until:
            self.now_us = int(self("run", until)[0])
            for line in self.of("C"):
                if line[2] == client:
                    self("hangup", client)
                    return line[3]
        return None

    def ended(self):
        """How the latest node ended, in words."""
        return " ".join(self.of("X")[-1][2:])

    def close(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stdout.close()
        return self.process.wait(timeout=60)


def plain(data):
    """What a RESP reply says."""
    if data == "closed":
        return data
    text = bytes.fromhex(data).decode(errors="replace")
    lines = text.split("\r\n")
    if text[0] == "$":
        return lines[1] if lines[0] != "$-1" else None
    if text[0] == "*":
        return [line[1:] for line in lines[1:] if line]
    return lines[0][1:]


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = make("sim", "rogue")
        cls.sim = folder / "sim"
        cls.rogue = folder / "rogue.so"

    def world(self, nodes=1, seed=1):
        world = World(self.sim, self.rogue, nodes, seed)
        self.addCleanup(world.process.wait)
        self.addCleanup(world.process.kill)
        self.addCleanup(world.process.stdout.close)
        for node in range(1, nodes + 1):
            world("start", node)
        return world
