"""Leases, part B: one leader, and the test in its voters' place.

When a seat holds its answers back, no round can end: a read that is answered
then was answered under a lease. All in the simulated world, where the test's
clock is the nodes' (tests_words.py).
"""

from __future__ import annotations

import asyncio

from conclave import test

from conclave_lab_5_kv.tests_words import says, word_of

from .tests_words import (LEASE, LEASE_MS, LED, LONG_MS, NEAR_MS, NO_ROUND,
                          PROMISE, PROMISE_MS, READS, check_held,
                          check_no_round, check_over, lease_ms, led, silence,
                          until_ms)

HOUR_MS = 3_600_000


@test("Reads under a lease cost no round", part="B", points=3, peers=[2, 3],
      config=LED, worlds=("sim",), rule=NO_ROUND)
async def no_round(c):
    """Both voters answer. A read is no reason to send anything."""
    seats = await led(c, 2, 3)
    await check_no_round(c, seats, "the lease holds")
    await c.sleep(LONG_MS)
    await check_no_round(c, seats, "heartbeats renew the lease")


@test("A lease ends before the promises do", part="B", points=3, peers=[2, 3],
      config=LED, worlds=("sim",), needs="no_round", rule=LEASE,
      hint="election_min_ms, less what a slow clock and a fast one can make of "
           "it: see clock_drift_percent in config.h.")
async def lease_ends(c):
    """The voters fall silent. The lease goes on for 1636 ms from when the
    latest AppendEntries was sent that one of them has answered, and no longer;
    the wall clock, meanwhile, jumps ahead and back."""
    two, three = await led(c, 2, 3)
    began_ms = silence(c, two, three)
    await c.jump_wall(1, HOUR_MS)
    await until_ms(c, began_ms + LEASE_MS - 2 * NEAR_MS)
    await check_held(c, "a voter has answered what was sent "
                        f"{LEASE_MS - 2 * NEAR_MS} ms ago")
    await c.jump_wall(1, -3 * HOUR_MS)
    await until_ms(c, began_ms + LEASE_MS + NEAR_MS)
    first = await check_over(
        c, f"of what was sent in the last {LEASE_MS} ms, nobody has answered "
        f"anything; a voter's {PROMISE_MS} ms may be over by now, if its clock "
        "is fast and this one slow")
    second = await check_over(c, "a read that waits changes nothing")
    await c.sleep(LONG_MS)
    third = await check_over(c, "the heartbeats since were sent in vain")
    await two.release()
    for one in (first, second, third):
        reply = await one.reply()
        c.check(reply == b"1", expected="x is '1', confirmed by a round",
                observed=repr(reply), rule=READS)
    three.holding = False
    await check_no_round(c, (two, three), "the voters answer again")


@test("A lease counts from the sending, not from the answer", part="B",
      points=2, peers=[2, 3], config=LED, worlds=("sim",), needs="lease_ends",
      rule=LEASE,
      hint="The voter's promise began when the message arrived, which may be "
           "just after it was sent. Read the clock before the call.")
async def from_sending(c):
    """The voters answer a heartbeat 900 ms after it was sent, and then nothing
    more."""
    two, three = await led(c, 2, 3)
    two.holding = three.holding = True
    count = len(two.appends)
    await c.until(lambda: len(two.appends) > count
                  and len(three.appends) > count, what="a heartbeat",
                  limit_s=10)
    sent_ms = c.now_ms()
    await until_ms(c, sent_ms + 900)
    for seat in (two, three):
        await seat.release()
        seat.holding = True
    await until_ms(c, sent_ms + LEASE_MS - 2 * NEAR_MS)
    await check_held(c, "what was answered late was sent "
                        f"{LEASE_MS - 2 * NEAR_MS} ms ago")
    await until_ms(c, sent_ms + LEASE_MS + NEAR_MS)
    waiting = await check_over(
        c, f"what was answered was sent {LEASE_MS + NEAR_MS} ms ago, though "
        "the answer is younger")
    waiting.drop()


@test("An answer speaks of its own request", part="B", points=2, peers=[2, 3],
      config=LED, worlds=("sim",), needs="from_sending", rule=LEASE,
      hint="Several AppendEntries are under way to a peer at once. Which of "
           "them was answered?")
async def own_request(c):
    """Two writes, 600 ms apart. The voter answers the first when the second is
    on its way already, and that one never."""
    two, three = await led(c, 2, 3)
    three.holding = True
    await c.sleep(LONG_MS)
    two.holding = True
    count = len(two.appends)
    writes = [asyncio.ensure_future(c.cmd(1, "SET", "a", "1"))]
    await c.until(lambda: len(two.appends) > count, what="the first write is "
                  "sent to node 2", limit_s=10)
    first, sent_ms = two.appends[count], c.now_ms()
    await until_ms(c, sent_ms + 600)
    writes.append(asyncio.ensure_future(c.cmd(1, "SET", "b", "1")))
    await c.sleep(NEAR_MS)
    c.check(len(two.appends) > count + 1, expected="a second AppendEntries "
            "while the first is under way (append_window)",
            observed="only one was sent", rule=LEASE)
    two.held.remove(first)
    await two.answer(first)
    await until_ms(c, sent_ms + LEASE_MS + NEAR_MS)
    waiting = await check_over(
        c, f"the one request that was answered was sent {LEASE_MS + NEAR_MS} "
        "ms ago; later ones were not answered")
    for one in (*writes, waiting.task):
        one.cancel()


