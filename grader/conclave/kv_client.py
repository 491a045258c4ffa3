"""What lab 5 asks of a cluster: a store's clients, who write down what they see.

    kv = c.kv_client()               # finds who leads, tries again
    await kv.set("x", "1")
    assert await kv.get("x") == b"1"
    await kv.open_session()          # from now on each write is done once
    await kv.incr("n")
    reply = await kv.ask(2, "GET", "x")      # one node, asked once

When the test is over, what all clients saw is judged by the checker of
docs/checking.md. Without a session, an attempt that got no answer is an
operation of its own that may take effect; within one, all attempts are one.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import (TYPE_CHECKING, Any, List, Optional, Sequence, Set, Tuple)

from .client import describe, describe_reply
from .failure import Failure
from .kv_history import (NOT_DONE, READS, UNKNOWN, History, Operation,
                         called_us, failure_of, kind_of)
from .patience import COMMAND_LIMIT_S, POLL_S, PROGRESS_LIMIT_S, Patience
from .resp import Word
from .story import MAX_TEXT

if TYPE_CHECKING:
    from .cluster import Cluster as _Cluster

_RULE = "labs/5-kv/README.md, Part B"
_ONCE = ("a request of a session is done once, and its answer is the first "
         "one's (Ongaro's thesis, section 6.3)")
_ANSWER_S = 1.0   # for one attempt, until another node is asked
_IN_HISTORY = (*READS, "SET", "DEL", "INCRBY", "APPEND", "CAS")
_OF_MANY_KEYS = ("MGET", "EXISTS", "DEL")
GONE = "GONE"     # instead of a reply: the node was killed before it answered


class Storing:
    """The part of a Cluster that deals with a store's clients."""

    def __init__(self) -> None:
        super().__init__()
        self.history = History()     # what all clients saw
        self.checker: Any = None     # the program that judges it
        self.mortal: Set[Word] = set()   # keys that were set to expire
        self._kv_clients: List["KvClient"] = []

    def kv_client(self: "_Cluster", among: Optional[Sequence[int]] = None
                  ) -> "KvClient":
        """A client of all nodes, or of these."""
        made = KvClient(self, len(self._kv_clients) + 1, among)
        self._kv_clients.append(made)
        return made

    def check_history(self: "_Cluster") -> None:
        """A Failure unless some store could have given all those answers."""
        for one in self._kv_clients:
            one.give_up()
        reasons = self.history.judge(self.checker)
        if not reasons:
            return
        now_s = asyncio.get_running_loop().time()
        for reason in reasons:
            # Beside the operation itself, where the steps have a time.
            at_us = called_us(reason)
            ago_ms = 0.0 if at_us is None else now_s * 1000 - at_us / 1000
            text = reason if at_us is None else "unexplained:" + reason
            # Not by add: this is said however long the story is.
            self.story.steps.append((self.now_ms() - ago_ms, text[:MAX_TEXT]))
        raise failure_of(reasons)


