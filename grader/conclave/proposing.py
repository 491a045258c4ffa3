"""What labs 3 and later ask of a cluster: to agree on commands.

    done = await c.propose(1, b"x")     # one node is asked, once
    done = await c.commit(b"y")         # whoever leads is found; retried
    await c.all_applied()               # everywhere what was answered OK

Every command that a test proposes differs from all others in its first bytes,
so that an applied entry tells which proposal it is. What became of each is
kept, and all_applied holds all nodes to all of it: an answer [index, term] is a
promise that the command takes effect there, once, on every node.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import (TYPE_CHECKING, Any, Dict, Iterable, List, Optional,
                    Sequence, Set, Tuple)

from .client import describe_reply
from .failure import Failure, GraderError
from .patience import COMMAND_LIMIT_S, POLL_S, PROGRESS_LIMIT_S, Patience
from .record import APPLY, HEAD_BYTES, RESTORE, START, Act
from .resp import RespError

if TYPE_CHECKING:
    from .cluster import Cluster as _Cluster

_ANSWERS = "handout/standin/ledger_app.c, PROPOSE"
_ONCE = ("State Machine Safety (Raft paper, Figure 3; Figure 2, Rules for "
         "Servers, All Servers 1)")
_PROMISE = "Leader Completeness (Raft paper, Figure 3)"
_NOT_TAKEN = ("MOVED", "CLUSTERDOWN", "BUSY")
_SHOWN_BYTES = 24


@dataclass
class Proposal:
    """A command that was proposed, and what became of it."""

    data: bytes        # the command
    node: int          # who was asked
    outcome: str = ""  # OK, MOVED, CLUSTERDOWN, LOST, BUSY; GONE: the node was
                       # killed first; "": there is no answer yet
    index: int = 0     # of its entry, when OK
    term: int = 0      # of its entry, when OK
    text: str = ""     # the error's words

    @property
    def ok(self) -> bool:
        """Whether the node has said that it is committed."""
        return self.outcome == "OK"

    @property
    def shown(self) -> str:
        """The command, for people."""
        return name_of(self.data)


def name_of(data: bytes) -> str:
    """A command for people."""
    text = data[:_SHOWN_BYTES].decode(errors="replace")
    return f"'{text}'" + ("..." if len(data) > _SHOWN_BYTES else "")


class Proposing:
    """The part of a Cluster that deals with commands."""

    def __init__(self) -> None:
        super().__init__()
        self.proposals: List[Proposal] = []  # all of the test, in order
        self._proposed: Set[bytes] = set()   # their commands
        self._found = 0                      # who led when we last knew

    async def propose(self: "_Cluster", node: int, data: bytes,
                      timeout_s: Optional[float] = None) -> Proposal:
        """One PROPOSE to one node, and what it answers."""
        if data in self._proposed:
            raise GraderError(f"the test proposes {name_of(data)} twice")
        self._proposed.add(data)
        made = Proposal(data, node)
        self.proposals.append(made)
        reply = await self._ask(made, timeout_s, "PROPOSE", data)
        if isinstance(reply, list) and len(reply) == 2 \
                and all(isinstance(one, int) and one > 0 for one in reply):
            made.outcome = "OK"
            made.index, made.term = reply
        elif not made.outcome:
            raise Failure("PROPOSE is answered by [index, term], MOVED, "
                          "CLUSTERDOWN, LOST or BUSY", f"node {node} answered "
                          f"{describe_reply(reply)}", rule=_ANSWERS, node=node)
        return made

    async def confirm(self: "_Cluster", node: int,
                      timeout_s: Optional[float] = None) -> str:
        """One CONFIRM to one node: OK, or why it is not known to lead."""
        made = Proposal(b"", node)
        reply = await self._ask(made, timeout_s, "CONFIRM")
        if reply == b"OK" or reply == "OK":
            return "OK"
        if not made.outcome:
            raise Failure("CONFIRM is answered by OK, MOVED, CLUSTERDOWN or "
                          "LOST", f"node {node} answered "
                          f"{describe_reply(reply)}", rule=_ANSWERS, node=node)
        return made.outcome

    async def _ask(self: "_Cluster", made: Proposal,
                   timeout_s: Optional[float], *words: Any) -> Any:
        """A command whose errors are outcomes; so is the node's death."""
        life = self._node(made.node).process
        try:
            reply = await self.cmd(made.node, *words,
                                   timeout_s=timeout_s or COMMAND_LIMIT_S)
        except Failure as failure:
            if life is None or not life.ending:
                failure.hint = self._spec.hint or failure.hint
                raise
            made.outcome = "GONE"
            return None
        if isinstance(reply, RespError):
            made.text = str(reply)
            word = made.text.split(" ", 1)[0]
            made.outcome = word if word in (*_NOT_TAKEN, "LOST") else ""
        return reply

    async def commit(self: "_Cluster", data: bytes,
                     among: Optional[Sequence[int]] = None,
                     limit_s: Optional[float] = None) -> Proposal:
        """Proposes to whoever leads (among these nodes), as often as it takes.
        A second attempt is another command: its name begins with 2/, in
        front, because what was applied is known by its first bytes."""
        members = list(among if among is not None else self.nodes)
        patience = Patience(limit_s or PROGRESS_LIMIT_S)
        attempt = data
        tries = 1
        with self.story.quiet():
            while True:
                node = self._likely(members, tries)
                if node is not None:
                    made = await self.propose(node, attempt,
                                              patience.limit_s + 5)
                    if made.ok:
                        break
                    tries += 1
                    attempt = b"%d/" % tries + data
                    self._follow(made, members)
                if patience.over():
                    raise self._never_committed(data, tries, patience)
                await asyncio.sleep(POLL_S)
        self._found = made.node
        self.note(f"node {made.node} commits {made.shown} at index "
                  f"{made.index}, term {made.term}")
        return made

    def _likely(self: "_Cluster", members: List[int], tries: int
                ) -> Optional[int]:
        """Whom to ask: who led last, or else one after the other."""
        up = [node for node in members if self.alive(node)
              and self._node(node).serves
              and not self._node(node).process.paused]
        if self._found in up:
            return self._found
        return up[tries % len(up)] if up else None

    def _follow(self: "_Cluster", made: Proposal, members: List[int]) -> None:
        """Learns from a refusal where to ask next."""
        self._found = 0
        if made.outcome == "MOVED":
            address = made.text.split(" ")[-1]
            self._found = next((one for one in members if one != made.node
                                and self.address(one) == address), 0)

    def _never_committed(self, data: bytes, tries: int, patience: Patience
                         ) -> Failure:
        last = self.proposals[-1] if self.proposals else None
        said = f"; node {last.node} said last: {last.text or last.outcome}" \
            if last else ""
        return Failure(f"command {name_of(data)} is committed",
                       f"in {patience.limit_s:g} s and {tries - 1} attempts no "
                       f"node committed it{said}", rule=_PROMISE)

    # What nodes have applied

    def acts(self: "_Cluster", node: int) -> List[Act]:
        """What a node's host has recorded, all lives, each begun by a START."""
        return self.proxy.acts_of(node)

    def applied(self, node: int) -> List[Act]:
        """The entries that a node has applied since its latest start."""
        latest: List[Act] = []
        for act in self.acts(node):
            if act.kind == START:
                latest = []
            elif act.kind == APPLY:
                latest.append(act)
        return latest

    async def all_applied(self: "_Cluster",
                          nodes: Optional[Iterable[int]] = None,
                          limit_s: Optional[float] = None) -> None:
        """Waits until these nodes (all that run) have everything that was
        answered OK, and checks all that was ever applied."""
        chosen = list(nodes if nodes is not None else
                      [one for one in self.nodes if self.alive(one)])
        top = max((one for one in self.proposals if one.ok),
                  key=lambda one: one.index, default=None)
        if top is not None:
            patience = Patience(limit_s or PROGRESS_LIMIT_S)
            while True:
                late = [node for node in chosen
                        if _reached(self.acts(node)) < top.index]
                if not late or patience.over():
                    break
                await asyncio.sleep(POLL_S)
            if late:
                raise Failure(
                    f"node {late[0]} applies everything up to {top.shown}, "
                    f"which node {top.node} said is committed at index "
                    f"{top.index}", f"after {patience.limit_s:g} s it has "
                    f"applied {_reached(self.acts(late[0]))} entries",
                    rule=_PROMISE, node=late[0])
        self.check_applied()
        self.note(f"nodes {chosen} have applied all that was promised")

    def book(self: "_Cluster") -> List[bytes]:
        """The commands that take effect, in the order of the log: what was
        promised, and what was not, since its leader was deposed or killed
        first, but was seen to be applied all the same."""
        book = {one.index: one.data for one in self.proposals if one.ok}
        unknown = {(one.data[:HEAD_BYTES], len(one.data)): one.data
                   for one in self.proposals
                   if one.outcome in ("", "LOST", "GONE")}
        for node in self.nodes:
            for act in self.acts(node):
                data = unknown.get((act.head, act.size))
                if act.kind == APPLY and data is not None:
                    book.setdefault(act.index, data)
        return [book[index] for index in sorted(book)]

    def check_applied(self: "_Cluster") -> None:
        """Judges what was applied until now, on all nodes, in all lives."""
        book: Dict[int, Tuple[int, Act]] = {}
        for node in self.nodes:
            _check_order(node, self.acts(node))
            for act in self.acts(node):
                if act.kind == APPLY:
                    _check_same(node, act, book)
        where: Dict[Tuple[bytes, int], List[int]] = {}
        for index, (_, act) in book.items():
            where.setdefault((act.head, act.size), []).append(index)
        for made in self.proposals:
            _check_fate(made, book, where)


