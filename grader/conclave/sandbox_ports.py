"""Who is connected to the ports where nodes listen for their peers: the proxy,
and nobody else. Where the kernel fences ports nobody else can be; elsewhere
this finds out.
"""

from __future__ import annotations

import os
import pathlib
from typing import Collection, Dict, Mapping, Set

_TABLE = pathlib.Path("/proc/net/tcp")
_ESTABLISHED = "01"


def dialled(table: str, ports: Collection[int]) -> Dict[int, int]:
    """Sockets that are connected to some ports: inode -> port."""
    found = {}
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) < 10 or words[3] != _ESTABLISHED:
            continue
        port, inode = int(words[2].rpartition(":")[2], 16), int(words[9])
        if inode and port in ports:
            found[inode] = port
    return found


def sockets_of(pid: int) -> Set[int]:
    """The inodes of a process's sockets."""
    found = set()
    folder = f"/proc/{pid}/fd"
    try:
        for name in os.listdir(folder):
            target = os.readlink(f"{folder}/{name}")
            if target.startswith("socket:["):
                found.add(int(target[8:-1]))
    except OSError:
        pass
    return found


class Ports:
    """The ports of a test's nodes."""

    def __init__(self, nodes: Mapping[int, int]):
        self._nodes = nodes              # port -> the node that listens there
        self._suspects: Set[int] = set() # sockets of the latest look

    def stranger(self, proxy_pid: int) -> int:
        """The port to which somebody else is connected; 0: there is none. A
        socket counts when two looks have found it: the proxy may have closed
        what it had open when the first began."""
        try:
            table = _TABLE.read_text()
        except OSError:
            return 0
        mine = sockets_of(proxy_pid)
        found = {inode: port for inode, port in
                 dialled(table, self._nodes).items() if inode not in mine}
        again = [port for inode, port in found.items()
                 if inode in self._suspects]
        self._suspects = set(found)
        return again[0] if again and mine else 0
