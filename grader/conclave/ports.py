"""Ports for a cluster, safe beside any number of other grades.

Ports come in aligned blocks below the range from which the system picks ports
by itself. The first port of a block is its guard: whoever listens on it owns
the block. Listening is atomic, and ends with the process, so there are no lock
files to forget. A block in which a stranger holds a port is passed over.
"""

from __future__ import annotations

import os
import pathlib
import random
import socket
from typing import List, Optional, Tuple

HOST = "127.0.0.1"
BLOCK_PORTS = 128     # the guard, and four for each of 16 nodes, and spares
LOWEST_PORT = 10_240
FALLBACK_TOP = 32_768 # where the system's own range begins, if it won't say
_RANGE = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")


def _top() -> int:
    """The first port that the system may pick by itself."""
    try:
        low = int(_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        low = FALLBACK_TOP
    # A range that begins very low leaves no room under it: share it, then.
    return low if low >= LOWEST_PORT + 16 * BLOCK_PORTS else 65_536


def _listen(port: int) -> Optional[socket.socket]:
    """A socket that listens on a port, or None if somebody else does."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
        sock.listen(1)
        return sock
    except OSError:
        sock.close()
        return None


def is_free(port: int) -> bool:
    """Whether nobody listens on a port now."""
    sock = _listen(port)
    if sock is None:
        return False
    sock.close()
    return True


class PortBlock:
    """A claimed block. Released by close, or by the end of the process."""

    def __init__(self, guard: socket.socket, first: int):
        self._guard = guard
        self.first = first                                 # the guard's port
        self.ports = list(range(first + 1, first + BLOCK_PORTS))

    def close(self) -> None:
        self._guard.close()

    def __enter__(self) -> "PortBlock":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _starts() -> List[int]:
    """Where blocks begin, in an order of this process's own."""
    top = _top()
    first = -(-LOWEST_PORT // BLOCK_PORTS) * BLOCK_PORTS
    starts = list(range(first, top - BLOCK_PORTS + 1, BLOCK_PORTS))
    random.Random(os.urandom(8)).shuffle(starts)
    return starts


def claim(needed: int) -> PortBlock:
    """A block whose first `needed` ports are free. OSError if there is none."""
    if needed >= BLOCK_PORTS:
        raise ValueError(f"a block has no {needed} ports")
    for first in _starts():
        guard = _listen(first)
        if guard is None:
            continue
        if all(is_free(port) for port in range(first + 1, first + 1 + needed)):
            return PortBlock(guard, first)
        guard.close()
    raise OSError(f"no block of {needed} free ports between {LOWEST_PORT} and "
                  f"{_top()}: close programs that listen there")


def address(port: int) -> str:
    """host:port of a port here."""
    return f"{HOST}:{port}"


def split(text: str) -> Tuple[str, int]:
    """(host, port) of host:port."""
    host, _, port = text.rpartition(":")
    return host, int(port)