@test("Two nodes, whose clocks may be off by half", part="B", points=1,
      nodes=2, peers=[2], worlds=("sim",), needs="lease_ends", rule=LEASE,
      config=dict(LED, heartbeat_ms=200, rpc_timeout_ms=190,
                  clock_drift_percent=50),
      hint="The leader is one of the majority; and clock_drift_percent is "
           "what the configuration says.")
async def of_two(c):
    """Two nodes: with the other one's answers there is a lease, without them
    it ends, after a third of election_min_ms already."""
    two, = await led(c, 2)
    await check_no_round(c, (two,), "both nodes are a majority of two")
    began_ms = silence(c, two)
    await until_ms(c, began_ms + lease_ms(c) - 2 * NEAR_MS)
    await check_held(c, "the other node has answered")
    await until_ms(c, began_ms + lease_ms(c) + NEAR_MS)
    waiting = await check_over(
        c, "one clock may run at half the speed of true time, the other one at "
        f"one and a half: {lease_ms(c):.0f} ms are all that is certain")
    waiting.drop()


async def with_and_without(c, size: int, needed: int) -> None:
    """So many voters answer, then one fewer."""
    seats = await led(c, *range(2, size + 1))
    for seat in seats[needed:]:
        seat.holding = True
    await c.sleep(LONG_MS)
    await check_no_round(c, seats, f"{needed} of {size - 1} voters answer, and "
                                   f"with the leader they are a majority")
    seats[needed - 1].holding = True
    await c.sleep(LONG_MS)
    waiting = await check_over(
        c, f"{needed - 1} voters answer; with the leader they are {needed} of "
        f"{size}, and no majority",
        hint="majority(n) is n/2 + 1, this node included.")
    waiting.drop()


@test("Half of four nodes is no majority", part="B", points=2, nodes=4,
      peers=[2, 3, 4], config=LED, worlds=("sim",), needs="of_two", rule=LEASE)
async def of_four(c):
    """Two voters answer, then one."""
    await with_and_without(c, 4, 2)


@test("Three of five nodes are a majority, two are not", part="B", points=1,
      nodes=5, peers=[2, 3, 4, 5], config=LED, worlds=("sim",),
      needs="of_two", rule=LEASE)
async def of_five(c):
    """Two voters answer, then one."""
    await with_and_without(c, 5, 2)


@test("A leader gives way when its lease is over, and not before", part="B",
      points=2, peers=[2, 3], config=LED, worlds=("sim",), needs="lease_ends",
      rule=PROMISE,
      hint="A leader hears no leader. What it has promised itself is the "
           "lease.")
async def gives_way(c):
    """A candidate asks the leader for its vote, in a higher term: while the
    lease holds, and after the voters have been silent for long."""
    two, three = await led(c, 2, 3)
    term = max(one.msg["term"] for one in two.appends)
    msg = await three.ask_vote(term + 5, len(three.log), term)
    c.check(not msg["granted"] and msg["term"] == term,
            expected=f"the leader of term {term} refuses and stays in it: a "
                     "majority follows it",
            observed=f"it {'grants' if msg['granted'] else 'refuses'}, in term "
                     f"{msg['term']}", node=1)
    await check_no_round(c, (two, three), "node 1 still leads")
    began_ms = silence(c, two, three)
    await until_ms(c, began_ms + PROMISE_MS + NEAR_MS)
    msg = await three.ask_vote(term + 6, len(three.log) + 9, term)
    c.check(msg["granted"] and msg["term"] == term + 6,
            expected="the vote is granted: nobody has answered this leader for "
                     "longer than a promise lasts",
            observed=f"it {'grants' if msg['granted'] else 'refuses'}, in term "
                     f"{msg['term']}", node=1)
    reply = await c.cmd(1, "GET", "x")
    c.check(word_of(reply) in ("MOVED", "CLUSTERDOWN"),
            expected="MOVED or CLUSTERDOWN: node 1 leads no more",
            observed=repr(reply), rule=READS, node=1)


@test("A new leader's lease rests on answers to itself", part="B", points=1,
      peers=[2, 3], config=LED, worlds=("sim",), needs="gives_way", rule=LEASE)
async def new_lease(c):
    """The leader is deposed by an answer of a higher term, and elected again.
    Its voters grant it their votes and store its entry; then they are silent,
    and its lease ends as if it had never led before."""
    two, three = await led(c, 2, 3)
    term = max(one.msg["term"] for one in two.appends)
    two.term = three.term = term + 3
    await c.until(lambda: any(one.msg["term"] > term + 3
                              for one in two.appends), limit_s=60,
                  what="node 1 leads again, in a later term", rule=READS)
    await says(c, 1, b"OK", "SET", "x", "2", rule=READS)
    began_ms = silence(c, two, three)
    await check_held(c, "both have stored what was just written", b"2")
    await until_ms(c, began_ms + LEASE_MS + NEAR_MS)
    waiting = await check_over(c, "nobody has answered anything since")
    await two.release()
    reply = await waiting.reply()
    c.check(reply == b"2", expected="x is '2'", observed=repr(reply),
            rule=READS)
