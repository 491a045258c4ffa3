"""Words for the tests of lab 5: rules, clusters, answers, replicas."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, Awaitable, Callable, Dict, List, Sequence, Union

from conclave import APPLY, RESTORE, SNAPSHOT, START, Failure, RespError

# A node that is its whole cluster, and leads soon after it has started.
ALONE = {"heartbeat_ms": 20, "election_min_ms": 40, "election_max_ms": 80,
         "rpc_timeout_ms": 15, "segment_bytes": 65536, "snapshot_log_bytes": 0}
# A cluster that a busy machine does not unsettle.
BRISK = {"heartbeat_ms": 40, "election_min_ms": 160, "election_max_ms": 320,
         "rpc_timeout_ms": 35, "segment_bytes": 65536, "snapshot_log_bytes": 0}
# A leader whom the test follows, with time to keep answers back.
SLOW = {"heartbeat_ms": 1000, "election_min_ms": 2000,
        "election_max_ms": 4000, "rpc_timeout_ms": 990,
        "segment_bytes": 65536, "snapshot_log_bytes": 0}

SOON_S = 5.0     # for what an empty stage never does
HOUR_MS = 3_600_000

COMMANDS = "labs/5-kv/README.md, Part A: what each command does"
VERSIONS = "labs/5-kv/README.md, Part A: versions"
EXPIRY = "labs/5-kv/README.md, Part A: time is in the log"
STATE = "labs/5-kv/kv.h: the same entries make the same state on every node"
WRITES = "labs/5-kv/kv.h, await_kv: a write goes through the log"
ANSWERS = "handout/standin/boot.h, boot_answer_refusal"
FRONT = "handout/standin/kv_front.c"
TEXT = "docs/protocol.md, The text port"
READS = "Raft paper, section 8 (reads without an entry)"
ONCE = "labs/5-kv/session.h (Ongaro's thesis, section 6.3)"
BOUND = "labs/5-kv/session.h: the table is bounded by sessions_max"
COMPACT = "Raft paper, section 7 (Log compaction)"

# What a node says that does not lead, or has ceased to.
REFUSALS = ("MOVED", "CLUSTERDOWN", "LOST")


def word_of(reply: Any) -> str:
    """An error's first word; "" for an answer."""
    return str(reply).split(" ", 1)[0] if isinstance(reply, RespError) else ""


async def leader(c: Any, limit_s: float = SOON_S, among: Any = None) -> int:
    """Who leads: the node that executes a write."""
    kv = c.kv_client(among)
    with c.story.quiet():
        reply = await kv.run("SET", "who leads", "?", limit_s=limit_s)
    c.check(reply == b"OK", expected="SET is answered by OK",
            observed=repr(reply), rule=WRITES)
    c.note(f"node {kv.found} executes a SET: it leads")
    return kv.found


class Deposed(Failure):
    """An answer that is right if the node asked does not lead any more."""


def check_answer(c: Any, holds: Any, reply: Any, expected: str, observed: str,
                 rule: Any = None, node: Any = None) -> None:
    """c.check of an answer, where a refusal is a Failure of its own kind."""
    if not holds and word_of(reply) in REFUSALS:
        raise Deposed(expected, observed, rule=rule, node=node)
    c.check(holds, expected=expected, observed=observed, rule=rule, node=node)


class Lead:
    """Whoever leads, to be asked what may be asked twice.

        lead = await lead_of(c)
        await says(c, lead, b"1", "GET", "x")
        await c.kill(lead.node)

    On a busy machine leaders change by themselves: who is refused finds the
    next one and asks again. But only a leader that was deposed may refuse.
    """

    def __init__(self, c: Any):
        self.c = c
        self.node = 0    # who leads; 0: nobody was looked for yet
        self._term = 0   # the latest in which it was seen to

    async def find(self) -> int:
        """Who leads now."""
        self.node = await leader(self.c)
        await self.c.settle()
        self._term = max((term for term, who in
                          self.c.leaders_by_term().items()
                          if self.node in who), default=0)
        return self.node

    async def cmd(self, *words: Any) -> Any:
        """Its answer to a command."""
        while True:
            if not self.node or not self.c.serves(self.node):
                await self.find()
            reply = await self.c.cmd(self.node, *words)
            if word_of(reply) not in REFUSALS:
                return reply
            await self.was_deposed(Failure(
                f"node {self.node}, which leads, executes "
                f"{' '.join(str(one)[:40] for one in words)}",
                f"it answered {reply!r}, and nobody has been elected since",
                rule=ANSWERS, node=self.node))

    async def was_deposed(self, otherwise: Failure) -> None:
        """Finds who leads now. If there was no election since it was found
        last, that is a Failure."""
        old, term = self.node, self._term
        await self.find()
        if max(self.c.leaders_by_term()) <= term:
            raise otherwise
        self.c.note(f"node {old} was deposed, now node {self.node} leads")


async def lead_of(c: Any) -> Lead:
    """Whoever leads, found."""
    lead = Lead(c)
    await lead.find()
    return lead


