"""Seats around one node that speak Raft: leaders, candidates, followers.

    two, three = await sit(c, 2, 3)               # node 1's peers
    msg = await two.append(term=2, entries=[(2, b"x")])

    two, three = await follow(c, 2, 3)            # they grant, store, answer
    term = await leads(c, two, three)
    two.holding = True                            # from now on nobody answers

A Follower does what Figure 2 says, but for what a test forbids it: holding
(answers wait in its hands), most (it stores no further than that index).
"""

from __future__ import annotations

import asyncio
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .failure import Failure
from .frames import Frame, Method
from .patience import PROGRESS_LIMIT_S
from .peer import PeerStream

Entry = Tuple[int, bytes]   # term, command

_LONG_S = 600.0   # a seat waits for as long as its test lasts
_RULES = "Raft paper, Figure 2, Rules for Servers, Candidates 2"


class Seat:
    """One peer's place: it asks the node, and is asked by it."""

    def __init__(self, c: Any, number: int, node: int):
        self.c = c
        self.id = number
        self.node = node
        self._calls = 0
        self._replies: Dict[int, Frame] = {}   # that came before their turn

    async def sit(self, limit_s: float = PROGRESS_LIMIT_S) -> None:
        """Takes the place. A node that has dialled its peers is ready."""
        self.peer = await self.c.peer(self.id)
        self.asked_on: PeerStream = await self.peer.accept(self.node, limit_s)
        self.ask_on: PeerStream = await self.peer.dial(self.node)

    # It asks

    async def send(self, method: int, **fields: Any) -> int:
        """A request to the node: the number by which answer finds it."""
        self._calls += 1
        await self.ask_on.request(method, self._calls, **fields)
        return self._calls

    async def answer_to(self, call: int) -> Dict[str, Any]:
        """The fields of the reply to a request that was sent."""
        msg = await self.outcome_of(call)
        if msg["outcome"] != 0:
            raise Failure(f"node {self.node} answers node {self.id}'s request",
                          f"outcome {msg['outcome']}: {msg.get('text', '')}",
                          node=self.node,
                          hint="Is the handler registered, and does it return "
                               "OK whether or not it says yes?")
        return msg

    async def outcome_of(self, call: int) -> Dict[str, Any]:
        """The same, but an outcome other than 0 is an answer too."""
        while call not in self._replies:
            reply = await self.ask_on.recv_of("REPLY")
            self._replies[reply.call_id] = reply
        return self._replies.pop(call).msg or \
            {"outcome": "bytes that do not decode"}

    async def ask(self, method: int, **fields: Any) -> Dict[str, Any]:
        """One request to the node, and the reply's fields."""
        return await self.answer_to(await self.send(method, **fields))

    async def ask_vote(self, term: int, index: int = 0, last_term: int = 0
                       ) -> Dict[str, Any]:
        """RequestVote for oneself, with a log that ends so."""
        msg = await self.ask(Method.REQUEST_VOTE, term=term, candidate=self.id,
                             last_log_index=index, last_log_term=last_term)
        self.c.note(f"node {self.id} asks for a vote in term {term} (last "
                    f"entry {index} of term {last_term}): "
                    f"{'granted' if msg['granted'] else 'refused'}, term "
                    f"{msg['term']}")
        return msg

    async def send_append(self, term: int, prev: int = 0, prev_term: int = 0,
                          entries: Sequence[Entry] = (), commit: int = 0
                          ) -> int:
        """AppendEntries as leader of a term, not waiting for the answer."""
        return await self.send(
            Method.APPEND_ENTRIES, term=term, leader=self.id,
            prev_log_index=prev, prev_log_term=prev_term,
            entries=list(entries), leader_commit=commit)

    async def append(self, term: int, prev: int = 0, prev_term: int = 0,
                     entries: Sequence[Entry] = (), commit: int = 0
                     ) -> Dict[str, Any]:
        """AppendEntries as leader of a term, and its answer."""
        msg = await self.answer_to(await self.send_append(
            term, prev, prev_term, entries, commit))
        said = f"stored up to {msg['match_index']}" if msg["success"] else \
            f"refused, look at {msg['conflict_index']} (term " \
            f"{msg['conflict_term']})"
        what = f"entries {prev + 1} to {prev + len(entries)}" if entries \
            else "a heartbeat"
        self.c.note(f"node {self.id}, leader of term {term}, sends {what} "
                    f"behind entry {prev} of term {prev_term}, commit "
                    f"{commit}: {said}, term {msg['term']}")
        return msg

    async def give(self, term: int, prev: int = 0, prev_term: int = 0,
                   entries: Sequence[Entry] = (), commit: int = 0) -> None:
        """Has the node store entries, in as many steps as it likes to take;
        a Failure if it does not."""
        left = list(entries)
        while True:
            msg = await self.append(term, prev, prev_term, left, commit)
            match = msg["match_index"]
            if not msg["success"] or not prev <= match <= prev + len(left) \
                    or (left and match == prev):
                raise Failure(
                    f"node {self.node} stores what fits behind its entry "
                    f"{prev} of term {prev_term}: success, and match_index "
                    f"{prev + len(left)}",
                    f"match_index {match}" if msg["success"] else
                    f"refused, in term {msg['term']}", node=self.node,
                    rule="Raft paper, Figure 2, AppendEntries RPC, Receiver")
            done, left = left[:match - prev], left[match - prev:]
            if not left:
                return
            prev, prev_term = match, done[-1][0]

    async def has(self, term: int, index: int, entry_term: int) -> bool:
        """Whether the node's log matches there: a heartbeat asks. A node that
        refuses because it knows the entry for certain has another one."""
        msg = await self.outcome_of(await self.send_append(term, index,
                                                           entry_term))
        return bool(msg.get("success"))

    # It is asked

    async def asked(self, method: Optional[int] = None,
                    limit_s: Optional[float] = None) -> Frame:
        """The next request of the node (of a method)."""
        while True:
            try:
                frame = await self.asked_on.recv_of("REQUEST", limit_s)
            except Failure as failure:
                failure.rule = None  # silence breaks the test's own rule
                raise
            if frame.msg and (method is None or frame.method == method):
                return frame


