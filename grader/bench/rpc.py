#!/usr/bin/env python3
"""What a call costs, beside what it cannot be cheaper than.

    grader/bench/rpc.py FOLDER      the folder with echo, node-bench and switch

Two nodes with the reference RPC stand on loopback without a proxy; beside them
a bare libuv echo, whose messages are as large as the frames and are written one
by one. The two are measured in turn, round by round, so that a machine that
slows down slows both; the ratio of each round is taken, and the median told.
"""

from __future__ import annotations

import contextlib
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Iterator, List, Tuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conclave import ports  # noqa: E402

ROUNDS = 7
CALLS = {1: 20_000, 64: 200_000}   # by calls in flight
LIMIT_S = 120                      # for one run: something hangs


@dataclass
class Run:
    """One run of either side."""

    rate: float       # calls a second
    median_us: float  # of a round trip
    p99_us: float

    @classmethod
    def parse(cls, line: str) -> "Run":
        calls, total_us, median_us, p99_us = map(float, line.split()[:4])
        return cls(calls / total_us * 1e6, median_us, p99_us)


@contextlib.contextmanager
def started(*command: object) -> Iterator[None]:
    """A process that has said that it is ready, until the end of the block."""
    process = subprocess.Popen([str(word) for word in command],
                               stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise SystemExit(f"{command[0]} did not start: run it by hand "
                             "to see why")
        yield
    finally:
        process.kill()
        process.wait()


def echo_run(folder: pathlib.Path, port: int, in_flight: int) -> Run:
    """One run of the bare echo, with a server of its own."""
    with started(folder / "echo", "server", port):
        done = subprocess.run(
            [str(folder / "echo"), "client", str(port), str(in_flight),
             str(CALLS[in_flight])], capture_output=True, text=True,
            timeout=LIMIT_S, check=True)
    return Run.parse(done.stdout)


def rpc_run(address: Tuple[str, int], in_flight: int) -> Run:
    """One run of node 1 calling node 2."""
    with socket.create_connection(address, timeout=LIMIT_S) as sock:
        sock.sendall(b"BENCH 2 %d %d\r\n" % (in_flight, CALLS[in_flight]))
        with sock.makefile("rb") as replies:
            head = replies.readline()
            if not head.startswith(b"$"):
                raise SystemExit(f"the benchmark was refused: {head!r}")
            line = replies.readline().decode()
    if line.split()[4] != "0":
        raise SystemExit(f"calls failed: {line.strip()}")
    return Run.parse(line)


@contextlib.contextmanager
def two_nodes(folder: pathlib.Path, block: List[int]) -> Iterator[
        Tuple[str, int]]:
    """A cluster of two; gives where clients reach node 1."""
    with tempfile.TemporaryDirectory() as name:
        where = pathlib.Path(name)
        lines = ["cluster 1"]
        for node in (1, 2):
            listen, client = block[node * 2], block[node * 2 + 1]
            lines.append(f"node {node} listen={ports.address(listen)} "
                         f"dial={ports.address(listen)} "
                         f"client={ports.address(client)}")
        (where / "cluster.conf").write_text("\n".join(lines) + "\n")
        with contextlib.ExitStack() as stack:
            for node in (1, 2):
                stack.enter_context(started(
                    folder / "node-bench", "--config", where / "cluster.conf",
                    "--id", node, "--data", where / str(node)))
            yield ports.HOST, block[3]


def compare(folder: pathlib.Path, block: List[int]) -> None:
    """Rounds of both, and what came of them."""
    with two_nodes(folder, block) as address:
        for in_flight in CALLS:
            rpc_run(address, in_flight)   # warm-up: streams up, memory there
            pairs = [(echo_run(folder, block[0], in_flight),
                      rpc_run(address, in_flight)) for _ in range(ROUNDS)]
            print(f"{in_flight} in flight, median of {ROUNDS} rounds "
                  f"(min-max), 100 bytes a message")
            for name, runs in (("bare echo", [echo for echo, _ in pairs]),
                               ("reference RPC", [rpc for _, rpc in pairs])):
                rates = [run.rate for run in runs]
                print(f"  {name:14}{statistics.median(rates):10,.0f} a second"
                      f" ({min(rates):,.0f}-{max(rates):,.0f})"
                      f"   median {statistics.median(r.median_us for r in runs):7.1f} us"
                      f"   p99 {statistics.median(r.p99_us for r in runs):7.1f} us")
            ratios = [rpc.rate / echo.rate for echo, rpc in pairs]
            print(f"  RPC / echo    {statistics.median(ratios):10.2f}"
                  f"          ({min(ratios):.2f}-{max(ratios):.2f})\n")


def switches(folder: pathlib.Path) -> None:
    """The cost of a coroutine switch."""
    rounds = [[float(word) for word in subprocess.run(
        [str(folder / "switch")], capture_output=True, text=True,
        timeout=LIMIT_S, check=True).stdout.split()] for _ in range(ROUNDS)]
    switch, call, turn = (statistics.median(column)
                          for column in zip(*rounds))
    print(f"coroutine switch {switch:.1f} ns, bare function call {call:.1f} ns "
          f"(ratio {switch / call:.1f}), a whole await_yield {turn:.1f} ns")


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = pathlib.Path(sys.argv[1])
    with ports.claim(8) as claimed:
        compare(folder, claimed.ports)
    switches(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