async def in_one_reign(c: Any, act: Callable[[int, int], Awaitable[Any]]
                       ) -> Any:
    """What act(leader, turn) returns, while one node leads from its beginning
    to its end. If an election comes between, on a busy machine, it is begun
    anew, with the next turn."""
    lead = await lead_of(c)
    for turn in itertools.count():
        try:
            return await act(lead.node, turn)
        except Deposed as failure:
            await lead.was_deposed(failure)


Whom = Union[int, Lead]   # a node, or whoever leads


async def says(c: Any, whom: Whom, wanted: Any, *words: Any,
               rule: str = COMMANDS) -> Any:
    """A command, which must be answered so: by a value, or, for a string that
    begins with -, an error of that kind."""
    reply, node = await _ask(c, whom, words)
    if isinstance(wanted, str):
        holds = isinstance(reply, RespError) and \
            word_of(reply) == wanted[1:]
    else:
        holds = not isinstance(reply, RespError) and reply == wanted
    shown = " ".join(str(one)[:40] for one in words)
    check_answer(c, holds, reply, rule=rule, node=node,
                 expected=f"{shown} is answered by {str(wanted)[:60]}",
                 observed=f"node {node} answered {str(repr(reply))[:80]}")
    return reply


async def _ask(c: Any, whom: Whom, words: Sequence[Any]) -> "tuple[Any, int]":
    """An answer, and whose it is."""
    if isinstance(whom, int):
        return await c.cmd(whom, *words), whom
    reply = await whom.cmd(*words)
    return reply, whom.node


async def number(c: Any, whom: Whom, *words: Any, rule: str = COMMANDS) -> int:
    """A command that a number answers."""
    reply, node = await _ask(c, whom, words)
    check_answer(c, isinstance(reply, int), reply, rule=rule, node=node,
                 expected=f"{' '.join(map(str, words))} is answered by a "
                          "number",
                 observed=f"node {node} answered {reply!r}")
    return reply


async def version_of(c: Any, node: int, key: str, value: bytes) -> int:
    """The version of a key, which must have this value."""
    reply = await c.cmd(node, "GETM", key)
    c.check(isinstance(reply, list) and len(reply) == 2 and reply[0] == value
            and isinstance(reply[1], int) and reply[1] > 0,
            expected=f"GETM {key} is answered by {value!r} and a version",
            observed=f"node {node} answered {reply!r}", rule=VERSIONS,
            node=node)
    return reply[1]


def place_of(c: Any, node: int) -> int:
    """How far a node's state machine has come."""
    last = 0
    for act in c.acts(node):
        last = 0 if act.kind == START else max(last, act.index)
    return last


async def same_place(c: Any, nodes: Sequence[int] = ()) -> int:
    """Waits until all have applied equally much: that index."""
    chosen = list(nodes or [one for one in c.nodes if c.alive(one)])

    def level() -> int:
        places = {place_of(c, node) for node in chosen}
        return places.pop() if len(places) == 1 else 0

    return await c.until(level, what="all nodes have applied equally much",
                         rule=STATE)


async def equal_states(c: Any) -> None:
    """All nodes that run take a snapshot at one place. That they are the same,
    byte for byte, is judged by the rule snapshot-equal."""
    nodes = [node for node in c.nodes if c.alive(node)]
    for _ in range(20):
        await same_place(c, nodes)
        for node in nodes:
            await c.cmd(node, "SNAPSHOT")
        await c.settle()
        taken: Dict[int, int] = {}
        for node in nodes:
            acts = [act.index for act in c.acts(node)
                    if act.kind in (SNAPSHOT, RESTORE)]
            taken[node] = acts[-1] if acts else 0
        if len(set(taken.values())) == 1 and taken[nodes[0]] > 0:
            c.note(f"nodes {nodes} hold snapshots of entry {taken[nodes[0]]}")
            return
    c.check(False, expected="all nodes take a snapshot after the same entry",
            observed=f"they hold snapshots of entries {taken}", rule=STATE)


def applied(c: Any, node: int) -> List[Any]:
    """Entries that a node has ever applied."""
    return [act for act in c.acts(node) if act.kind == APPLY]


def others(c: Any, *left_out: int) -> List[int]:
    return [node for node in c.ids if node not in left_out]


async def restart_all(c: Any) -> None:
    """All lose their power, and start."""
    for node in c.nodes:
        if c.alive(node):
            await c.kill(node)
    await c.start()


async def overtaken_asleep(c: Any, old: int,
                           asks: Sequence[Callable[[], Awaitable[Any]]]
                           ) -> List[Any]:
    """The leader is stopped (SIGSTOP) and cut off while the others set x to
    "new", and goes on with what is asked at its door, before it hears from
    anybody. Its wall clock has jumped back meanwhile, as if no time had passed.
    What was answered."""
    await c.pause(old)
    await c.isolate(old)
    await c.kv_client(others(c, old)).set("x", "new")
    asked = [asyncio.ensure_future(ask()) for ask in asks]
    await c.sleep(20)
    await c.jump_wall(old, -HOUR_MS)
    await c.resume(old)
    await c.sleep(100)
    await c.heal()
    return await asyncio.gather(*asked)
