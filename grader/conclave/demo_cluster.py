"""The demo's cluster: real nodes behind the proxy, in a folder that can stay.

    build/demo/demo.json      how many nodes, the cluster's number, their lives
    build/demo/cluster.conf   what the nodes are told
    build/demo/node-1/ ...    what each has on its disk

Peers reach each other through the proxy, whose links can be cut and slowed;
clients reach each node directly, at a port that stays the same.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pathlib
import shutil
import tempfile
from typing import Callable, Dict, List, Sequence, Set, Tuple

from . import ports
from .failure import Failure
from .layout import PORTS_A_NODE, Layout
from .node import Node
from .proxy import Proxy, set_words

STATE_FILE = "demo.json"
SOCKET_FILE = "proxy"     # of the proxy
CLIENT_PORT = 7001        # of node 1; the next node's is the next
TEXT_PORTS = 100          # so much higher are those for plain text
MOST_NODES = 9
_MAX_SOCKET_PATH = 90     # its folder's; a socket's may be 107 bytes long
_SEED = 1                 # of the network's chance: the demo's faults have none

# Slower than in tests: an election can be watched, a machine that is busy with
# a load of its own does not cause one, and an answer from a node that is slow
# by 200 ms comes in time.
CONFIG = {"heartbeat_ms": 480, "election_min_ms": 1000,
          "election_max_ms": 2000, "rpc_timeout_ms": 450}

Link = Tuple[int, int]    # from, to


class BadFolder(Exception):
    """One sentence on why the data's folder cannot be used."""


class Faults:
    """What the network has been told to do, as the view shows it."""

    def __init__(self, ids: Sequence[int]):
        self.ids = list(ids)
        self.cut: Set[Link] = set()
        self.delay_ms: Dict[Link, int] = {}

    def links(self) -> List[Link]:
        return [(one, other) for one in self.ids for other in self.ids
                if one != other]

    def partition(self, sets: Sequence[Sequence[int]]) -> None:
        """Whoever is in no set is alone."""
        side = {node: number for number, one in enumerate(sets)
                for node in one}
        self.cut = {(one, other) for one, other in self.links()
                    if side.get(one, -one) != side.get(other, -other)}

    def heal(self) -> None:
        self.cut.clear()
        self.delay_ms.clear()


class Folder:
    """The data's folder, which one demo uses at a time."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        self.nodes = 0                # how many; 0: there is nothing yet
        self.cluster = 0              # its number
        self.lives: Dict[int, int] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = open(path.parent / f".{path.name}.lock", "w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise BadFolder(f"a demo is running on {path} already: leave that "
                            "one first, or give this one a folder of its own "
                            "(DATA=DIR)") from None

    def empty(self, nodes: int, cluster: int) -> None:
        """Begins anew. BadFolder if it holds what is not a demo's."""
        if self.path.is_dir() and any(self.path.iterdir()) and \
                not (self.path / STATE_FILE).is_file():
            raise BadFolder(f"{self.path} holds files that are no demo's: name "
                            "another folder")
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        self.nodes, self.cluster, self.lives = nodes, cluster, {}
        self.save()

    def load(self) -> None:
        """What an earlier demo has left. BadFolder if that cannot be read."""
        try:
            told = json.loads((self.path / STATE_FILE).read_text())
            self.nodes = int(told["nodes"])
            self.cluster = int(told["cluster"])
            self.lives = {int(node): int(lives)
                          for node, lives in told["lives"].items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise BadFolder(f"{self.path / STATE_FILE} cannot be read: start "
                            "without KEEP=1, which begins anew") from None
        if not 1 <= self.nodes <= MOST_NODES:
            raise BadFolder(f"{self.path / STATE_FILE} tells of {self.nodes} "
                            "nodes: start without KEEP=1, which begins anew")

    def save(self) -> None:
        path = self.path / STATE_FILE
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps({"nodes": self.nodes, "cluster":
                                     self.cluster, "lives": self.lives}))
        os.replace(fresh, path)

    def close(self) -> None:
        self._lock.close()


