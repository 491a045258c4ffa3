"""The plain text port of a node: handout/node/text.h says what is spoken.

    text = await c.text(1)
    version = await text.cmd("set k 0 2", b"hi")     # b"OK 4"
    line, value = await text.get("get k")            # b"VALUE 2", b"hi"
"""

from __future__ import annotations

import asyncio
from typing import Optional, Tuple

from .client import Client, describe
from .patience import COMMAND_LIMIT_S
from .resp import BadReply


class TextClient(Client):
    """A connection to the plain text port; see Client for the rest."""

    speaks_text = True
    language = "lines that end with CRLF"

    async def cmd(self, line: str,  # type: ignore[override]
                  value: Optional[bytes] = None,
                  timeout_s: Optional[float] = None) -> bytes:
        """A request, and the value behind it: the line that answers it."""
        await self.ask(line, value)
        return await self.line(timeout_s)

    async def ask(self, line: str, value: Optional[bytes] = None) -> None:
        """The same, and waits for no answer."""
        data = line.encode() + b"\r\n"
        if value is not None:
            data += value + b"\r\n"
        self._last = describe([line])
        await self._send(self._last, data)

    async def get(self, line: str) -> Tuple[bytes, Optional[bytes]]:
        """A request that is answered by a value: (the line, the value), or
        (the error, None)."""
        answer = await self.cmd(line)
        if not answer.startswith(b"VALUE "):
            return answer, None
        return answer, await self.value(int(answer.split()[-1]))

    async def line(self, timeout_s: Optional[float] = None) -> bytes:
        """The next line, without its end."""
        line = await self._guard(self._read_line(),
                                 timeout_s or COMMAND_LIMIT_S)
        if self._asked:
            self._asked.popleft().is_answered(line.decode(errors="replace"))
        return line

    async def value(self, size: int) -> bytes:
        """A value of so many bytes, and the line end behind it."""
        return await self._guard(self._read_value(size), COMMAND_LIMIT_S)

    async def _read_line(self) -> bytes:
        try:
            line = await self._connection.reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            raise BadReply("a line has no end") from None
        if not line.endswith(b"\r\n"):
            raise BadReply(f"{line[-20:]!r} ends without CR")
        return line[:-2]

    async def _read_value(self, size: int) -> bytes:
        data = await self._connection.reader.readexactly(size + 2)
        if not data.endswith(b"\r\n"):
            raise BadReply(f"a value of {size} bytes is followed by "
                           f"{data[-2:]!r}")
        return data[:-2]
