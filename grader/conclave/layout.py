"""A cluster on this machine: its folder, its addresses, its configuration file.

handout/node/config.h describes the file.
"""

from __future__ import annotations

import pathlib
from typing import Dict, Mapping, Sequence, Tuple

from .ports import PortBlock, address

PORTS_A_NODE = 3  # where it listens, where peers dial it, where clients do

# The numbers of a configuration and what they are unless a test says otherwise.
DEFAULTS: Mapping[str, int] = {
    "heartbeat_ms": 50,
    "election_min_ms": 150,
    "election_max_ms": 300,
    "rpc_timeout_ms": 40,
    "store_sync_ms": 2,
    "keepalive_ms": 1000,
    "serve_max": 256,
    "serve_rate": 0,
    "once_max": 1024,
    "once_keep_ms": 60000,
    "drain_ms": 2000,
}


class Layout:
    """Where everything of one cluster is."""

    def __init__(self, folder: pathlib.Path, block: PortBlock,
                 ids: Sequence[int], config: Mapping[str, int],
                 logs: Mapping[int, Sequence[int]]):
        unknown = set(config) - set(DEFAULTS)
        if unknown:
            raise ValueError(f"config= knows no {', '.join(sorted(unknown))}")
        self.folder = folder
        self.cluster = block.first  # unlike any other cluster's of now
        self.config: Dict[str, int] = {**DEFAULTS, **config}
        self.listen: Dict[int, str] = {}
        self.dial: Dict[int, str] = {}
        self.client: Dict[int, str] = {}
        for place, node in enumerate(ids):
            first = PORTS_A_NODE * place
            self.listen[node] = address(block.ports[first])
            self.dial[node] = address(block.ports[first + 1])
            self.client[node] = address(block.ports[first + 2])
        self._logs = logs
        self.path = folder / "cluster.conf"
        self.path.write_text(self.text())

    def text(self) -> str:
        """The configuration file."""
        lines = [f"cluster {self.cluster}"]
        lines += [f"{name} {value}" for name, value in self.config.items()]
        for node in sorted(self.listen):
            line = (f"node {node} listen={self.listen[node]} "
                    f"dial={self.dial[node]} client={self.client[node]}")
            terms = self._logs.get(node)
            if terms:
                line += " log=" + ",".join(str(term) for term in terms)
            lines.append(line)
        return "\n".join(lines) + "\n"

    def data(self, node: int) -> pathlib.Path:
        """A node's own folder; it outlives restarts."""
        return self.folder / f"node-{node}"

    def routes(self) -> Dict[int, Tuple[str, str]]:
        """For the proxy: id -> (where peers dial it, where it listens)."""
        return {node: (self.dial[node], self.listen[node])
                for node in self.listen}
