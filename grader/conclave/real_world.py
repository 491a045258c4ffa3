"""The real world of one test: a process a node, TCP through the proxy."""

from __future__ import annotations

import asyncio
import os
import pathlib
import shutil
import stat
import tempfile
from typing import Any, Callable, Dict, List, Optional

from . import acts, ports, reaper
from .client import await_busy
from .failure import Failure, GraderError
from .layout import PORTS_A_NODE, Layout
from .node import Node
from .peer import RealPeer
from .proxy import Proxy
from .record import Act, Record, Violation
from .sandbox import OPEN, Sandbox
from .sandbox_watch import Watch
from .spec import Test

_MAX_SOCKET_PATH = 90    # a Unix socket's path may be 107 bytes long


class RealWorld:
    """Its folder, its ports, its proxy and its nodes."""

    name = "real"

    def __init__(self, spec: Test, proxy: pathlib.Path, binary: pathlib.Path,
                 seed: int, sanitized: bool,
                 on_violation: Callable[[Violation], None],
                 on_fault: Callable[[Any], None],
                 sandbox: Sandbox = OPEN):
        self.nodes: Dict[int, Node] = {}
        self._watch = Watch(self.nodes, sanitized)
        self._is_guarded = bool(sandbox)
        self._program = proxy
        self._seed = seed
        self._on_fault = on_fault
        self._folder = _make_folder()
        try:
            self._block = ports.claim(PORTS_A_NODE * len(spec.ids))
        except OSError:
            _remove_folder(self._folder)
            raise
        self._layout = Layout(self._folder, self._block, spec.ids, spec.config,
                              spec.logs)
        self._proxy = Proxy(self._folder, on_violation, on_fault)
        for node in spec.ids:
            if node not in spec.peers:
                self.nodes[node] = Node(
                    node, binary, self._layout.path_for(node),
                    self._layout.data(node),
                    self._layout.client[node], sanitized, on_fault,
                    text_address=self._layout.text_port[node],
                    sandbox=sandbox, connect=self._layout.connects(node),
                    bind=self._layout.binds(node))
        sandbox.show(self._folder, *(path for path in self._folder.iterdir()
                                     if path.suffix == ".conf"))

    @property
    def record(self) -> Record:
        return self._proxy.record

    @property
    def offset_s(self) -> float:
        return self._proxy.offset_s

    @property
    def config(self) -> Dict[str, int]:
        return self._layout.config

    async def open(self) -> None:
        """Starts the proxy."""
        await self._proxy.start(self._program, self._seed,
                                self._layout.cluster, self._layout.routes())
        if self._is_guarded:
            self._watch.guard(
                {ports.split(at)[1]: node
                 for node, at in self._layout.listen.items()},
                self._proxy_pid, self._on_fault)
        self._watch.start()

    def _proxy_pid(self) -> int:
        return self._proxy.process.pid if self._proxy.process else 0

    async def command(self, *words: object) -> None:
        """An order to the proxy."""
        await self._proxy.command(*words)

    async def settle(self) -> None:
        """Waits until the record holds all that the proxy has read so far."""
        await self._proxy.settle()

    def client_address(self, node: int) -> str:
        """Where clients find a node, by its configuration."""
        return self._layout.client[node]

    def text_address(self, node: int) -> str:
        """The same, for those who speak plain text."""
        return self._layout.text_port[node]

    def acts_of(self, node: int) -> List[Act]:
        """What a node's host has written down so far, all lives."""
        return acts.read(self._layout.data(node) / acts.FILE)

    async def sit(self, seat: int) -> RealPeer:
        """Takes a node's place."""
        peer = RealPeer(seat, self._layout.cluster, self._layout.listen[seat],
                        self._layout.dial, self._on_fault)
        await peer.open()
        return peer

    async def look_around(self) -> None:
        """See World."""
        await asyncio.gather(*map(await_busy, self.nodes.values()))

    async def close(self) -> Optional[Failure]:
        """Ends every process; a Failure if a node had left some running."""
        try:
            self._watch.stop()
            for node in self.nodes.values():
                await node.kill()
            await self._proxy.close()
            orphans = reaper.kill_orphans(set())
            for node in self.nodes.values():
                if node.process is not None:
                    node.process.kill_group()
        finally:
            self._block.close()
            _remove_folder(self._folder)
        if not orphans:
            return None
        first = orphans[0]
        owner = next((f"node {node.id}" for node in self.nodes.values()
                      if first.session in node.pids), "a node")
        return Failure(
            "nothing that a node started outlives it",
            f"{owner} left {len(orphans)} process{'es' * (len(orphans) > 1)} "
            f"running ('{first.name}', pid {first.pid}); the grader killed "
            f"{'them' if len(orphans) > 1 else 'it'}",
            rule="a node is one process (handout/node/host.h)",
            hint="Lab code never forks: use co_spawn.")


def _make_folder() -> pathlib.Path:
    """A fresh folder whose path is short enough for a socket."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cv-"))
    if len(str(folder)) > _MAX_SOCKET_PATH:
        folder.rmdir()
        raise GraderError(f"the folder for temporary files has too long a "
                          f"path for a socket ({folder}): set TMPDIR to a "
                          "shorter one")
    return folder


def _remove_folder(folder: pathlib.Path) -> None:
    """Removes it, even if a node took permissions away inside."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        for path, _, _ in os.walk(folder):
            os.chmod(path, stat.S_IRWXU)
        shutil.rmtree(folder, ignore_errors=True)
