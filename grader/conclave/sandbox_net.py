"""A network of our own: this process, and all that it starts, moves to one that
holds nothing but the loopback.

So no node reaches anything but its own cluster, nor any other grade's.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1
_MAX_NAME = 16


def enter() -> bool:
    """Moves there, if this machine lets us; it is tried in a child first,
    since there is no way back."""
    child = os.fork()
    if child == 0:
        os._exit(0 if _enter() else 1)
    _, status = os.waitpid(child, 0)
    return status == 0 and _enter()


def _enter() -> bool:
    user, group = os.geteuid(), os.getegid()
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_NEW_NET) != 0:
            if user == 0 or libc.unshare(_NEW_USER | _NEW_NET) != 0:
                return False
            _map("setgroups", "deny")
            _map("uid_map", f"{user} {user} 1")
            _map("gid_map", f"{group} {group} 1")
        return _bring_up(b"lo")
    except (OSError, AttributeError):
        return False


def _map(name: str, text: str) -> None:
    with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
        file.write(text)


def _bring_up(device: bytes) -> bool:
    """Turns a device on, and tries it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        asked = struct.pack(f"{_MAX_NAME}sH22x", device, 0)
        said = fcntl.ioctl(sock.fileno(), _GET_FLAGS, asked)
        _, flags = struct.unpack(f"{_MAX_NAME}sH22x", said)
        fcntl.ioctl(sock.fileno(), _SET_FLAGS, struct.pack(
            f"{_MAX_NAME}sH22x", device, flags | _UP))
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
    return True