class Follower(Seat):
    """A seat that votes for the node, stores what it sends and says so."""

    def __init__(self, c: Any, number: int, node: int,
                 log: Sequence[Entry] = ()):
        super().__init__(c, number, node)
        self.log: List[Entry] = list(log)
        self.term = 0
        self.votes = True               # grants what it is asked for
        self.holding = False            # answers no AppendEntries
        self.most: Optional[int] = None # stores nothing behind this index
        self.held: List[Frame] = []     # AppendEntries not answered
        self.appends: List[Frame] = []  # all that came, in order
        self.vote_requests: List[Frame] = []
        self.refused = 0                # AppendEntries that did not match
        self._task: Optional["asyncio.Task[None]"] = None

    def follow(self) -> None:
        """From now on it answers by itself."""
        self._task = asyncio.ensure_future(self._serve())

    async def _serve(self) -> None:
        while True:
            try:
                frame = await self.asked_on.recv_of("REQUEST", _LONG_S)
                await self._take(frame)
            except Failure:
                try:
                    self.asked_on = await self.peer.accept(self.node, _LONG_S)
                except Failure:
                    return

    async def _take(self, frame: Frame) -> None:
        if frame.msg is None:
            return
        if frame.method == Method.REQUEST_VOTE:
            self.vote_requests.append(frame)
            grants = self.votes and frame.msg["term"] >= self.term
            self.term = max(self.term, frame.msg["term"])
            await self.asked_on.reply(frame, term=self.term, granted=grants)
        elif frame.method == Method.APPEND_ENTRIES:
            self.appends.append(frame)
            if self.holding:
                self.held.append(frame)
            else:
                await self.answer(frame)

    async def release(self) -> None:
        """Answers everything that was held, in order, and goes on."""
        self.holding = False
        held, self.held = self.held, []
        for frame in held:
            await self.answer(frame)

    async def answer(self, frame: Frame) -> None:
        """Figure 2's answer to one AppendEntries."""
        msg = frame.msg or {}
        self.term = max(self.term, msg["term"])
        prev = msg["prev_log_index"]
        if msg["term"] < self.term:
            await self.asked_on.reply(frame, term=self.term, success=False)
            return
        if prev > len(self.log) or (
                prev and self.log[prev - 1][0] != msg["prev_log_term"]):
            self.refused += 1
            index, term = self._conflict(prev)
            await self.asked_on.reply(frame, term=self.term, success=False,
                                      conflict_index=index, conflict_term=term)
            return
        match = prev
        for entry in msg["entries"]:
            if self.most is not None and match >= self.most:
                break
            if match == len(self.log) or self.log[match][0] != entry[0]:
                self.log[match:] = [entry]
            match += 1
        await self.asked_on.reply(frame, term=self.term, success=True,
                                  match_index=match)

    def _conflict(self, prev: int) -> Tuple[int, int]:
        """docs/protocol.md: where the leader should look next, and why."""
        if prev > len(self.log):
            return len(self.log) + 1, 0
        term = self.log[prev - 1][0]
        first = prev
        while first > 1 and self.log[first - 2][0] == term:
            first -= 1
        return first, term

    # What it has seen

    def sent_since(self, start: int = 0, term: int = 0) -> List[Dict[str, Any]]:
        """The AppendEntries (of a term) that came, from a place on."""
        return [one.msg for one in self.appends[start:]
                if one.msg and (not term or one.msg["term"] == term)]

    def told_commit(self, term: int = 0) -> int:
        """The highest leader_commit that it was told (in a term)."""
        return max((msg["leader_commit"] for msg in self.sent_since(0, term)),
                   default=0)

    def index_of(self, data: bytes) -> int:
        """Where its log holds a command; 0: nowhere."""
        return next((place for place, (_, held) in enumerate(self.log, 1)
                     if held == data), 0)


async def sit(c: Any, *seats: int, node: int = 1, limit_s: float = 10.0
              ) -> List[Seat]:
    """Takes several places around one node; nothing is answered."""
    taken = [Seat(c, seat, node) for seat in seats]
    for one in taken:
        await one.sit(limit_s)
    return taken


async def follow(c: Any, *seats: int, node: int = 1, limit_s: float = 10.0,
                 logs: Optional[Dict[int, Sequence[Entry]]] = None
                 ) -> List[Follower]:
    """Takes several places around one node, whose candidacy they support."""
    taken = [Follower(c, seat, node, (logs or {}).get(seat, ()))
             for seat in seats]
    for one in taken:
        await one.sit(limit_s)
    for one in taken:
        one.follow()
    return taken


async def leads(c: Any, *seats: Follower, above_term: int = 0,
                limit_s: float = 10.0) -> int:
    """Waits until the node has sent AppendEntries of a new term to each of
    these seats: the term."""
    node = seats[0].node

    def found() -> int:
        tops = [max((msg["term"] for msg in one.sent_since()), default=0)
                for one in seats]
        return min(tops) if min(tops) > above_term else 0

    term = await c.until(found, limit_s=limit_s, rule=_RULES,
                         what=f"node {node}, which has the votes it needs, "
                              "sends AppendEntries to every peer",
                         hint="The election stage calls replication_lead once "
                              "for each term that it wins.")
    return int(term)
