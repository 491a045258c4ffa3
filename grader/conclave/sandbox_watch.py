"""What real nodes use, looked at while they run: memory and disk have no limit
of the system's that fits, since a node reserves far more than it ever uses.
"""

from __future__ import annotations

import asyncio
import os
from typing import (TYPE_CHECKING, Callable, Dict, Mapping, Optional,
                    Tuple)

from . import reaper
from .failure import Failure
from .sandbox import MB
from .sandbox_ports import Ports

if TYPE_CHECKING:
    from .node import Node

MEMORY_BYTES = 512 * MB   # of one node
DISK_BYTES = 1024 * MB    # in its folder
DISK_FILES = 10_000       # in it
_WITH_SANITIZER = 8       # a sanitizer takes so many times the memory
_LOOK_S = 0.05
_LOOKS_A_DISK = 10        # looks at memory for one at the disk


class Watch:
    """Looks at the nodes of a test, and stops those that take too much."""

    def __init__(self, nodes: "Dict[int, Node]", sanitized: bool):
        self._nodes = nodes
        wrapped = sanitized or bool(os.environ.get("NODE_WRAPPER"))
        self._memory = MEMORY_BYTES * (_WITH_SANITIZER if wrapped else 1)
        self._guard: Callable[[], None] = lambda: None
        self._task: "Optional[asyncio.Task[None]]" = None

    def start(self) -> None:
        self._task = asyncio.ensure_future(self._run())

    def guard(self, listens: Mapping[int, int], proxy_pid: Callable[[], int],
              on_fault: Callable[[Failure], None]) -> None:
        """Looks, too, whether anybody but the proxy is connected to a port
        where a node listens for peers (port -> node)."""
        watched = Ports(listens)

        def look() -> None:
            port = watched.stranger(proxy_pid())
            if port:
                on_fault(Failure(
                    "nodes reach each other through the network of the test "
                    "alone", f"somebody past the proxy is connected to node "
                    f"{listens[port]} (port {port}): stopped by the sandbox",
                    rule="docs/protocol.md, streams", node=listens[port]))

        self._guard = look

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        looks = 0
        while True:
            await asyncio.sleep(_LOOK_S)
            looks += 1
            if looks % _LOOKS_A_DISK == 0:
                self._guard()
            for node in list(self._nodes.values()):
                if node.alive:
                    self._look(node, looks % _LOOKS_A_DISK == 0)

    def _look(self, node: "Node", at_disk: bool) -> None:
        used = reaper.resident_bytes(node.process.inner_pid())
        if used > self._memory:
            node.process.stop_over("asked for more than "
                                   f"{self._memory // MB} MB of memory")
        if not at_disk:
            return
        files, used = node.disk_use()
        if files > DISK_FILES:
            node.process.stop_over(f"made more than {DISK_FILES} files")
        elif used > DISK_BYTES:
            node.process.stop_over("filled more than "
                                   f"{DISK_BYTES // MB} MB of its disk")


def use_of(folder: "os.PathLike[str]") -> Tuple[int, int]:
    """Files in a folder and below, and the bytes that they take."""
    files = used = 0
    for path, names, more in os.walk(folder):
        for name in names + more:
            files += 1
            if files > DISK_FILES:
                return files, used
            try:
                used += os.lstat(os.path.join(path, name)).st_blocks * 512
            except OSError:
                pass
    return files, used
