"""A cluster on this machine: its folder, its addresses, its configuration file.

handout/node/config.h describes the file.
"""

from __future__ import annotations

import pathlib
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from .ports import PortBlock, address, split

# Where a node listens, where peers dial it, where clients do, and those that
# speak plain text.
PORTS_A_NODE = 4

# The numbers of a configuration and what they are unless a test says otherwise.
DEFAULTS: Mapping[str, int] = {
    "heartbeat_ms": 50,
    "election_min_ms": 150,
    "election_max_ms": 300,
    "rpc_timeout_ms": 40,
    "clock_drift_percent": 10,
    "store_sync_ms": 2,
    "apply_ms": 0,
    "append_max_bytes": 262144,
    "append_window": 8,
    "proposals_max": 8192,
    "segment_bytes": 1048576,
    "snapshot_log_bytes": 16777216,
    "snapshot_chunk_bytes": 65536,
    "keepalive_ms": 1000,
    "serve_max": 256,
    "serve_rate": 0,
    "once_max": 1024,
    "once_keep_ms": 60000,
    "sessions_max": 10000,
    "drain_ms": 2000,
}


def numbers(config: Mapping[str, int]) -> Dict[str, int]:
    """All numbers of a configuration, those of a test over the defaults."""
    unknown = set(config) - set(DEFAULTS)
    if unknown:
        raise ValueError(f"config= knows no {', '.join(sorted(unknown))}")
    return {**DEFAULTS, **config}


def configuration(cluster: int, config: Mapping[str, int],
                  places: Mapping[int, str],
                  logs: Mapping[int, Sequence[int]]) -> str:
    """The configuration's text; places are node -> its addresses in words."""
    lines = [f"cluster {cluster}"]
    lines += [f"{name} {value}" for name, value in config.items()]
    for node in sorted(places):
        line = f"node {node} {places[node]}"
        if logs.get(node):
            line += " log=" + ",".join(str(term) for term in logs[node])
        lines.append(line)
    return "\n".join(lines) + "\n"


class Layout:
    """Where everything of one cluster is."""

    def __init__(self, folder: pathlib.Path, block: PortBlock,
                 ids: Sequence[int], config: Mapping[str, int],
                 logs: Mapping[int, Sequence[int]]):
        self.folder = folder
        self.cluster = block.first  # unlike any other cluster's of now
        self.config = numbers(config)
        self.listen: Dict[int, str] = {}
        self.dial: Dict[int, str] = {}
        self.client: Dict[int, str] = {}
        self.text_port: Dict[int, str] = {}
        for place, node in enumerate(ids):
            first = PORTS_A_NODE * place
            self.listen[node] = address(block.ports[first])
            self.dial[node] = address(block.ports[first + 1])
            self.client[node] = address(block.ports[first + 2])
            self.text_port[node] = address(block.ports[first + 3])
        self._logs = logs
        self.path = folder / "cluster.conf"
        self.path.write_text(self.text())

    def text(self, reader: Optional[int] = None) -> str:
        """The configuration file. Its reader is not told where others listen:
        its way to them is the proxy."""
        listen = {node: at if reader in (None, node) else self.dial[node]
                  for node, at in self.listen.items()}
        return configuration(self.cluster, self.config, {
            node: f"listen={listen[node]} dial={self.dial[node]} "
                  f"client={self.client[node]} text={self.text_port[node]}"
            for node in self.listen},
            self._logs)

    def path_for(self, reader: int) -> pathlib.Path:
        """The file for one node."""
        path = self.folder / f"node-{reader}.conf"
        path.write_text(self.text(reader))
        return path

    def connects(self, node: int) -> List[int]:
        """The ports that a node connects to."""
        return [split(at)[1] for other, at in self.dial.items()
                if other != node]

    def binds(self, node: int) -> List[int]:
        """The ports at which it listens."""
        return [split(at[node])[1]
                for at in (self.listen, self.client, self.text_port)]

    def data(self, node: int) -> pathlib.Path:
        """A node's own folder; it outlives restarts."""
        return self.folder / f"node-{node}"

    def routes(self) -> Dict[int, Tuple[str, str]]:
        """For the proxy: id -> (where peers dial it, where it listens)."""
        return {node: (self.dial[node], self.listen[node])
                for node in self.listen}
