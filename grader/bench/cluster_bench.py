"""A cluster of bare node processes on loopback, and a load on its leader.

For benchmarks alone: no proxy between the nodes, no record, nobody who judges.
"""

from __future__ import annotations

import contextlib
import pathlib
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Dict, Iterator, List

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conclave import ports  # noqa: E402

LIMIT_S = 300   # for one run: something hangs


@dataclass
class Load:
    """One run of load.c."""

    rate: float       # requests a second
    median_us: float  # of a request's time
    p99_us: float
    errors: int       # requests answered by an error


@contextlib.contextmanager
def started(*command: object) -> Iterator[subprocess.Popen]:
    """A process that has said that it is ready, until the end of the block."""
    process = subprocess.Popen([str(word) for word in command],
                               stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise SystemExit(f"{command[0]} did not start: run it by hand "
                             "to see why")
        yield process
    finally:
        process.kill()
        process.wait()


def ask(port: int, word: str) -> List[str]:
    """A command without arguments; the lines of its reply."""
    with socket.create_connection((ports.HOST, port), LIMIT_S) as sock:
        sock.sendall(f"{word}\r\nQUIT\r\n".encode())
        with sock.makefile("rb") as replies:
            return replies.read().decode().split("\r\n")


def info(port: int) -> Dict[str, str]:
    """What INFO tells, by name."""
    return dict(line.split(":", 1) for line in ask(port, "INFO")
                if ":" in line)


class Cluster:
    """Nodes that have found a leader, until the end of the block."""

    def __init__(self, binary: pathlib.Path, where: pathlib.Path,
                 block: List[int], nodes: int = 3, **config: int):
        self.binary = binary
        self.where = where
        self.processes: Dict[int, subprocess.Popen] = {}
        self.clients = {node: block[node * 2 - 1]
                        for node in range(1, nodes + 1)}
        lines = ["cluster 1"] + [f"{name} {value}"
                                 for name, value in config.items()]
        for node, client in self.clients.items():
            listen = ports.address(block[node * 2 - 2])
            lines.append(f"node {node} listen={listen} dial={listen} "
                         f"client={ports.address(client)}")
        (where / "cluster.conf").write_text("\n".join(lines) + "\n")

    def __enter__(self) -> "Cluster":
        self._stack = contextlib.ExitStack()
        for node in self.clients:
            self.processes[node] = self._stack.enter_context(started(
                self.binary, "--config", self.where / "cluster.conf", "--id",
                node, "--data", self.where / str(node)))
        self.leader()
        return self

    def __exit__(self, *unused: object) -> None:
        self._stack.close()

    def leader(self) -> int:
        """The node that leads and has applied all that it committed."""
        give_up = time.monotonic() + LIMIT_S
        while time.monotonic() < give_up:
            for node, port in self.clients.items():
                told = info(port)
                if told["role"] == "leader" and int(told["applied"]) > 0 \
                        and told["applied"] == told["commit"]:
                    return node
            time.sleep(0.01)
        raise SystemExit("no node came to lead; run one by hand to see why")

    def number(self, name: str) -> int:
        """A number of the leader's INFO."""
        return int(info(self.clients[self.leader()])[name])

    def load(self, folder: pathlib.Path, clients: int, pipeline: int,
             requests: int, value_bytes: int, *words: str) -> Load:
        """One load on the leader. SystemExit if it was deposed meanwhile."""
        done = subprocess.run(
            [str(folder / "load"), str(self.clients[self.leader()]),
             str(clients), str(pipeline), str(requests), str(value_bytes),
             *words], capture_output=True, text=True, timeout=LIMIT_S)
        if done.returncode:
            raise SystemExit(f"the load failed: {done.stderr.strip()}")
        total, all_us, median_us, p99_us, errors = map(
            float, done.stdout.split())
        if errors:
            raise SystemExit(f"{errors:.0f} of {total:.0f} requests were "
                             f"answered by an error: {done.stderr.strip()}")
        return Load(total / all_us * 1e6, median_us, p99_us, int(errors))
