#!/usr/bin/env python3
"""How fast the store is, beside what this machine can do and what it has.

    grader/bench/kv.py FOLDER [--rounds N] [--seconds S] [--only TEXT] [--bars]
                              [--lease]

FOLDER holds node-kv, node-lease, load, sync, echo and h2. Three nodes of the
reference stand on loopback without a proxy; every write is synced on a majority
before it is answered. In the same rounds, where they are installed: one plain Redis
that syncs every write, one that keeps nothing (for GET), and etcd.

A workload is SET or GET, a number of clients, and how many commands each sends
before it reads the answers. The kit's own load generator (load.c) always runs
it, redis-benchmark where there is one. A share is our rate divided by Redis's
in the same round. Beside that: bare syncs, a bare echo, and one client's SET
divided by the floor: a round trip to the client, one to a peer, and a sync
while three processes sync.
"""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import statistics
import sys
import tempfile
from collections import defaultdict
from typing import Callable, Dict, List, Optional, Tuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import kv_loads as loads  # noqa: E402
import kv_systems as systems  # noqa: E402
from conclave import ports  # noqa: E402
from kv_loads import Workload  # noqa: E402
from kv_systems import Stopped, System  # noqa: E402
from raft import Floor, measure_floor, spread  # noqa: E402

WARM_UP_S = 0.3           # of a run that finds out how many requests to make
FEW = 200                 # requests of the very first run
MOST = 1e7                # a second: a run may be too short to be measured
FIRST, OTHERS = "first", "others"   # of a system's processes
PORTS = 20                # 6 ours, 2 of Redis, 6 of etcd, one for the echo

# Of redis-benchmark's rates: ours divided by Redis's.
BARS: Dict[Tuple[str, int, int], float] = {
    ("SET", 1, 1): 0.52, ("SET", 64, 1): 0.58, ("SET", 256, 16): 1.2,
    ("GET", 64, 1): 0.78, ("GET", 256, 16): 1.1}

# Timeouts as etcd's are: a machine that is busy with a load deposes nobody. And
# the log is written anew at the size at which Redis does that with its own.
CONFIG = {"heartbeat_ms": 100, "rpc_timeout_ms": 90, "election_min_ms": 1000,
          "election_max_ms": 2000, "snapshot_log_bytes": 64 << 20}

Key = Tuple[str, str, Workload]   # tool, system, workload