class DemoCluster:
    """Its proxy and its nodes, and what is done to them."""

    def __init__(self, folder: Folder, proxy: pathlib.Path,
                 node: pathlib.Path, first_port: int, sanitized: bool,
                 on_trouble: Callable[[str], None]):
        self.folder = folder
        self.ids = list(range(1, folder.nodes + 1))
        self.faults = Faults(self.ids)
        self.port_trouble = ""        # why clients' ports are not as asked
        self._on_trouble = on_trouble
        self._program = proxy
        self._block = ports.claim(PORTS_A_NODE * len(self.ids))
        self._layout = Layout(folder.path, self._block, self.ids, CONFIG, {})
        self._layout.cluster = folder.cluster
        self._place_clients(first_port)
        self._layout.path.write_text(self._layout.text())
        self._socket_folder = _socket_folder(folder.path)
        self.proxy = Proxy(self._socket_folder, lambda _: None, self._trouble)
        self.nodes: Dict[int, Node] = {}
        for one in self.ids:
            self.nodes[one] = Node(
                one, node.resolve(), self._layout.path.resolve(),
                self._layout.data(one).resolve(), self._layout.client[one],
                sanitized, self._trouble, acts=False)
            self.nodes[one].lives = folder.lives.get(one, 0)
            self.nodes[one].may_give_up = True  # we say with which words

    def _place_clients(self, first: int) -> None:
        """Clients find the nodes at round ports, if those are free."""
        wanted = [first + place for place in range(len(self.ids))]
        above = [port + TEXT_PORTS for port in wanted]
        taken = [port for port in wanted + above if not ports.is_free(port)]
        if taken:
            self.port_trouble = f"Port {taken[0]} is taken, so these are " \
                "others than asked for."
            return
        for node, client, text in zip(self.ids, wanted, above):
            self._layout.client[node] = ports.address(client)
            self._layout.text_port[node] = ports.address(text)

    def client_address(self, node: int) -> str:
        return self._layout.client[node]

    def text_address(self, node: int) -> str:
        """The same, for those who speak plain text."""
        return self._layout.text_port[node]

    def _trouble(self, error: Exception) -> None:
        if not isinstance(error, Failure):
            self._on_trouble(str(error))
        elif not error.at_start:       # of a start, start() tells
            self._on_trouble(error.observed)

    async def open(self) -> None:
        """Starts the proxy. Its socket may be there from a demo that died."""
        (self._socket_folder / SOCKET_FILE).unlink(missing_ok=True)
        await self.proxy.start(self._program, _SEED, self._layout.cluster,
                               self._layout.routes(), watched=False)

    async def start(self, nodes: Sequence[int]) -> Dict[int, str]:
        """Starts some; why those that did not come up have not."""
        for one in nodes:
            self.nodes[one].launch(0, 1.0)
            self.folder.lives[one] = self.nodes[one].lives
        self.folder.save()
        ends = await asyncio.gather(
            *(self.nodes[one].came_up() for one in nodes),
            return_exceptions=True)
        wrong = {}
        for one, end in zip(nodes, ends):
            if isinstance(end, Failure):
                wrong[one] = self.nodes[one].last_words or end.observed
            elif isinstance(end, BaseException):
                raise end
        return wrong

    async def kill(self, node: int) -> None:
        await self.nodes[node].kill()

    def pause(self, node: int) -> None:
        self.nodes[node].pause()

    def resume(self, node: int) -> None:
        self.nodes[node].resume()

    def state(self, node: int) -> str:
        """"up", "paused" or "down"."""
        one = self.nodes[node]
        if not one.alive:
            return "down"
        return "paused" if one.process.paused else "up"

    # The network

    async def partition(self, sets: Sequence[Sequence[int]]) -> None:
        await self.proxy.command("partition", *set_words(sets))
        self.faults.partition(sets)

    async def cut(self, links: Sequence[Link]) -> None:
        for one, other in links:
            await self.proxy.command("link", one, other, "cut=1")
            self.faults.cut.add((one, other))

    async def slow(self, links: Sequence[Link], delay_ms: int) -> None:
        for one, other in links:
            await self.proxy.command("link", one, other,
                                     f"delay_ms={delay_ms}")
            self.faults.delay_ms[(one, other)] = delay_ms
            if delay_ms == 0:
                del self.faults.delay_ms[(one, other)]

    async def heal(self) -> None:
        await self.proxy.command("heal")
        self.faults.heal()

    async def close(self) -> None:
        """Ends every process."""
        try:
            for node in self.nodes.values():
                await node.kill()
            await self.proxy.close()
        finally:
            self._block.close()
            if self._socket_folder != self.folder.path:
                shutil.rmtree(self._socket_folder, ignore_errors=True)


def _socket_folder(folder: pathlib.Path) -> pathlib.Path:
    """Where the proxy's socket is: its path must be short."""
    if len(str(folder)) <= _MAX_SOCKET_PATH:
        return folder
    return pathlib.Path(tempfile.mkdtemp(prefix="cv-demo-"))
