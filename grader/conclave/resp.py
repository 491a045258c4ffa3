"""A client of a node: commands and replies in RESP2, the Redis protocol."""

from __future__ import annotations

import asyncio
from typing import Any, List, Optional, Union

MAX_LINE_BYTES = 1 << 16
MAX_BULK_BYTES = 64 << 20
MAX_DEPTH = 8              # arrays within arrays
MAX_ITEMS = 1 << 20        # of a reply, those of inner arrays included
_CHUNK_BYTES = 1 << 16

Word = Union[str, bytes, int]


class RespError(str):
    """An error reply. It is returned, not raised: an answer like any other."""

    @property
    def text(self) -> str:
        """The words after the '-'."""
        return str(self)

    def __repr__(self) -> str:
        return f"error {str(self)!r}"


class BadReply(ValueError):
    """Bytes that are no RESP reply."""


def encode_command(*words: Word) -> bytes:
    """A command as an array of bulk strings."""
    parts: List[bytes] = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts += [b"$%d\r\n" % len(data), data, b"\r\n"]
    return b"".join(parts)


class _Budget:
    """What a reply may still hold: nodes are not to be trusted with ours."""

    def __init__(self) -> None:
        self.items = MAX_ITEMS
        self.bytes = MAX_BULK_BYTES

    def take(self, size: int) -> None:
        """For one item of so many bytes. BadReply if that is too much."""
        self.items -= 1
        self.bytes -= size
        if self.items < 0:
            raise BadReply(f"a reply has more than {MAX_ITEMS} items")
        if self.bytes < 0:
            raise BadReply("a reply is longer than "
                           f"{MAX_BULK_BYTES >> 20} MiB")


async def read_reply(reader: asyncio.StreamReader, depth: int = 0,
                     left: Optional[_Budget] = None) -> Any:
    """bytes, int, None, list or RespError. BadReply, or EOFError at the end."""
    left = left or _Budget()
    line = await _line(reader)
    left.take(len(line))
    kind, rest = line[:1], line[1:]
    if kind == b"+":
        return rest
    if kind == b"-":
        return RespError(rest.decode(errors="replace"))
    if kind == b":":
        return _number(rest)
    if kind == b"$":
        return await _bulk(reader, _number(rest), left)
    if kind == b"*" and depth < MAX_DEPTH:
        count = _number(rest)
        if count < 0:
            return None
        return [await read_reply(reader, depth + 1, left)
                for _ in range(count)]
    raise BadReply(f"a reply begins with {line[:20]!r}")


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        line = await reader.readuntil(b"\r\n")
    except asyncio.LimitOverrunError:
        raise BadReply("a reply's line has no end") from None
    except asyncio.IncompleteReadError:
        raise EOFError("the connection ended") from None
    return line[:-2]


async def _bulk(reader: asyncio.StreamReader, size: int, left: _Budget
                ) -> Any:
    if size < 0:
        return None
    if size > MAX_BULK_BYTES:
        raise BadReply(f"a reply announces {size} bytes")
    left.take(size)
    try:
        data = await reader.readexactly(size + 2)
    except asyncio.IncompleteReadError:
        raise EOFError("the connection ended") from None
    if data[-2:] != b"\r\n":
        raise BadReply("a reply's bytes do not end where they should")
    return data[:-2]


def _number(text: bytes) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadReply(f"a reply holds {text[:20]!r} for a number") from None


class Connection:
    """One client connection to a node, straight to its client port."""

    def __init__(self, reader: asyncio.StreamReader,
                 writer: asyncio.StreamWriter):
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, host: str, port: int) -> "Connection":
        reader, writer = await asyncio.open_connection(
            host, port, limit=MAX_LINE_BYTES)
        return cls(reader, writer)

    async def send(self, data: bytes) -> None:
        """Sends bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self) -> Any:
        """The next reply."""
        return await read_reply(self.reader)

    async def cmd(self, *words: Word) -> Any:
        """One command and its reply."""
        await self.send(encode_command(*words))
        return await self.reply()

    async def ended(self) -> None:
        """Waits for the other side's end; what still comes is let go."""
        while await self.reader.read(_CHUNK_BYTES):
            pass

    def close(self) -> None:
        self.writer.close()
