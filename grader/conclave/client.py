"""Commands to a node, and what to say when no answer comes."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Awaitable, Deque, Optional, \
    Type, TypeVar

from .failure import CRASHED, Failure
from .patience import COMMAND_LIMIT_S, POLL_S, Patience, within
from .place import GAVE_UP
from .resp import BadReply, Connection, Word, encode_command

if TYPE_CHECKING:
    from .place import Asked, Life, Place

_CONNECT_LIMIT_S = 10.0
_OBITUARY_LIMIT_S = 2.0    # for a dead node's exit status to arrive
_PING_LIMIT_S = 3.0
_WATCHDOG_LIMIT_S = 30.0   # that a node may rest which we suspect to loop
_WATCHDOG_CPU_S = 8.0      # it does so after 5 s of CPU time, and a little
_IDLE_CPU_S = 0.05         # what a node may use that waits to be asked
_BUSY_SHARE = 0.25         # CPU time per second of a node that may be looping
_Self = TypeVar("_Self", bound="Client")
_RULE = "a node answers its clients (handout/node/client.h)"


class Client:
    """A test's own connection to a node."""

    speaks_text = False  # see text_client.py
    language = "RESP2, the Redis protocol"

    def __init__(self, node: "Place", process: "Life", connection: Connection):
        self._node = node
        self._process = process
        self._connection = connection
        self._last = "the bytes sent"  # for the report
        self._asked: Deque["Asked"] = deque()  # not answered yet
        self._cpu_s = 0.0              # of the node, when it was asked last

    @classmethod
    async def open(cls: Type[_Self], node: "Place") -> _Self:
        """Connects. A Failure if the node does not accept."""
        process = node.running()
        try:
            connection = await within(_CONNECT_LIMIT_S,
                                      node.connect(text=cls.speaks_text))
        except asyncio.TimeoutError:
            raise Failure(f"node {node.id} accepts clients",
                          "it did not accept a connection", rule=_RULE,
                          node=node.id) from None
        except OSError as error:
            raise await _lost(node, process, f"refused a client ({error})")
        return cls(node, process, connection)

    @property
    def usable(self) -> bool:
        """Whether the process it was opened to still runs."""
        return self._process.alive

    async def cmd(self, *words: Word, timeout_s: Optional[float] = None) -> Any:
        """One command; its reply. A RespError is returned, not raised."""
        self._last = describe(words)
        await self._send(self._last, encode_command(*words))
        return await self.reply(timeout_s)

    async def send(self, data: bytes) -> None:
        """Sends bytes as they are."""
        await self._send(f"({len(data)} bytes)", data)

    async def _send(self, text: str, data: bytes) -> None:
        self._asked.append(self._node.is_asked(text))
        self._cpu_s = self._process.cpu_s()
        await self._guard(self._connection.send(data), COMMAND_LIMIT_S)

    async def reply(self, timeout_s: Optional[float] = None) -> Any:
        """The next reply."""
        reply = await self._guard(self._connection.reply(),
                                  timeout_s or COMMAND_LIMIT_S)
        if self._asked:
            self._asked.popleft().is_answered(describe_reply(reply))
        return reply

    async def closed(self, timeout_s: Optional[float] = None) -> None:
        """Waits until the node has closed the connection."""
        try:
            await within(timeout_s or COMMAND_LIMIT_S,
                         self._connection.ended())
        except asyncio.TimeoutError:
            raise Failure(f"node {self._node.id} closes the connection",
                          "it left it open", rule=_RULE,
                          node=self._node.id) from None
        except OSError:
            return

    def close(self) -> None:
        self._connection.close()

    async def _guard(self, work: Awaitable[Any], limit_s: float) -> Any:
        """Awaits an answer; turns its absence into a Failure."""
        try:
            return await within(limit_s, work)
        except BadReply as error:
            raise Failure(f"an answer in {self.language}",
                          f"node {self._node.id} answered {self._last} "
                          f"otherwise: {error}", rule=_RULE,
                          node=self._node.id) from None
        except asyncio.TimeoutError:  # first: later Pythons call it an OSError
            raise await _silent(self._node, self._process, self._last, limit_s,
                                self._cpu_s) from None
        except (EOFError, OSError):
            raise await _lost(self._node, self._process,
                              f"closed its client's connection instead of "
                              f"answering {self._last}") from None


