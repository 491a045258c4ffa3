"""Words for the tests of leases: rules, clusters, who promises, what holds.

Times. With WATCH and LED the shortest election timeout is 2000 ms, and clocks
may drift by 10 %, so that a lease lasts 2000 * 0.9 / 1.1 = 1636 ms. Tests that
look at such times run in the simulated world only, where the nodes' clocks and
the test's are one, a message takes a millisecond or two, and computing takes no
time at all. NEAR_MS is what they allow beside that.
"""

from __future__ import annotations

import asyncio
from typing import Any, List, Optional, Sequence

from conclave import Follower, Method, RespError, follow, leads

from conclave_lab_5_kv.tests_words import says

# A voter that never campaigns while the test talks to it, and whose promise
# outlasts the test.
CALM = {"heartbeat_ms": 50, "election_min_ms": 60000,
        "election_max_ms": 120000, "rpc_timeout_ms": 40,
        "snapshot_log_bytes": 0}
# A voter whose promises end; it hardly ever campaigns.
WATCH = {"heartbeat_ms": 500, "election_min_ms": 2000,
         "election_max_ms": 3600000, "rpc_timeout_ms": 400,
         "snapshot_log_bytes": 0}
# A leader whom the test follows, with time to keep answers back.
LED = {"heartbeat_ms": 1000, "election_min_ms": 2000,
       "election_max_ms": 4000, "rpc_timeout_ms": 990,
       "snapshot_log_bytes": 0}

PROMISE_MS = 2000   # of WATCH and LED
LEASE_MS = 1636     # of LED
NEAR_MS = 60        # see above
LONG_MS = 2500      # after this, no promise and no lease of before is left

PROMISE = ("a voter that hears a leader helps no other into office (Ongaro's "
           "thesis, sections 4.2.3 and 6.4.1)")
ENDS = ("labs/6-lease/README.md, Part A: a promise lasts for election_min_ms "
        "of the voter's clock")
TOLD = ("Raft paper, Figure 2, State: persistent state is updated on stable "
        "storage before responding to RPCs")
LEASE = ("labs/6-lease/README.md, Part B: a lease ends before the promises "
         "that it rests on")
NO_ROUND = ("labs/6-lease/lease.h, lease_holds: while it holds, a read needs "
            "no round")
READS = "Raft paper, section 8 (reads without an entry), and lease.h"
PROGRESS = "a leader that is gone is replaced (Raft paper, section 5.2)"


# ---- The voter -------------------------------------------------------------

async def refused(c: Any, seat: Any, term: int, own_term: int, why: str,
                  rule: str = PROMISE) -> None:
    """The node does not vote, and stays in its term."""
    msg = await seat.ask_vote(term, 99, term - 1)
    c.check(not msg["granted"], expected="the vote is refused: " + why,
            observed=f"node {seat.node} grants it, in term {msg['term']}",
            rule=rule, node=seat.node)
    c.check(msg["term"] == own_term,
            expected=f"node {seat.node} refuses in its own term, {own_term}",
            observed=f"in term {msg['term']}", rule=rule, node=seat.node,
            hint="A candidate's term must not be adopted while a leader is "
                 "heard: the leader would be deposed by it.")


async def granted(c: Any, seat: Any, term: int, why: str,
                  hint: Optional[str] = None) -> None:
    """The node votes."""
    msg = await seat.ask_vote(term, 99, term - 1)
    c.check(msg["granted"] and msg["term"] == term,
            expected=f"the vote is granted, in term {term}: {why}",
            observed=f"{'granted' if msg['granted'] else 'refused'}, in term "
                     f"{msg['term']}", rule=ENDS, node=seat.node, hint=hint)


async def until_ms(c: Any, at_ms: float) -> None:
    """Sleeps until a time of c.now_ms."""
    if at_ms > c.now_ms():
        await c.sleep(at_ms - c.now_ms())


# ---- The leader ------------------------------------------------------------

async def led(c: Any, *seats: int) -> List[Follower]:
    """Seats that node 1 leads, and that hold all it has; x is '1'."""
    taken = await follow(c, *seats)
    await leads(c, *taken, limit_s=20)
    await says(c, 1, b"OK", "SET", "x", "1", rule=READS)
    return taken


def appends(c: Any, since: int = 0) -> List[Any]:
    """The AppendEntries in the record, from a place in it on."""
    return [one for one in c.frames[since:] if one.type == "REQUEST"
            and one.method == Method.APPEND_ENTRIES and one.msg]


def answered_ms(c: Any, seat: Follower) -> float:
    """When the latest AppendEntries was sent that a seat has answered."""
    answered = {(one.stream, one.call_id) for one in c.frames
                if one.type == "REPLY" and one.frm == seat.id}
    return max((one.time_us for one in appends(c) if one.to == seat.id
                and (one.stream, one.call_id) in answered), default=0) / 1000


def lease_ms(c: Any) -> float:
    """How long a lease lasts with the configuration of this test."""
    drift = c.config["clock_drift_percent"]
    return c.config["election_min_ms"] * (100 - drift) / (100 + drift)


