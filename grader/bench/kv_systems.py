"""The stores that bench-kv measures: ours, and what this machine has beside it.

    Conclave   three nodes, every write synced on a majority
    Redis      one plain server: appendfsync always, or without persistence
    Etcd       three nodes, as it comes from the system's packages

Each is a context: it runs until the end of its block, and says at which port a
load finds it and which of its processes work.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import time
from typing import Dict, Iterator, List, Tuple

from cluster_bench import Cluster
from conclave import ports

REDIS, KEEPS_NOTHING = "redis", "redis, nothing kept"
START_LIMIT_S = 30.0
NODES = 3
_PAUSE_S = 0.05


class Stopped(Exception):
    """A run that measured nothing; one sentence."""


class System:
    """A store that serves."""

    name = ""

    def __init__(self, processes: Dict[str, int]):
        self._processes = processes   # pids, by what they are

    def port(self) -> int:
        """Where a load goes: a leader may have changed since the last."""
        raise NotImplementedError

    def leader(self) -> str:
        """Which of the processes does most."""
        raise NotImplementedError

    def syncs(self) -> int:
        """How often the leader has synced; 0: it does not say."""
        return 0

    def busy_s(self) -> Dict[str, float]:
        """CPU seconds that each process has used; empty where none tells."""
        found = {}
        for what, pid in self._processes.items():
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text() \
                    .rpartition(")")[2].split()
            except OSError:
                return {}
            found[what] = (int(fields[11]) + int(fields[12])) \
                / os.sysconf("SC_CLK_TCK")
        return found


class Conclave(System):
    """Nodes of the reference on loopback, without a proxy."""

    name = "conclave"

    def __init__(self, cluster: Cluster):
        super().__init__({str(node): process.pid for node, process
                          in cluster.processes.items()})
        self.cluster = cluster

    def port(self) -> int:
        return self.cluster.clients[self.cluster.leader()]

    def leader(self) -> str:
        return str(self.cluster.leader())

    def syncs(self) -> int:
        return self.cluster.number("disk_syncs")


@contextlib.contextmanager
def conclave(binary: pathlib.Path, where: pathlib.Path, block: List[int],
             **config: int) -> Iterator[Conclave]:
    where.mkdir()
    with Cluster(binary, where, block, NODES, **config) as cluster:
        yield Conclave(cluster)


class One(System):
    """A server by itself."""

    def __init__(self, name: str, pid: int, port: int):
        super().__init__({name: pid})
        self.name = name
        self._port = port

    def port(self) -> int:
        return self._port

    def leader(self) -> str:
        return self.name


def answers(port: int) -> bool:
    try:
        socket.create_connection((ports.HOST, port), 1.0).close()
        return True
    except OSError:
        return False


def wait_for(process: subprocess.Popen, port: int) -> None:
    """Until it accepts. Stopped if it ends before, or never does."""
    give_up = time.monotonic() + START_LIMIT_S
    while not answers(port):
        if process.poll() is not None or time.monotonic() > give_up:
            raise Stopped(f"{process.args[0]} does not start: run it by hand "
                          "to see why")
        time.sleep(_PAUSE_S)


@contextlib.contextmanager
def background(words: List[str]) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def redis(where: pathlib.Path, port: int, is_durable: bool) -> Iterator[One]:
    """A server as its package configures it, but for what is named here."""
    where.mkdir()
    durable = ["--appendonly", "yes", "--appendfsync", "always"] \
        if is_durable else ["--appendonly", "no"]
    words = ["redis-server", "--port", str(port), "--bind", ports.HOST,
             "--dir", str(where), "--save", "", "--daemonize", "no", *durable]
    with background(words) as process:
        wait_for(process, port)
        yield One(REDIS if is_durable else KEEPS_NOTHING,
                  process.pid, port)


class Etcd(System):
    """Its cluster; a load goes to the leader, as with us."""

    name = "etcd"

    def __init__(self, processes: List[subprocess.Popen],
                 clients: List[int]):
        super().__init__({str(place): process.pid
                          for place, process in enumerate(processes, 1)})
        self._clients = clients

    def _leads(self) -> int:
        """The leader's place among the nodes."""
        give_up = time.monotonic() + START_LIMIT_S
        while time.monotonic() < give_up:
            for place, port in enumerate(self._clients):
                done = subprocess.run(
                    ["etcdctl", "--endpoints", ports.address(port),
                     "endpoint", "status"], capture_output=True, text=True,
                    env={**os.environ, "ETCDCTL_API": "3"})
                words = done.stdout.split(", ")
                if len(words) > 4 and words[4] == "true":
                    return place
            time.sleep(_PAUSE_S)
        raise Stopped("etcd has no leader")

    def port(self) -> int:
        return self._clients[self._leads()]

    def leader(self) -> str:
        return str(self._leads() + 1)


@contextlib.contextmanager
def etcd(where: pathlib.Path, block: List[int]) -> Iterator[Etcd]:
    where.mkdir()
    pairs: List[Tuple[int, int]] = [(block[place * 2], block[place * 2 + 1])
                                    for place in range(NODES)]
    members = ",".join(f"n{place}=http://{ports.address(peer)}"
                       for place, (peer, _) in enumerate(pairs))
    with contextlib.ExitStack() as stack:
        processes = []
        for place, (peer, client) in enumerate(pairs):
            ours, theirs = (f"http://{ports.address(port)}"
                            for port in (client, peer))
            processes.append(stack.enter_context(background(
                ["etcd", "--name", f"n{place}",
                 "--data-dir", str(where / f"n{place}"),
                 "--listen-peer-urls", theirs,
                 "--initial-advertise-peer-urls", theirs,
                 "--listen-client-urls", ours, "--advertise-client-urls", ours,
                 "--initial-cluster", members, "--log-level", "error"])))
        for process, (_, client) in zip(processes, pairs):
            wait_for(process, client)
        yield Etcd(processes, [client for _, client in pairs])


def has(*programs: str) -> bool:
    return all(shutil.which(program) for program in programs)
