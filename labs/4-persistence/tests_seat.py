"""A seat of lab 4's tests: one peer of the node, played frame by frame."""

from __future__ import annotations

import asyncio
from typing import Any, Dict, List, Optional

import conclave
from conclave import Failure, Frame, Method

from .tests_words import DAMAGE, HELD, SOON_S


class Seat(conclave.Seat):
    """The kit's, that sends snapshots too, and is asked request by request."""

    async def install(self, term: int, last: int, last_term: int, data: bytes,
                      offset: int = 0, done: bool = True) -> Dict[str, Any]:
        """One InstallSnapshot."""
        msg = await self.ask(Method.INSTALL_SNAPSHOT, term=term,
                             leader=self.id, last_included_index=last,
                             last_included_term=last_term, offset=offset,
                             done=done, data=data)
        self.c.note(f"node {self.id}, leading term {term}, sends bytes "
                    f"{offset} to {offset + len(data)} of a snapshot up to "
                    f"entry {last}{', the last ones' if done else ''}: "
                    + ("has it" if msg["next_offset"] == HELD else
                       f"wants {msg['next_offset']} next")
                    + f", term {msg['term']}")
        return msg

    async def install_all(self, term: int, last: int, last_term: int,
                          data: bytes, size: int) -> None:
        """A whole snapshot, in chunks of a size."""
        for offset in range(0, len(data), size):
            part = data[offset:offset + size]
            done = offset + size >= len(data)
            msg = await self.install(term, last, last_term, part, offset, done)
            if msg["next_offset"] >= len(data):
                return
            self.c.check(not done and msg["next_offset"] == offset + len(part),
                         expected=f"next_offset {offset + len(part)}: what "
                                  "follows this chunk" if not done else
                                  "next_offset after the last chunk is the "
                                  f"state's length, {len(data)}, or more",
                         observed=str(msg["next_offset"]),
                         rule="docs/protocol.md, InstallSnapshot")

    # It is asked

    async def asked(self, method: Optional[int] = None,
                    limit_s: Optional[float] = SOON_S) -> Frame:
        """The same, and soon."""
        return await super().asked(method, limit_s)

    async def reply(self, request: Frame, **fields: Any) -> None:
        await self.asked_on.reply(request, term=request.msg["term"], **fields)

    async def accept(self, request: Frame) -> int:
        """Says yes to whatever it is; the last entry that it brought."""
        msg = request.msg
        if request.method == Method.REQUEST_VOTE:
            await self.reply(request, granted=True)
            return 0
        if request.method != Method.APPEND_ENTRIES:
            await self.reply(request, next_offset=HELD)
            return msg["last_included_index"]
        last = msg["prev_log_index"] + len(msg["entries"])
        await self.reply(request, success=True, match_index=last)
        return last

    async def elect(self) -> Frame:
        """Grants what is asked until the node leads: its first AppendEntries,
        not answered yet."""
        for _ in range(60):
            request = await self.asked()
            if request.method != Method.REQUEST_VOTE:
                return request
            await self.accept(request)
        raise Failure("a leader: the votes that it lacked were granted",
                      f"node {self.node} sent sixty requests for votes")

    async def follow(self) -> None:
        """Says yes for ever."""
        while True:
            await self.accept(await self.asked())


async def sit(c: Any, *seats: int) -> List[Seat]:
    """Takes several places around node 1."""
    taken = [Seat(c, seat, 1) for seat in seats]
    for one in taken:
        await one.sit(SOON_S)
    return taken


async def sit_again(c: Any, *seats: int) -> List[Seat]:
    """Node 1 loses its power and starts; the seats are taken anew."""
    await c.power_cut(1)
    await c.start(1)
    return await sit(c, *seats)


async def sit_or_refused(c: Any, *seats: int) -> List[Seat]:
    """Starts node 1, which may refuse, with a sentence: then []."""
    place = c.nodes[1]
    place.may_give_up = True
    try:
        await c.start(1)
        c.may_give_up(1)
        sitting = asyncio.ensure_future(sit(c, *seats))
        while c.alive(1) and not sitting.done():
            await c.sleep(20)
        if c.alive(1):
            place.may_give_up = place.process.ending = False
            return await sitting
        sitting.cancel()
    except Failure:
        if not await c.ended(1, 1.0):
            raise
    c.check(c.last_words(1), expected="a node that does not start says why",
            observed="it ended without a sentence", rule=DAMAGE)
    c.note(f"node 1 refuses: {c.last_words(1)}")
    return []