def silence(c: Any, *seats: Follower) -> float:
    """The voters answer nothing from now on. When the lease began that they
    leave behind, if one of them is enough for a majority."""
    for seat in seats:
        seat.holding = True
    began_ms = max(answered_ms(c, one) for one in seats)
    c.note(f"the voters fall silent; the latest AppendEntries that one of them "
           f"has answered was sent at {began_ms:.0f} ms, so that the lease is "
           f"over at {began_ms + lease_ms(c):.0f} ms")
    return began_ms


class Read:
    """A read that waits for its answer, however long."""

    def __init__(self, c: Any, node: int = 1):
        self.c = c
        self.task = asyncio.ensure_future(c.cmd(node, "GET", "x",
                                                timeout_s=100))

    @property
    def done(self) -> bool:
        return self.task.done()

    async def within(self, ms: float) -> bool:
        """Whether it is answered in so many milliseconds."""
        await asyncio.wait({self.task}, timeout=ms / 1000)
        return self.task.done()

    async def reply(self) -> Any:
        with self.c.story.quiet():
            await self.c.until(lambda: self.task.done(), rule=READS,
                               what="the read is answered in the end")
        return self.task.result()

    def drop(self) -> None:
        """Nobody waits for it any longer."""
        self.task.cancel()


async def check_held(c: Any, why: str, value: bytes = b"1") -> None:
    """A read is answered though nobody answers the leader."""
    one = Read(c)
    await one.within(NEAR_MS)
    c.check(one.done, expected=f"the lease holds: {why}",
            observed="a read waits for a round", rule=NO_ROUND, node=1,
            hint="lease_holds counts this node and each peer whose answer is "
                 "to an AppendEntries of this term that was sent recently.")
    reply = await one.reply()
    c.check(reply == value, expected=f"x is {value!r}", observed=repr(reply),
            rule=READS, node=1)


async def check_over(c: Any, why: str, hint: Optional[str] = None) -> Read:
    """A read is not answered as long as nobody answers the leader: that
    read."""
    one = Read(c)
    await one.within(NEAR_MS)
    c.check(not one.done, expected=f"the lease is over: {why}",
            observed="a read was answered, and no majority has said since "
                     "that node 1 leads", rule=LEASE, node=1, hint=hint)
    return one


async def check_no_round(c: Any, seats: Sequence[Follower], why: str) -> None:
    """Twenty reads, one after the other, and hardly an AppendEntries: the
    heartbeats that are due, and what was on its way."""
    since, began_ms = len(c.frames), c.now_ms()
    for _ in range(20):
        await says(c, 1, b"1", "GET", "x", rule=READS)
    beats = 2 + (c.now_ms() - began_ms) / c.config["heartbeat_ms"]
    for seat in seats:
        sent = [one for one in appends(c, since) if one.to == seat.id]
        c.check(len(sent) <= beats,
                expected="twenty reads cost no AppendEntries but the "
                         f"heartbeats, {beats:.0f} at most: {why}",
                observed=f"{len(sent)} went to node {seat.id}",
                rule=NO_ROUND, node=1,
                hint="await_kv asks lease_holds before await_leadership; does "
                     "your lab 3 call await_call, so that interceptors see "
                     "it?")


# ---- Clusters --------------------------------------------------------------

class Readers:
    """Clients at one node who read x again and again, whatever they are told:
    what they saw is part of the history."""

    def __init__(self, c: Any, node: int, count: int = 3):
        self.c = c
        self.node = node
        self.answers: List[Any] = []
        self._goes_on = True
        self._tasks = [asyncio.ensure_future(self._read())
                       for _ in range(count)]

    async def _read(self) -> None:
        client = self.c.kv_client()
        while self._goes_on:
            if self.c.serves(self.node):
                self.answers.append(await client.ask(self.node, "GET", "x",
                                                     timeout_s=100))
            await self.c.sleep(4)

    async def stop(self) -> None:
        """Once all is healed: the last ones get their answers."""
        self._goes_on = False
        await asyncio.gather(*self._tasks)


async def overtaken(c: Any, old: int, mark: str) -> None:
    """The leader is cut off, with readers on its side, while the others write.
    The checker judges what the readers saw; what was asked after the write is
    judged here, in plainer words."""
    await c.isolate(old)
    readers = Readers(c, old)
    kv = c.kv_client([node for node in c.ids if node != old])
    await kv.set("x", mark)
    late = c.kv_client()
    asked = asyncio.ensure_future(late.ask(old, "GET", "x", timeout_s=100))
    await c.sleep(100)
    under = sum(isinstance(one, bytes) for one in readers.answers)
    c.note(f"node {old}, alone, has answered {under} reads")
    await c.heal()
    await readers.stop()
    reply = await asked
    c.check(isinstance(reply, RespError) or reply == mark.encode(),
            expected=f"after '{mark}' was written, node {old} answers MOVED, "
                     f"CLUSTERDOWN, or '{mark}'",
            observed=f"it answered {reply!r}", node=old, rule=LEASE)
