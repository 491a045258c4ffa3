"""The demo as a client of its own cluster: what it asks for whoever types, and
what the view knows of each node.

A Follower finds the leader as any client does: it asks a node, and goes where
MOVED sends it. Its writes go through a session of the store's, so that asking
again after a leader's death does nothing twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

from . import ports
from .patience import within
from .resp import BadReply, Connection, RespError

ANSWER_LIMIT_S = 10.0     # until we tell that nobody answers, unless told else
_ATTEMPT_S = 1.5          # one node's chance
_PAUSE_S = 0.1            # before the next one's
_STATUS_S = 0.6           # for a node to say how it is
_KEYS_S = 1.0             # for a leader to count its keys over slow links
_BROKEN = (OSError, EOFError, BadReply, asyncio.TimeoutError)

WRITES = {"SET", "DEL", "INCRBY", "INCR", "APPEND", "CAS"}
READS = {"GET", "GETM", "MGET", "EXISTS", "TTL", "DBSIZE"}


class NoAnswer(Exception):
    """No node answered in time; one sentence."""


class Line:
    """A connection to one address, opened anew whenever it broke."""

    def __init__(self, address: str):
        self.address = address
        self._lock = asyncio.Lock()   # one asks at a time
        self._connection: Optional[Connection] = None

    async def ask(self, limit_s: float, *words: Any) -> Any:
        """One command's reply; one of _BROKEN if there is none."""
        async with self._lock:
            try:
                return await within(limit_s, self._ask(*words))
            except _BROKEN:
                self.close()
                raise

    async def _ask(self, *words: Any) -> Any:
        if self._connection is not None and self._connection.reader.at_eof():
            self.close()          # the node has been started again, say
        if self._connection is None:
            self._connection = await Connection.open(
                *ports.split(self.address))
        reply = await self._connection.cmd(*words)
        if str(words[0]).upper() == "QUIT":
            self.close()          # as the node does, a little later perhaps
        return reply

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Whom:
    """Which node a client asks next: the one that was named as leader, or else
    one after the other.

    A silent node is not asked again because another one names it: a follower
    that was cut off along with its leader names that leader for ever. It is
    asked again when its turn comes.
    """

    def __init__(self, nodes: Sequence[int], first: int):
        self._nodes = list(nodes)
        self._silent: Set[int] = set()
        self.node = first

    def silent(self) -> None:
        """The node gave no answer."""
        self._silent.add(self.node)
        self.next()

    def named(self, leader: int) -> None:
        """The node says who leads."""
        if leader in self._silent:
            self.next()
        else:
            self.node = leader

    def next(self) -> None:
        """The node knows of no leader."""
        place = self._nodes.index(self.node) + 1
        self.node = self._nodes[place % len(self._nodes)]
        self._silent.discard(self.node)


