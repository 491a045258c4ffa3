"""Bytes to and from the simulated world, in asyncio's clothes: what a client
or a seat writes becomes an order, what comes for it is fed to its reader."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Callable, Dict, List

from .peer import Peer, PeerStream
from .resp import MAX_LINE_BYTES

if TYPE_CHECKING:
    from .sim_world import SimWorld


class SimWriter:
    """The part of asyncio.StreamWriter that tests use."""

    def __init__(self, order: Callable[..., Any], write: List[Any],
                 close: List[Any]):
        self._order = order    # gives orders to the simulator
        self._write = write    # words of the order that bytes are put behind
        self._close = close    # words of the order that ends it
        self._closed = False
        self.transport = self  # for abort

    def write(self, data: bytes) -> None:
        """Sends bytes; they vanish in what is closed."""
        if data and not self._closed:
            self._order(*self._write, data.hex())

    async def drain(self) -> None:
        """Nothing to wait for."""

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._order(*self._close)

    def abort(self) -> None:
        self.close()

    def ended(self) -> None:
        """The other side has closed it."""
        self._closed = True


def new_reader() -> asyncio.StreamReader:
    """A reader that is fed by hand."""
    return asyncio.StreamReader(limit=MAX_LINE_BYTES,
                                loop=asyncio.get_running_loop())


class SimSeatStream:
    """A stream of a seat, before and after it is up."""

    def __init__(self, world: "SimWorld", seat: int, number: int, other: int):
        self.reader = new_reader()
        self.writer = SimWriter(world.order, ["write", seat, number],
                                ["close", seat, number])
        self.up: "asyncio.Future[bool]" = \
            asyncio.get_running_loop().create_future()
        self.stream = PeerStream(seat, other, self.reader,
                                 self.writer)  # type: ignore[arg-type]

    def heard_up(self) -> None:
        if not self.up.done():
            self.up.set_result(True)

    def heard_end(self) -> None:
        self.writer.ended()
        self.reader.feed_eof()
        if not self.up.done():
            self.up.set_result(False)


class SimPeer(Peer):
    """A seat of the cluster that the test itself sits in."""

    def __init__(self, seat: int, world: "SimWorld"):
        super().__init__(seat)
        self._world = world
        self._streams: Dict[int, SimSeatStream] = {}

    async def dial(self, to: int) -> PeerStream:
        """Opens a stream to a node; if that is down, it is closed at once."""
        number = int(self._world.order("dial", self.id, to)[0])
        seat_stream = SimSeatStream(self._world, self.id, number, to)
        self._streams[number] = seat_stream
        await seat_stream.up
        return seat_stream.stream

    async def close(self) -> None:
        """Leaves nothing behind: the world ends with the test."""

    # What the simulator tells

    def heard_up(self, number: int, other: int, incarnation: int) -> None:
        """A stream is up: one that was dialled, or a new one."""
        known = self._streams.get(number)
        if known is None:
            known = SimSeatStream(self._world, self.id, number, other)
            known.stream.incarnation = incarnation
            self._streams[number] = known
            self.arrived(known.stream)
        known.heard_up()

    def heard_bytes(self, number: int, data: bytes) -> None:
        if number in self._streams:
            self._streams[number].reader.feed_data(data)

    def heard_end(self, number: int) -> None:
        if number in self._streams:
            self._streams.pop(number).heard_end()