class Bench:
    """All rounds, and what they measured."""

    def __init__(self, folder: pathlib.Path, seconds: float,
                 workloads: List[Workload], running: List[System]):
        self.folder = folder
        self.seconds = seconds
        self.workloads = workloads
        self.systems = running
        self.rates: Dict[Key, List[Optional[float]]] = defaultdict(list)
        self.medians_us: Dict[Key, List[Optional[float]]] = defaultdict(list)
        self.work_us: Dict[Tuple[str, Workload, str], List[Optional[float]]] \
            = defaultdict(list)
        self.per_sync: Dict[Workload, List[float]] = defaultdict(list)
        self.floors: List[Floor] = []
        self.stopped: List[str] = []
        self._counts: Dict[Key, int] = {}

    def pairs(self, workload: Workload) -> List[Tuple[str, System]]:
        """Which tools load which systems."""
        found = []
        for system in self.systems:
            if isinstance(system, systems.Etcd):
                if workload.pipeline == 1:
                    found.append((loads.H2, system))
                continue
            if system.name == systems.KEEPS_NOTHING and workload.is_write:
                continue
            if system.name == systems.REDIS and not workload.is_write:
                continue
            found += [(tool, system) for tool in loads.tools()]
        return found

    def warm_up(self) -> None:
        """Fills the stores, and finds how many requests take a while."""
        for system in self.systems:
            if not isinstance(system, systems.Etcd):
                for tool in loads.tools():
                    fill = Workload("SET", 64, 16)
                    loads.run(self.folder, tool, system.port(), fill, 200_000)
        for workload in self.workloads:
            for tool, system in self.pairs(workload):
                count = FEW
                for _ in range(2):
                    rate = min(MOST, loads.run(self.folder, tool,
                                               system.port(), workload,
                                               count).rate)
                    count = max(FEW, int(rate * WARM_UP_S))
                self._counts[tool, system.name, workload] = \
                    max(FEW, int(rate * self.seconds))

    def round(self, where: pathlib.Path, port: int) -> None:
        self.floors.append(measure_floor(self.folder, where, port))
        for workload in self.workloads:
            for tool, system in self.pairs(workload):
                self._measure(tool, system, workload)

    def _measure(self, tool: str, system: System, workload: Workload) -> None:
        key = (tool, system.name, workload)
        count = self._counts[key]
        try:
            leader, port = system.leader(), system.port()
            syncs, before = system.syncs(), system.busy_s()
            load = loads.run(self.folder, tool, port, workload, count)
            after, syncs = system.busy_s(), system.syncs() - syncs
        except Stopped as why:
            self.stopped.append(f"{tool}, {system.name}, {workload}: {why}")
            self.rates[key].append(None)
            self.medians_us[key].append(None)
            return
        self.rates[key].append(load.rate)
        self.medians_us[key].append(load.median_us)
        if tool == loads.REDIS_BENCHMARK:
            return
        used_us = {what: (after[what] - before[what]) / count * 1e6
                   for what in after}
        if used_us:
            self.work_us[system.name, workload, FIRST].append(
                used_us.pop(leader))
            self.work_us[system.name, workload, OTHERS].append(
                sum(used_us.values()))
        if syncs:
            self.per_sync[workload].append(count / syncs)

    def shares(self, tool: str, workload: Workload,
               ours: str = "conclave") -> List[float]:
        """Ours by Redis's, round by round."""
        other = systems.REDIS if workload.is_write else systems.KEEPS_NOTHING
        by = loads.H2 if ours == "etcd" else tool
        mine = self.rates.get((by, ours, workload), [])
        theirs = self.rates.get((tool, other, workload), [])
        return [a / b for a, b in zip(mine, theirs) if a and b]


def known(values: List[Optional[float]]) -> List[float]:
    return [value for value in values if value is not None]


def cell(values: List[Optional[float]], form: str = ",.0f") -> str:
    """Median (lowest-highest)."""
    found = known(values)
    return spread(found, form) if found else "-"


def middle(values: List[Optional[float]], form: str) -> str:
    """The median alone."""
    found = known(values)
    return f"{statistics.median(found):{form}}" if found else "-"


def thousands(values: List[Optional[float]]) -> str:
    found = [value / 1000 for value in known(values)]
    most = max(found, default=0)
    return cell(found, ".2f" if most < 10 else ".1f" if most < 100 else ",.0f")


def bar_of(one: Workload) -> Optional[float]:
    return BARS.get((one.op, one.clients, one.pipeline))


def print_table(bench: Bench, tool: str) -> None:
    print(f"\n{tool}: thousands of requests a second")
    print(f"{'':22}{'conclave':>20}{'redis':>20}{'share of redis':>18}"
          f"{'bar':>6}{'etcd':>6}")
    for one in bench.workloads:
        other = systems.REDIS if one.is_write else systems.KEEPS_NOTHING
        bar = bar_of(one) if tool == loads.REDIS_BENCHMARK else None
        print(f"{str(one):22}"
              f"{thousands(bench.rates[tool, 'conclave', one]):>20}"
              f"{thousands(bench.rates[tool, other, one]):>20}"
              f"{cell(bench.shares(tool, one), '.2f'):>18}{bar or '':>6}"
              f"{middle(bench.shares(tool, one, 'etcd'), '.2f'):>6}")


def print_floor(bench: Bench) -> None:
    floors = bench.floors
    print("\nwhat this machine can do")
    for what, values in (
            ("bare sync, one process", [one.alone_us for one in floors]),
            ("bare sync, three processes", [one.three_us for one in floors]),
            ("bare round trip on loopback", [one.trip_us for one in floors])):
        print(f"  {what:30} {spread(values)} us")
    medians = bench.medians_us.get((loads.LOAD, "conclave",
                                    Workload("SET", 1, 1)), [])
    ratios = [median / floor.sum_us for median, floor
              in zip(medians, floors) if median]
    if ratios:
        print(f"  {'one client, SET':30} {cell(medians)} us, "
              f"{spread(ratios, '.2f')} times its floor (a sync of three and "
              "two round trips); bar 1.5")