async def _lost(node: "Place", process: "Life", what: str) -> Failure:
    """The Failure for a connection that broke; the node may have died."""
    patience = Patience(_OBITUARY_LIMIT_S)
    while process.alive and not patience.over():
        await asyncio.sleep(POLL_S)
    if not process.alive and process.ending:
        what += ": the test had stopped it"
    elif not process.alive and node.last_words:
        what += f": it {GAVE_UP}: {node.last_words}"
    return Failure(f"node {node.id} serves its clients",
                   f"node {node.id} {what}", rule=_RULE, node=node.id)


async def _silent(node: "Place", process: "Life", command: str, limit_s: float,
                  cpu_s: float) -> Failure:
    """The Failure for an answer that did not come, with the likely reason."""
    expected = f"node {node.id} answers {command}"
    observed = f"node {node.id} did not answer within {limit_s:g} s"
    used_s = process.cpu_s() - cpu_s
    if process.paused:
        return Failure(expected, f"{observed}; the test had paused it",
                       rule=_RULE, node=node.id)
    if await _answers_ping(node):
        return Failure(expected, f"{observed}, though it answers PING",
                       rule=_RULE, node=node.id,
                       hint="The command's coroutine still waits for "
                            "something: what should have woken it?")
    if used_s < _BUSY_SHARE * limit_s:
        return Failure(expected, f"{observed}, nor did it answer PING",
                       rule=_RULE, node=node.id)
    await _await_watchdog(process)
    used_s = process.cpu_s() - cpu_s
    return Failure(expected, f"{observed} and used {used_s:.1f} s of CPU time "
                   "meanwhile: it is busy in a loop", rule=_RULE,
                   status=CRASHED, node=node.id)


async def _await_watchdog(process: "Life") -> None:
    """The host's watchdog reports an endless loop with its place: let it. It
    goes by CPU time, which on a busy machine comes slowly; what uses up our
    patience is a node that rests, as no loop does."""
    patience = Patience(_WATCHDOG_LIMIT_S)
    cpu_s = process.cpu_s()
    while process.alive and process.cpu_s() - cpu_s < _WATCHDOG_CPU_S:
        if not process.wants_cpu() and patience.over():
            break
        await asyncio.sleep(POLL_S)


async def await_busy(node: "Place") -> None:
    """Something failed, perhaps because a node is in an endless loop: then
    its host ends it and says so, but by the CPU time that it gets, which on a
    busy machine may be later than the failure. Waits for that."""
    process = node.process
    if process is None or not process.alive or process.paused:
        return
    cpu_s = process.cpu_s()
    if not await _answers_ping(node) and process.cpu_s() - cpu_s > _IDLE_CPU_S:
        await _await_watchdog(process)


async def _answers_ping(node: "Place") -> bool:
    try:
        connection = await within(_PING_LIMIT_S, node.connect())
        try:
            await within(_PING_LIMIT_S, connection.cmd("PING"))
        finally:
            connection.close()
        return True
    except (OSError, EOFError, BadReply, asyncio.TimeoutError):
        return False


def describe(words: Any) -> str:
    """A command for people, not too long."""
    shown = []
    for word in words:
        text = word.decode(errors="replace") if isinstance(word, bytes) \
            else str(word)
        shown.append(text if len(text) <= 32 else
                     f"{text[:24]}...({len(text)} characters)")
    return " ".join(shown)


def describe_reply(reply: Any) -> str:
    """A reply for people, not too long."""
    text = repr(reply)
    return text if len(text) <= 80 else text[:72] + "..."
