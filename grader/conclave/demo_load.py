"""The demo's load: a process of its own, so that the view stays alive.

    python3 -m conclave.demo_load CLIENTS HOST:PORT ...

Each client has a connection, a session and a key. It writes a rising number to
that key, the next one when the last has been acknowledged, and follows the
leader. What is measured is one Python process that waits for each answer: a
lower bound of what the cluster can do. Twice a second a line of JSON says how
it goes. After SIGTERM every key is read back: a number below the last one that
was acknowledged is an acknowledged write that was lost.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import Any, Dict, List, Optional, Tuple

from . import ports
from .demo_client import Follower, NoAnswer, Whom
from .patience import within
from .resp import encode_command

PREFIX = "load:"          # of the keys
_TELL_S = 0.5
_SILENCE_S = 2.0          # then a client turns to another node
_PAUSE_S = 0.1            # before that
_READ_BACK_TRIES = 3      # of 10 s each


class _Wire(asyncio.Protocol):
    """A connection on which one command at a time is answered by one line."""

    def __init__(self) -> None:
        self._got = b""
        self._waiting: Optional["asyncio.Future[bytes]"] = None
        self.transport: Any = None
        self.asked_s = 0.0        # when, by the loop's clock; 0: nothing is

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        if self._got.endswith(b"\r\n") and self._waiting is not None:
            line, self._got = self._got, b""
            if not self._waiting.done():
                self._waiting.set_result(line)

    def connection_lost(self, _: Optional[Exception]) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("it was closed"))

    async def ask(self, data: bytes) -> bytes:
        if self.transport is None or self.transport.is_closing():
            raise ConnectionError("it was closed")
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        self.asked_s = loop.time()
        self.transport.write(data)
        try:
            return await self._waiting
        finally:
            self.asked_s = 0.0


class Writer:
    """One client."""

    def __init__(self, load: "Load", number: int):
        self.key = f"{PREFIX}{number}"
        self.acknowledged = 0     # the highest number that was
        self._load = load
        places = range(len(load.addresses))
        self._whom = Whom(places, number % len(places))
        self._wire: Optional[_Wire] = None
        self._session = 0
        self._sequence = 0

    async def run(self) -> None:
        while not self._load.is_over:
            try:
                await self._write()
            except OSError:
                await self._silent()
        self._leave()

    async def _write(self) -> None:
        if not self._session:
            opened = await self._ask(encode_command("SESSION"))
            if not opened.startswith(b":"):
                return
            self._session, self._sequence = int(opened[1:]), 0
        number = self.acknowledged + 1
        self._sequence += 1
        data = encode_command("REQ", self._session, self._sequence, "SET",
                              self.key, number)
        while not self._load.is_over:
            try:
                reply = await self._ask(data)
            except OSError:  # asked again: the session knows
                await self._silent()
                continue
            if reply.startswith(b"+OK"):
                self.acknowledged = number
                return
            if reply.startswith(b"-NOSESSION"):
                self._session = 0
                return

    async def _ask(self, data: bytes) -> bytes:
        """One answer, after some time if it only says to ask elsewhere."""
        wire = self._wire
        if wire is None:
            host, port = ports.split(self._load.addresses[self._whom.node])
            wire = self._wire = await self._connect(host, port)
        began_s = self._load.now_s()
        self._load.asking.add(wire)
        try:
            reply = await wire.ask(data)
        finally:
            self._load.asking.discard(wire)
        if reply.startswith((b"+", b":")):
            self._load.answered(self._load.now_s() - began_s)
            return reply
        self._load.refused += 1
        if reply.startswith(b"-MOVED"):
            self._whom.named(self._load.place(reply.split()[-1].decode(),
                                              self._whom.node))
            self._leave()
        elif reply.startswith((b"-CLUSTERDOWN", b"-LOST")):
            self._whom.next()
            self._leave()
        await asyncio.sleep(_PAUSE_S)
        return reply

    @staticmethod
    async def _connect(host: str, port: int) -> _Wire:
        """A connection. OSError if there is none soon: a system whose node
        stands still lets us wait for minutes."""
        loop = asyncio.get_running_loop()
        try:
            _, wire = await within(
                _SILENCE_S, loop.create_connection(_Wire, host, port))
        except asyncio.TimeoutError:
            raise ConnectionError("it was not accepted") from None
        return wire

    async def _silent(self) -> None:
        """The node did not answer."""
        self._whom.silent()
        self._leave()
        await asyncio.sleep(_PAUSE_S)

    def _leave(self) -> None:
        """Closes the connection; the next is to whom is to be asked next."""
        if self._wire is not None:
            self._wire.transport.abort()
            self._wire = None


class Load:
    """All clients, and what they measure."""

    def __init__(self, clients: int, addresses: List[str]):
        self.addresses = addresses
        self.is_over = False
        self.refused = 0          # answers that sent us elsewhere
        self.asking: "set[_Wire]" = set()
        self.writers = [Writer(self, number) for number in range(clients)]
        self._took_s: List[float] = []  # since the last line
        self._total = 0
        self._loop = asyncio.get_running_loop()

    def now_s(self) -> float:
        return self._loop.time()

    def answered(self, took_s: float) -> None:
        self._took_s.append(took_s)
        self._total += 1

    def place(self, address: str, other: int) -> int:
        return self.addresses.index(address) if address in self.addresses \
            else other

    async def run(self) -> None:
        clients = [asyncio.ensure_future(one.run()) for one in self.writers]
        telling = asyncio.ensure_future(self._tell())
        await asyncio.gather(*clients)
        telling.cancel()

    async def _tell(self) -> None:
        last_s = self.now_s()
        while True:
            await asyncio.sleep(_TELL_S)
            now_s = self.now_s()
            took, self._took_s = sorted(self._took_s), []
            say(clients=len(self.writers), total=self._total,
                ops=round(len(took) / (now_s - last_s)),
                p50_ms=_quantile_ms(took, 0.5), p99_ms=_quantile_ms(took, 0.99))
            last_s = now_s
            for wire in list(self.asking):
                if wire.asked_s and now_s - wire.asked_s > _SILENCE_S:
                    wire.transport.abort()

    async def read_back(self) -> Tuple[int, List[str]]:
        """(how many keys were read, those that lost an acknowledged write)"""
        wanted = [one for one in self.writers if one.acknowledged]
        follower = Follower(dict(enumerate(self.addresses)))
        lost = []
        for done, writer in enumerate(wanted):
            for left in reversed(range(_READ_BACK_TRIES)):
                try:
                    _, value = await follower.ask(["GET", writer.key])
                    break
                except NoAnswer:
                    if left == 0:
                        return done, lost
            if not isinstance(value, bytes) or not value.isdigit() or \
                    int(value) < writer.acknowledged:
                lost.append(writer.key)
        follower.close()
        return len(wanted), lost


def _quantile_ms(ordered_s: List[float], share: float) -> Optional[float]:
    if not ordered_s:
        return None
    return round(ordered_s[int(share * (len(ordered_s) - 1))] * 1000, 1)


def say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def told(line: str) -> Dict[str, Any]:
    """The facts of a line; none if it is something else."""
    try:
        facts = json.loads(line)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


async def _main(clients: int, addresses: List[str]) -> None:
    load = Load(clients, addresses)
    loop = asyncio.get_running_loop()

    def end() -> None:
        load.is_over = True
        for wire in list(load.asking):  # an answer may never come
            loop.call_later(_SILENCE_S, wire.transport.abort)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    print("ready", flush=True)  # to be told to end
    say(clients=clients, total=0, ops=0, p50_ms=None, p99_ms=None)
    await load.run()
    wanted = sum(1 for one in load.writers if one.acknowledged)
    read, lost = await load.read_back()
    say(acknowledged=sum(one.acknowledged for one in load.writers),
        keys=wanted, read=read, lost=lost)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2:]))
