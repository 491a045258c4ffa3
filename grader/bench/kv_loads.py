"""The loads of bench-kv: what is asked, and by which program.

    load.c            RESP, the kit's own
    redis-benchmark   RESP, where it is installed
    h2.c              etcd's gRPC, one request at a time on each connection
"""

from __future__ import annotations

import csv
import pathlib
import subprocess
from dataclasses import dataclass
from typing import List

from cluster_bench import Load
from conclave import ports
from kv_systems import Stopped, has

LIMIT_S = 60.0            # for one run: something hangs
VALUE_BYTES = 100
KEYS = 100_000            # drawn from at random
LOAD, REDIS_BENCHMARK, H2 = "load.c", "redis-benchmark", "h2.c"


@dataclass(frozen=True)
class Workload:
    op: str               # SET or GET
    clients: int          # connections
    pipeline: int         # commands of each that are sent together

    @property
    def is_write(self) -> bool:
        return self.op == "SET"

    def __str__(self) -> str:
        clients = f"{self.clients:3} client{'s' * (self.clients != 1)}"
        return f"{self.op} {clients}" \
            + (f" by {self.pipeline}" if self.pipeline != 1 else "")


WORKLOADS = [Workload(op, clients, pipeline) for op in ("SET", "GET")
             for pipeline in (1, 16) for clients in (1, 64, 256)]


def tools() -> List[str]:
    """What speaks RESP here."""
    return [LOAD] + [REDIS_BENCHMARK] * has(REDIS_BENCHMARK)


def _done(*words: object) -> str:
    """What a program prints. Stopped if it fails."""
    try:
        done = subprocess.run([str(word) for word in words], text=True,
                              capture_output=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        raise Stopped(f"no end within {LIMIT_S:g} s") from None
    said = done.stderr.strip().split("\n")[-1]
    if done.returncode or said and not said.startswith("WARNING"):
        raise Stopped(said or f"status {done.returncode}")
    return done.stdout


def own(*words: object) -> Load:
    """A run of load.c or h2.c. Stopped if it measured nothing."""
    total, all_us, median_us, p99_us, errors = map(float,
                                                   _done(*words).split())
    if errors:
        raise Stopped(f"{errors:.0f} of {total:.0f} requests were refused")
    return Load(total / all_us * 1e6, median_us, p99_us, 0)


def _redis_benchmark(port: int, work: Workload, requests: int) -> Load:
    text = _done("redis-benchmark", "-h", ports.HOST, "-p", port, "--csv",
                 "-t", work.op.lower(), "-c", work.clients, "-P",
                 work.pipeline, "-n", requests, "-d", VALUE_BYTES, "-r", KEYS)
    try:
        rows = list(csv.DictReader(text.splitlines()))
        return Load(float(rows[0]["rps"]),
                    1000 * float(rows[0]["p50_latency_ms"]),
                    1000 * float(rows[0]["p99_latency_ms"]), 0)
    except (IndexError, KeyError, ValueError):
        raise Stopped(f"redis-benchmark says: {text.strip()[-200:]}") \
            from None


def run(folder: pathlib.Path, tool: str, port: int, work: Workload,
        requests: int) -> Load:
    """One run. Stopped if it measured nothing."""
    if tool == REDIS_BENCHMARK:
        return _redis_benchmark(port, work, requests)
    words = ["SET", "#", "@"] if work.is_write else ["GET", "#"]
    if tool == LOAD:
        return own(folder / "load", port, work.clients, work.pipeline,
                   requests, VALUE_BYTES, *words)
    return own(folder / "h2", port, work.clients, requests,
               VALUE_BYTES, work.op)