def _reached(acts: List[Act]) -> int:
    """The last entry that takes effect in the latest life."""
    last = 0
    for act in acts:
        last = 0 if act.kind == START else act.index
    return last


def _check_order(node: int, acts: List[Act]) -> None:
    """Every life applies 1, 2, 3 ..., or goes on behind a snapshot."""
    last = 0
    for act in acts:
        if act.kind == START:
            last = 0
        elif act.kind == RESTORE:
            last = act.index
        elif act.kind == APPLY:
            if act.index != last + 1:
                raise Failure(
                    f"node {node} applies every index once and in order: after "
                    f"{last} comes {last + 1}",
                    f"after {last} it applied "
                    + (f"index {act.index} again" if act.index <= last
                       else f"index {act.index}"),
                    rule=_ONCE, node=node,
                    hint="One coroutine applies, and last_applied moves before "
                         "the next entry is taken, even if applying waits.")
            last = act.index


def _check_same(node: int, act: Act, book: Dict[int, Tuple[int, Act]]) -> None:
    """Whoever applies an index applies the same entry there."""
    other, before = book.setdefault(act.index, (node, act))
    if (act.term, act.size, act.head) != (before.term, before.size,
                                          before.head):
        raise Failure(
            "no two nodes, nor two lives of one, apply different entries at "
            f"index {act.index}", f"node {other} applied "
            f"{name_of(before.head)} of term {before.term} there, and node "
            f"{node} {name_of(act.head)} of term {act.term}", rule=_ONCE,
            node=node)


def _check_fate(made: Proposal, book: Dict[int, Tuple[int, Act]],
                where: Dict[Tuple[bytes, int], List[int]]) -> None:
    """What became of a proposal is what its proposer was told."""
    found = where.get((made.data[:HEAD_BYTES], len(made.data)), [])
    if len(found) > 1:
        raise Failure(f"command {made.shown}, proposed once, takes effect once",
                      f"it was applied at indexes {found[0]} and {found[1]}",
                      rule=_ONCE)
    if found and made.outcome in _NOT_TAKEN:
        raise Failure(f"command {made.shown} is in no log: node {made.node} "
                      f"answered {made.outcome}, which says that it was not "
                      "taken", f"it was applied at index {found[0]}",
                      rule=_ANSWERS)
    if made.ok and made.index in book:
        _, act = book[made.index]
        if found != [made.index] or act.term != made.term:
            raise Failure(
                f"command {made.shown} takes effect at index {made.index} of "
                f"term {made.term}: node {made.node} said that it is committed "
                "there", f"applied at index {made.index} was "
                f"{name_of(act.head) if act.size else 'a no-op'} of term "
                f"{act.term}", rule=_PROMISE, node=made.node)
