"""A test in a node's place: it dials, answers and misbehaves, frame by frame.

    peer = await c.peer(3)
    stream = await peer.accept(1)              # node 1 dialled us
    request = await stream.recv()
    await stream.reply(request, body=b"hi")    # or send_raw(b"...")

All of it passes through the proxy, preface included, as a real node's would.
"""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Dict, List, Optional, Union

from . import frames, ports
from .failure import Failure, GraderError
from .frames import Frame, encode_frame, encode_reply, encode_request
from .patience import PROGRESS_LIMIT_S, within

_PROTOCOL = "docs/protocol.md, Frames"
_READ_BYTES = 1 << 16


class PeerStream:
    """One stream between the test and a node."""

    def __init__(self, seat: int, other: int, reader: asyncio.StreamReader,
                 writer: asyncio.StreamWriter):
        self.seat = seat      # whom the test plays
        self.other = other    # the node at the other end
        self.incarnation = 0  # of the node, when it dialled
        self._reader = reader
        self._writer = writer
        self._bytes = b""
        self._ended = False

    async def send_raw(self, data: bytes) -> None:
        """Sends bytes as they are; into a closed stream they vanish."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError:
            self._ended = True

    async def send(self, kind: Union[str, int], method: int = 0,
                   call_id: int = 0, payload: bytes = b"") -> None:
        """Sends one frame: send("REQUEST", Method.ECHO, 7, payload)."""
        await self.send_raw(encode_frame(kind, method, call_id, payload))

    async def request(self, method: int, call_id: int, **fields: Any) -> None:
        """Sends a REQUEST made of its fields: see frames.encode_request."""
        await self.send("REQUEST", method, call_id,
                        encode_request(method, **fields))

    async def reply(self, request: Frame, **fields: Any) -> None:
        """Answers a REQUEST with the fields given: see frames.encode_reply."""
        await self.send("REPLY", request.method, request.call_id,
                        encode_reply(request.method, **fields))

    async def recv(self, limit_s: Optional[float] = None) -> Frame:
        """The next frame. A Failure if none comes, or bytes that are none."""
        try:
            return await within(limit_s or PROGRESS_LIMIT_S, self._next())
        except asyncio.TimeoutError:
            raise Failure(
                f"node {self.other} sends a frame to node {self.seat}",
                "it sent nothing", rule=_PROTOCOL, node=self.other) from None
        except EOFError:
            raise Failure(
                f"node {self.other} keeps its stream with node {self.seat} "
                "open and sends a frame", "it closed the stream",
                rule=_PROTOCOL, node=self.other) from None
        except frames.BadBytes as error:
            raise Failure("frames as docs/protocol.md draws them",
                          f"node {self.other} sent bytes that are none: "
                          f"{error}", rule=_PROTOCOL, node=self.other) from None

    async def recv_of(self, kind: str, limit_s: Optional[float] = None
                      ) -> Frame:
        """The next frame of a type; of others, PINGs are answered."""
        while True:
            frame = await self.recv(limit_s)
            if frame.type == kind:
                return frame
            if frame.type == "PING":
                await self.send("PONG", frame.method, frame.call_id)

    async def _next(self) -> Frame:
        while True:
            frame, size = frames.take_frame(self._bytes)
            if frame is not None:
                self._bytes = self._bytes[size:]
                frame.frm, frame.to = self.other, self.seat
                return frame
            await self._more()

    async def _more(self) -> None:
        """Waits for bytes. EOFError at the end, however it came about."""
        try:
            data = await self._reader.read(_READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._ended = True
            raise EOFError()
        self._bytes += data

    async def closed(self, limit_s: Optional[float] = None) -> None:
        """Waits until the other side has closed it, passing over frames."""
        try:
            while not self._ended:
                await within(limit_s or PROGRESS_LIMIT_S, self._more())
                self._bytes = b""
        except EOFError:
            return
        except asyncio.TimeoutError:
            raise Failure(f"node {self.other} closes the stream",
                          "it left it open", rule=_PROTOCOL,
                          node=self.other) from None

    @property
    def is_closed(self) -> bool:
        """Whether the other side is known to have closed it."""
        return self._ended or self._reader.at_eof()

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        """Ends it abruptly, as a crash would."""
        self._writer.transport.abort()


class Peer:
    """A seat of the cluster that the test itself sits in, in either world."""

    def __init__(self, seat: int):
        self.id = seat
        self._waiting: Dict[int, "asyncio.Queue[PeerStream]"] = {}

    def arrived(self, stream: PeerStream) -> None:
        """A node has dialled a stream to this seat."""
        self._queue(stream.other).put_nowait(stream)

    def _queue(self, frm: int) -> "asyncio.Queue[PeerStream]":
        return self._waiting.setdefault(frm, asyncio.Queue())

    async def accept(self, frm: int, limit_s: Optional[float] = None
                     ) -> PeerStream:
        """The next stream that a node dialled to this seat."""
        try:
            return await within(limit_s or PROGRESS_LIMIT_S,
                                self._next_live(frm))
        except asyncio.TimeoutError:
            raise Failure(f"node {frm} opens a stream to node {self.id}",
                          "it opened none", node=frm,
                          rule="labs/1-rpc/rpc.h, rpc_start") from None

    async def _next_live(self, frm: int) -> PeerStream:
        while True:
            stream = await self._queue(frm).get()
            if not stream.is_closed:
                return stream

    async def dial(self, to: int) -> PeerStream:
        """Opens a stream to a node."""
        raise NotImplementedError

    async def close(self) -> None:
        """Leaves the seat: no more streams, and those there are end."""
        raise NotImplementedError


class RealPeer(Peer):
    """A seat in the real world: it listens, and dials through the proxy."""

    def __init__(self, seat: int, cluster: int, listen: str,
                 dial: Dict[int, str], on_fault: Callable[[Exception], None]):
        super().__init__(seat)
        self.incarnation = 1
        self._cluster = cluster
        self._listen = listen
        self._dial = dial
        self._on_fault = on_fault
        self._server: Optional[asyncio.AbstractServer] = None
        self._streams: List[PeerStream] = []

    async def open(self) -> None:
        """Begins to accept streams."""
        host, port = ports.split(self._listen)
        self._server = await asyncio.start_server(self._accepted, host, port)

    async def _accepted(self, reader: asyncio.StreamReader,
                        writer: asyncio.StreamWriter) -> None:
        try:
            preface = await reader.readexactly(frames.PREFACE.size)
            _, frm, _, incarnation = frames.decode_preface(preface)
        except asyncio.IncompleteReadError:
            writer.close()
            return
        except (OSError, frames.BadBytes) as error:
            self._on_fault(GraderError(f"at node {self.id}'s seat: {error}"))
            return
        stream = PeerStream(self.id, frm, reader, writer)
        stream.incarnation = incarnation
        self._streams.append(stream)
        self.arrived(stream)

    async def dial(self, to: int) -> PeerStream:
        """Opens a stream to a node."""
        host, port = ports.split(self._dial[to])
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(frames.encode_preface(self._cluster, self.id, to,
                                           self.incarnation))
        await writer.drain()
        stream = PeerStream(self.id, to, reader, writer)
        self._streams.append(stream)
        return stream

    async def close(self) -> None:
        """Leaves the seat: no more streams, and those there are end."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for stream in self._streams:
            stream.close()
