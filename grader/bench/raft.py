#!/usr/bin/env python3
"""What a proposal costs, beside what it cannot be cheaper than.

    grader/bench/raft.py FOLDER     the folder with node-persistence, load, sync
                                    and echo

Three nodes of the reference stand on loopback without a proxy, every proposal
synced on a majority before it is answered. Beside them, in the same rounds: the
bare sync of one process, that of three processes at once, and a bare round trip
on loopback. Their sum is the floor of a lone proposal: a round trip to the
client, one to a peer, and a sync while three processes sync.

Then the bytes and requests that a proposal costs on the wire, and how long a
node takes to start from a log of 100 MB.
"""

from __future__ import annotations

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Dict, List

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conclave import ports  # noqa: E402
from cluster_bench import Cluster, Load, started  # noqa: E402

ROUNDS = 5
VALUE_BYTES = 100
BATCH_BYTES = 200       # about what a lone proposal writes to the log
SYNC_MS = 700           # of one measurement
PROPOSALS = {1: 2000, 64: 40_000, 256: 80_000}   # by proposals in flight
LOG_BYTES = 100_000_000
LOG_VALUE_BYTES = 20_000
LIMIT_S = 300


@dataclass
class Floor:
    """What the machine can do, in one round."""

    alone_us: float   # a sync with no other
    three_us: float   # a sync while three processes sync
    trip_us: float    # a round trip on loopback

    @property
    def sum_us(self) -> float:
        return self.three_us + 2 * self.trip_us


def syncs(folder: pathlib.Path, where: pathlib.Path, count: int) -> float:
    """The median of a sync, in microseconds, while so many processes sync."""
    running = [subprocess.Popen(
        [str(folder / "sync"), str(where / f"sync.{place}"), str(BATCH_BYTES),
         str(SYNC_MS)], stdout=subprocess.PIPE, text=True)
        for place in range(count)]
    medians = []
    for process in running:
        text, _ = process.communicate(timeout=LIMIT_S)
        medians.append(float(text.split()[2]))
    return statistics.median(medians)


def trip(folder: pathlib.Path, port: int) -> float:
    """The median of a bare round trip, in microseconds."""
    with started(folder / "echo", "server", port):
        done = subprocess.run(
            [str(folder / "echo"), "client", str(port), "1", "5000"],
            capture_output=True, text=True, timeout=LIMIT_S, check=True)
    return float(done.stdout.split()[2])


def measure_floor(folder: pathlib.Path, where: pathlib.Path,
                  port: int) -> Floor:
    return Floor(syncs(folder, where, 1), syncs(folder, where, 3),
                 trip(folder, port))


def spread(values: List[float], form: str = ",.0f") -> str:
    """Median (lowest-highest)."""
    return (f"{statistics.median(values):{form}} "
            f"({min(values):{form}}-{max(values):{form}})")


def compare(folder: pathlib.Path, block: List[int]) -> None:
    """Rounds of proposals and of what the machine can do."""
    floors: List[Floor] = []
    runs: Dict[int, List[Load]] = {count: [] for count in PROPOSALS}
    per_sync: Dict[int, List[float]] = {count: [] for count in PROPOSALS}
    with tempfile.TemporaryDirectory() as name:
        where = pathlib.Path(name)
        with Cluster(folder / "node-persistence", where, block[1:]) as cluster:
            cluster.load(folder, 64, 1, 5000, VALUE_BYTES, "PROPOSE", "@")
            for _ in range(ROUNDS):
                floors.append(measure_floor(folder, where, block[0]))
                for count, total in PROPOSALS.items():
                    before = cluster.number("disk_syncs")
                    runs[count].append(cluster.load(
                        folder, count, 1, total, VALUE_BYTES, "PROPOSE", "@"))
                    made = cluster.number("disk_syncs") - before
                    per_sync[count].append(total / max(made, 1))
    print(f"three nodes, {VALUE_BYTES}-byte commands, each durable on a "
          f"majority; median of {ROUNDS} rounds (lowest-highest)")
    print(f"  bare sync, one process         "
          f"{spread([one.alone_us for one in floors])} us")
    print(f"  bare sync, three processes     "
          f"{spread([one.three_us for one in floors])} us")
    print(f"  bare round trip on loopback    "
          f"{spread([one.trip_us for one in floors])} us")
    for count, loads in runs.items():
        print(f"  {count:3} in flight: "
              f"{spread([one.rate for one in loads])} proposals a second, "
              f"median {statistics.median(o.median_us for o in loads):,.0f} us,"
              f" p99 {statistics.median(o.p99_us for o in loads):,.0f} us, "
              f"{spread(per_sync[count], ',.1f')} proposals a leader's sync")
    ratios = [load.median_us / floor.sum_us
              for load, floor in zip(runs[1], floors)]
    print(f"  one in flight / floor (three processes' sync and two round "
          f"trips): {spread(ratios, '.2f')}")


def traffic(folder: pathlib.Path, block: List[int]) -> None:
    """What a proposal costs on the wire."""
    with tempfile.TemporaryDirectory() as name:
        with Cluster(folder / "node-persistence", pathlib.Path(name),
                     block[1:]) as cluster:
            for count, total in PROPOSALS.items():
                before = {what: cluster.number(what)
                          for what in ("stream_bytes", "stream_writes")}
                cluster.load(folder, count, 1, total, VALUE_BYTES, "PROPOSE",
                             "@")
                sent, writes = (cluster.number(what) - before[what]
                                for what in ("stream_bytes", "stream_writes"))
                print(f"  {count:3} in flight: the leader sends "
                      f"{sent / total:,.0f} bytes a proposal in "
                      f"{writes / total:,.2f} frames, to two peers")


def recovery(folder: pathlib.Path, block: List[int]) -> None:
    """From start to serving, with a long log and no snapshot."""
    with tempfile.TemporaryDirectory() as name:
        where = pathlib.Path(name)
        with Cluster(folder / "node-persistence", where, block[1:], nodes=1,
                     snapshot_log_bytes=0) as cluster:
            cluster.load(folder, 16, 1, LOG_BYTES // LOG_VALUE_BYTES,
                         LOG_VALUE_BYTES, "PROPOSE", "@")
        size = sum(path.stat().st_size for path in (where / "1").iterdir())
        begun = time.monotonic()
        with Cluster(folder / "node-persistence", where, block[1:], nodes=1,
                     snapshot_log_bytes=0):
            took_s = time.monotonic() - begun
    begun = time.monotonic()
    print(f"  a log of {size / 1e6:,.0f} MB: {took_s:.2f} s from start to "
          "leading, all entries applied")


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = pathlib.Path(sys.argv[1])
    with ports.claim(8) as claimed:
        compare(folder, claimed.ports)
        traffic(folder, claimed.ports)
        recovery(folder, claimed.ports)
    return 0


if __name__ == "__main__":
    sys.exit(main())