def print_work(bench: Bench) -> None:
    """What hardly changes when others use the machine, too."""
    print("\nmicroseconds of CPU for a request, by load.c (etcd: h2.c)")
    print(f"{'':22}{'leader':>8}{'followers':>11}{'redis':>8}{'etcd':>8}"
          f"{'writes a sync of the leader':>30}")
    for one in bench.workloads:
        other = systems.REDIS if one.is_write else systems.KEEPS_NOTHING
        etcd = [a + b for a, b in zip(bench.work_us["etcd", one, FIRST],
                                      bench.work_us["etcd", one, OTHERS])]
        print(f"{str(one):22}"
              f"{middle(bench.work_us['conclave', one, FIRST], '.1f'):>8}"
              f"{middle(bench.work_us['conclave', one, OTHERS], '.1f'):>11}"
              f"{middle(bench.work_us[other, one, FIRST], '.1f'):>8}"
              f"{middle(etcd, ',.0f'):>8}"
              f"{middle(bench.per_sync.get(one, []), ',.1f'):>30}")


def print_all(bench: Bench, rounds: int) -> None:
    print(f"three nodes, {loads.VALUE_BYTES}-byte values, every write synced "
          f"on a majority; median of {rounds} rounds (lowest-highest)")
    for tool in loads.tools():
        print_table(bench, tool)
    print_floor(bench)
    print_work(bench)
    if bench.stopped:
        print(f"\n{len(bench.stopped)} runs measured nothing:")
        for text in bench.stopped:
            print(f"  {text}")


def start(stack: contextlib.ExitStack, node: pathlib.Path,
          where: pathlib.Path, block: List[int]) -> List[System]:
    """All systems that there are; says which are missing."""
    add: Callable = stack.enter_context
    found: List[System] = [add(systems.conclave(
        node, where / "conclave", block[:6], **CONFIG))]
    if systems.has("redis-server"):
        found.append(add(systems.redis(where / "redis", block[6], True)))
        found.append(add(systems.redis(where / "plain", block[7], False)))
    else:
        print("there is no redis-server here: no shares")
    if not systems.has("redis-benchmark"):
        print("there is no redis-benchmark here: load.c alone measures")
    if systems.has("etcd", "etcdctl"):
        found.append(add(systems.etcd(where / "etcd", block[8:14])))
    else:
        print("there is no etcd here (etcd and etcdctl): nothing beside us")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-kv")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0,
                        help="of each run")
    parser.add_argument("--only", default="", help="workloads with this text, "
                        "as 'SET  1 client' or ' by 16'")
    parser.add_argument("--bars", action="store_true",
                        help="only the workloads that have a bar")
    parser.add_argument("--lease", action="store_true",
                        help="nodes that read under a lease (node-lease)")
    options = parser.parse_args()
    chosen = [one for one in loads.WORKLOADS if options.only in str(one)
              and (bar_of(one) or not options.bars)]
    if not chosen or options.rounds < 1 or options.seconds <= 0:
        parser.error("no workload is left: they are\n  "
                     + "\n  ".join(map(str, loads.WORKLOADS)))
    # Beside the build, which is on a disk: /tmp may be in memory.
    with ports.claim(PORTS) as claimed, contextlib.ExitStack() as stack, \
            tempfile.TemporaryDirectory(dir=options.folder) as name:
        where = pathlib.Path(name)
        node = options.folder / ("node-lease" if options.lease else "node-kv")
        running = start(stack, node, where, claimed.ports)
        bench = Bench(options.folder, options.seconds, chosen, running)
        bench.warm_up()
        for number in range(1, options.rounds + 1):
            print(f"round {number} of {options.rounds}", file=sys.stderr)
            bench.round(where, claimed.ports[14])
        if options.lease:
            print("reads of ours are answered under a lease")
        print_all(bench, options.rounds)
        stack.close()         # before its folder goes
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Stopped as error:
        sys.exit(f"bench-kv: {error}")
