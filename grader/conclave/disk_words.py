"""What tests do to nodes' disks, and read of them.

    before = await c.disk_image(1)          # what is durable: {name: bytes}
    await c.disk_flip(1, "log.1", 40)       # one bit, while the node is down
    sentence = await c.try_start(1)         # "" if it serves, else why not
    await c.disk(1, sync_us=50_000)         # faults: grader/sim/disk.h

What is durable is the same thing in both worlds: the simulated disk keeps it,
and a real node's folder holds exactly what its syncs have covered. It can be
read at any time, and changed while the node is down. Faults of the disk itself
are the simulator's.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional

from .failure import Failure, GraderError
from .patience import POLL_S, PROGRESS_LIMIT_S, Patience
from .spec import SIM

if TYPE_CHECKING:
    from .cluster import Cluster as _Cluster

Image = Dict[str, bytes]  # a disk: a file's name -> its bytes
_OPENS = "labs/4-persistence/README.md, Part A"
_SLOWNESS = ("sync_us", "slow")  # faults that only make a disk slower


class DiskCounts(NamedTuple):
    """What was done to a disk since the test began."""

    writes: int  # and appends
    bytes: int   # written by them
    syncs: int   # of files and of the folder


class DiskWords:
    """The part of a Cluster that deals with disks."""

    # What is durable

    async def disk_files(self: "_Cluster", node: int) -> Dict[str, int]:
        """The names of a node's files, and their sizes in bytes."""
        return self._node(node).disk_files()

    async def disk_bytes(self: "_Cluster", node: int) -> int:
        """Bytes of all its files."""
        return sum(self._node(node).disk_files().values())

    async def disk_image(self: "_Cluster", node: int) -> Image:
        """All its files."""
        place = self._node(node)
        image: Image = {}
        for name in place.disk_files():
            try:
                image[name] = place.disk_read(name)
            except FileNotFoundError:
                continue  # the node has removed it meanwhile
        return image

    async def disk_restore(self: "_Cluster", node: int, image: Image) -> None:
        """The disk of a node that is down is this now."""
        place = self._down(node)
        there = place.disk_files()
        for name in set(there) - set(image):
            place.disk_drop(name)
        for name, data in sorted(image.items()):
            if there.get(name) != len(data) or place.disk_read(name) != data:
                place.disk_write(name, data)

    async def disk_flip(self: "_Cluster", node: int, name: str, offset: int,
                        bit: int = 0) -> None:
        """One bit of a node that is down is another now."""
        place = self._down(node)
        data = bytearray(place.disk_read(name))
        data[offset] ^= 1 << bit
        place.disk_write(name, bytes(data))
        self._step(f"bit {bit} of byte {offset} of node {node}'s file {name} "
                   "is flipped")

    async def disk_erase(self: "_Cluster", node: int) -> None:
        """A node that is down loses all its files."""
        await self.disk_restore(node, {})
        self._step(f"node {node} gets an empty disk")

    def _down(self: "_Cluster", node: int):
        place = self._node(node)
        if place.alive:
            raise GraderError(f"the test writes to node {node}'s disk while "
                              "the node runs")
        return place

    # Faults

    async def disk(self: "_Cluster", node: int, **faults: object) -> None:
        """Sets faults of a disk; those not named stay. In the real world a
        disk is as slow as it is; the other faults are the simulator's."""
        words = [f"{name}={value}" for name, value in faults.items()]
        if self.proxy.name == SIM:
            await self.proxy.command("disk", node, *words)
        elif set(faults) - set(_SLOWNESS):
            raise GraderError("a real disk takes no orders: " + " ".join(words)
                              + "; say worlds=(\"sim\",)")
        self._step(f"node {node}'s disk: {' '.join(words)}")

    async def disk_counts(self: "_Cluster", node: int) -> DiskCounts:
        """How much was done to a simulated disk."""
        return DiskCounts(*self._node(node).disk_counts())

    # The ends of nodes

    async def power_cut(self: "_Cluster", *nodes: int) -> None:
        """kill -9 of several nodes at once (of all that run, if none is
        named): what they had not synced is lost."""
        chosen = list(nodes) or [one for one in self.nodes if self.alive(one)]
        with self.story.quiet():
            await asyncio.gather(*(self.kill(node) for node in chosen))
        self._step(f"the power of nodes {chosen} is cut: what they had not "
                   "synced is lost")

    async def crash_at(self: "_Cluster", node: int, point: str,
                       count: int) -> None:
        """A simulated node dies at its count-th write, sync, synced (a sync
        that has ended; the node is not told) or send from now on."""
        self._node(node).running().ending = True
        await self.proxy.command("crash", node, point, count)
        self._step(f"node {node} is to die at {point} no. {count} from now")

    async def start_crashing(self: "_Cluster", node: int, point: str,
                             count: int) -> bool:
        """Starts a simulated cluster's only node, to die at its count-th write,
        sync, ... False: it led first, and lives."""
        place = self._node(node)
        await self.proxy.command("note", node, "start", place.lives + 1)
        await self.proxy.command("crash", node, point, count)
        place.launch(0, self._spec.clocks.get(node, 1.0))
        self._step(f"node {node} starts, to die at {point} no. {count}")
        place.running().ending = True
        try:
            await self._leads_or_ends(node)
        except Failure:
            if self.alive(node):
                raise
        if not self.alive(node):
            return True
        await self.proxy.command("crash", node, point, 0)
        place.serves, place.running().ending = True, False
        return False

    async def ended(self: "_Cluster", node: int,
                    limit_s: Optional[float] = None) -> bool:
        """Waits until a node has ended; False: it still runs."""
        patience = Patience(limit_s or PROGRESS_LIMIT_S)
        while self.alive(node) and not patience.over():
            await asyncio.sleep(POLL_S)
        return not self.alive(node)

    def may_give_up(self: "_Cluster", node: int) -> None:
        """The node may end itself with a sentence in this life."""
        self._node(node).may_give_up = True
        self._node(node).running().ending = True

    def last_words(self: "_Cluster", node: int) -> str:
        """The sentence with which a node ended itself; "": it did not."""
        return self._node(node).last_words

    async def try_start(self: "_Cluster", node: int) -> str:
        """Starts a cluster's only node, which may refuse: "" once it has led
        (so it has opened its store), else the sentence."""
        place = self._node(node)
        place.may_give_up = True
        try:
            await self.start(node)
            self.may_give_up(node)
            await self._leads_or_ends(node)
        except Failure:
            if not await self.ended(node, 1.0) or not place.last_words:
                raise
        if self.alive(node):
            place.may_give_up = False
            place.running().ending = False
            return ""
        if not place.last_words:
            raise Failure("a node serves, or ends itself with a sentence",
                          f"node {node} ended without one", rule=_OPENS,
                          hint="node_fatal says a sentence and ends the node.",
                          node=node)
        self._step(f"node {node} refuses: {place.last_words}")
        return place.last_words

    async def _leads_or_ends(self: "_Cluster", node: int) -> None:
        patience = Patience(PROGRESS_LIMIT_S)
        with self.story.quiet():
            while self.alive(node) and not patience.over():
                if await self.confirm(node) == "OK":
                    return
                await asyncio.sleep(POLL_S)
        if self.alive(node):
            raise Failure("a node that is its whole cluster leads it, or ends "
                          "itself with a sentence",
                          f"node {node} did neither within "
                          f"{patience.limit_s:g} s", rule=_OPENS, node=node)


class Region(NamedTuple):
    """Some bytes of a file."""

    name: str   # the file's
    start: int  # its first byte
    end: int    # behind its last byte

    def __str__(self) -> str:
        return f"bytes {self.start} to {self.end - 1} of {self.name}"


def changed(before: Image, after: Image) -> List[Region]:
    """Where a disk has changed: a region a file, from its first byte that
    differs to its last. Zeros that a file has grown by are no change: they are
    room for what comes."""
    found = []
    for name, data in sorted(after.items()):
        old = before.get(name, b"")
        old += bytes(max(0, len(data) - len(old)))
        if data == old[:len(data)]:
            continue
        start = _alike(data, old[:len(data)])
        tail = _alike(data[::-1], old[:len(data)][::-1])
        found.append(Region(name, start, len(data) - tail))
    return found


def _alike(one: bytes, other: bytes) -> int:
    """How many first bytes are the same; somewhere two differ."""
    low, high = 0, len(one) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