class Follower:
    """Asks the leader, whoever that is."""

    def __init__(self, addresses: Dict[int, str]):
        self._lines = {node: Line(address)
                       for node, address in addresses.items()}
        self._ids = {address: node for node, address in addresses.items()}
        self.limit_s = ANSWER_LIMIT_S
        self._whom = Whom(sorted(addresses), min(addresses))
        self._session = 0
        self._sequence = 0

    async def ask(self, words: Sequence[str]) -> Tuple[int, Any]:
        """(who answered, the reply). NoAnswer after limit_s."""
        if words[0].upper() not in WRITES:
            return await self._insist(words)
        for _ in range(2):            # a session may have been forgotten
            if not self._session:
                _, opened = await self._insist(["SESSION"])
                if not isinstance(opened, int):  # a student's, without any
                    return await self._insist(words)
                self._session, self._sequence = opened, 0
            self._sequence += 1
            node, reply = await self._insist(
                ["REQ", str(self._session), str(self._sequence), *words])
            if not _begins(reply, "NOSESSION"):
                return node, reply
            self._session = 0
        return node, reply

    async def ask_one(self, node: int, words: Sequence[str]) -> Any:
        """What one node says, wherever the leader is. NoAnswer."""
        try:
            return await self._lines[node].ask(_ATTEMPT_S * 2, *words)
        except _BROKEN:
            raise NoAnswer(f"node {node} does not answer") from None

    async def _insist(self, words: Sequence[str]) -> Tuple[int, Any]:
        loop = asyncio.get_running_loop()
        over_s = loop.time() + self.limit_s
        last = ""
        while loop.time() < over_s:
            node = self._whom.node
            try:
                reply = await self._lines[node].ask(_ATTEMPT_S, *words)
            except _BROKEN:
                last = f"node {node} does not answer"
                self._whom.silent()
            else:
                if _begins(reply, "MOVED"):
                    leader = self._ids.get(reply.split()[-1], node)
                    last = f"node {node} names node {leader} as leader"
                    self._whom.named(leader)
                elif _begins(reply, "CLUSTERDOWN", "LOST", "BUSY"):
                    last = f"node {node} says: {reply}"
                    self._whom.next()
                else:
                    return node, reply
            await asyncio.sleep(_PAUSE_S)
        raise NoAnswer(f"no answer within {self.limit_s:g} s ({last}); is "
                       "there a majority that can talk?")

    def close(self) -> None:
        for line in self._lines.values():
            line.close()


def _begins(reply: Any, *words: str) -> bool:
    return isinstance(reply, RespError) and reply.split(" ")[0] in words


@dataclass
class Health:
    """What a node said of itself the last time."""

    answers: bool = False
    role: str = ""
    term: int = 0
    leader: int = 0
    commit: int = 0
    applied: int = 0
    keys: Optional[int] = None     # None: it did not say
    serves: bool = False           # as a leader: a majority follows it


@dataclass
class Watch:
    """Asks every node how it is, again and again."""

    addresses: Dict[int, str]
    is_up: Callable[[int], bool]   # whether a node can answer at all
    health: Dict[int, Health] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lines = {node: Line(address)
                       for node, address in self.addresses.items()}
        self.health = {node: Health() for node in self.addresses}

    async def look(self) -> None:
        await asyncio.gather(*(self._look(node) for node in self.addresses))

    async def _look(self, node: int) -> None:
        health = self.health[node]
        if not self.is_up(node):
            health.answers = False
            self._lines[node].close()
            return
        try:
            told = _pairs(await self._lines[node].ask(_STATUS_S, "STATUS"))
        except _BROKEN:
            health.answers = False
            return
        serves, keys = await self._serves(node, told)
        self.health[node] = Health(
            True, str(told.get("role", "?")), _number(told.get("term")),
            _number(told.get("leader")), _number(told.get("commit")),
            _number(told.get("applied")), keys, serves)

    async def _serves(self, node: int, told: Dict[str, Any]
                      ) -> Tuple[bool, Optional[int]]:
        """Whether a node serves as the leader, and how many keys it holds. A
        leader that is cut off says that it leads, but answers no read."""
        if told.get("role") != "leader":
            return False, None
        try:
            keys = await self._lines[node].ask(_KEYS_S, "DBSIZE")
        except _BROKEN:
            return False, None
        return not _begins(keys, "MOVED", "CLUSTERDOWN", "LOST"), \
            keys if isinstance(keys, int) else None

    def leader(self) -> int:
        """The leader of the latest term that serves; 0: there is none."""
        leaders = [(health.term, node) for node, health in self.health.items()
                   if health.answers and health.serves and self.is_up(node)]
        return max(leaders)[1] if leaders else 0

    def close(self) -> None:
        for line in self._lines.values():
            line.close()


def _pairs(reply: Any) -> Dict[str, Any]:
    """Names and values from a STATUS; nothing if it is none."""
    if not isinstance(reply, list) or len(reply) % 2:
        return {}
    words: List[Any] = [one.decode(errors="replace")
                        if isinstance(one, bytes) else one for one in reply]
    return dict(zip(words[::2], words[1::2]))


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