class KvClient:
    """One client: it waits for each answer before it asks the next thing."""

    def __init__(self, c: "_Cluster", number: int,
                 among: Optional[Sequence[int]]):
        self.c = c
        self.number = number
        self.members = list(among if among is not None else c.nodes)
        self.session = 0     # of its writes; 0: none
        self.sequence = 0    # of the latest of them
        self.answer_s = _ANSWER_S
        self.found = 0      # who answered last
        self._turn = itertools.count(number)
        self._asked: Set["asyncio.Task[Any]"] = set()

    # One node, once

    async def ask(self, node: int, *words: Word,
                  timeout_s: Optional[float] = None) -> Any:
        """Its reply; GONE if it was killed first. Part of the history."""
        one = self._call(words)
        reply = await self._cmd(node, words, timeout_s)
        self._done(one, reply)
        return reply

    async def _cmd(self, node: int, words: Sequence[Word],
                   timeout_s: Optional[float]) -> Any:
        life = self.c._node(node).process
        try:
            return await self.c.cmd(node, *words,
                                    timeout_s=timeout_s or COMMAND_LIMIT_S)
        except Failure:
            if life is None or not life.ending:
                raise
            return GONE

    def _call(self, words: Sequence[Word]) -> Optional[Operation]:
        """Notes what is asked, but not of keys that were ever set to expire:
        the checker knows no time."""
        name = str(words[0])
        keys = words[1:] if name in _OF_MANY_KEYS else words[1:2]
        if name == "SET" and len(words) > 3:
            self.c.mortal.update(keys)
        if name not in _IN_HISTORY or not self.c.mortal.isdisjoint(keys):
            return None
        return self.c.history.call(self.number, *words)

    def _done(self, one: Optional[Operation], reply: Any) -> None:
        if one is not None and reply is not GONE:
            self.c.history.done(one, reply)

    # Whoever leads, as often as it takes

    async def run(self, *words: Word, limit_s: float = PROGRESS_LIMIT_S) -> Any:
        """Executes a command: its answer, or an error that is one."""
        in_session = self.session > 0 and str(words[0]) not in (
            *READS, "TTL", "DBSIZE", "SESSION")
        if in_session:
            self.sequence += 1
        patience = Patience(limit_s)
        one = self._call(words) if in_session else None
        sent: Tuple[Word, ...] = tuple(words)
        if in_session:
            sent = ("REQ", self.session, self.sequence, *words)
        told: List[Any] = []       # by all attempts of a session's request
        last: Any = "no node could be asked"
        while not patience.over():
            node = self._likely()
            if node is not None:
                last = await self._attempt(node, sent, one, told)
                if kind_of(last) not in (*NOT_DONE, *UNKNOWN) \
                        and last is not GONE:
                    self.found = node
                    return last
                self._follow(node, last)
                if kind_of(last) == "NOSESSION":
                    self._done(one, last)
                    return last
            await asyncio.sleep(POLL_S)
        raise Failure(f"the store executes {describe(words)}",
                      f"it was not executed in {limit_s:g} s; the last answer "
                      f"was {describe_reply(last)}", rule=_RULE,
                      hint="What await_kv returns is what a client is told "
                           "(boot_answer_refusal): PROPOSED_NOT_LEADER comes "
                           "out as MOVED, or as CLUSTERDOWN where no other "
                           "leader is known, PROPOSED_LOST as LOST.")

    async def _attempt(self, node: int, sent: Sequence[Word],
                       one: Optional[Operation], told: List[Any]) -> Any:
        """Asks, and waits for a while; the answer may come later yet."""
        mine = one or self._call(sent)
        task = asyncio.ensure_future(self._hear(node, sent, mine, told,
                                                one is not None))
        self._asked.add(task)
        done, _ = await asyncio.wait({task}, timeout=self.answer_s)
        if not done:
            return GONE
        self._asked.discard(task)
        return task.result()

    async def _hear(self, node: int, sent: Sequence[Word],
                    one: Optional[Operation], told: List[Any],
                    is_shared: bool) -> Any:
        reply = await self._cmd(node, sent, None)
        kind = kind_of(reply)
        if not is_shared:
            self._done(one, reply)
        elif kind not in (*NOT_DONE, *UNKNOWN) and reply is not GONE:
            self._agree(node, sent, told, reply)
            if one is not None and one.return_us < 0:
                self._done(one, reply)
        return reply

    def _agree(self, node: int, sent: Sequence[Word], told: List[Any],
               reply: Any) -> None:
        if told and told[0] != reply:
            self.c.fault(Failure(
                f"{describe(sent)} is answered as before: "
                f"{describe_reply(told[0])}", f"node {node} answered "
                f"{describe_reply(reply)}", rule=_ONCE, node=node))
        told.append(reply)

    def _likely(self) -> Optional[int]:
        """Who answered last, or else one after the other."""
        up = [node for node in self.members if self.c.serves(node)]
        if self.found in up:
            return self.found
        return up[next(self._turn) % len(up)] if up else None

    def _follow(self, node: int, reply: Any) -> None:
        """Learns from a refusal where to ask next."""
        self.found = 0
        if kind_of(reply) == "MOVED":
            address = str(reply).split(" ")[-1]
            self.found = next((one for one in self.members if one != node
                                and self.c.address(one) == address), 0)

    def give_up(self) -> None:
        """Waits no longer for what was not answered."""
        for task in self._asked:
            task.cancel()

    # Words

    async def open_session(self) -> int:
        """From now on each write is done once, however often it is sent."""
        self.session = 0
        number = await self.run("SESSION")
        self.c.check(isinstance(number, int) and number > 0,
                     expected="SESSION is answered by a session's number",
                     observed=describe_reply(number), rule=_ONCE)
        self.session, self.sequence = number, 0
        return number

    async def set(self, key: Word, value: Word) -> Any:
        return await self.run("SET", key, value)

    async def get(self, key: Word) -> Any:
        return await self.run("GET", key)

    async def getm(self, key: Word) -> Any:
        """[value, version], or None."""
        return await self.run("GETM", key)

    async def cas(self, key: Word, version: int, value: Word) -> Any:
        """The new version, or an error VERSION."""
        return await self.run("CAS", key, version, value)

    async def delete(self, key: Word) -> Any:
        return await self.run("DEL", key)

    async def incr(self, key: Word, amount: int = 1) -> Any:
        return await self.run("INCRBY", key, amount)

    async def append(self, key: Word, value: Word) -> Any:
        return await self.run("APPEND", key, value)
