"""Leases, part A: one voter, and the test in everybody else's place."""

from __future__ import annotations

from conclave import Method, sit, test

from .tests_words import (CALM, ENDS, LONG_MS, NEAR_MS, PROMISE, PROMISE_MS,
                          TOLD, WATCH, granted, refused, until_ms)

HOUR_MS = 3_600_000


@test("A voter that hears a leader refuses, and stays in its term", part="A",
      points=3, peers=[2, 3], config=CALM, rule=PROMISE,
      hint="An interceptor answers RequestVote by itself while the promise "
           "stands: the handler behind it never sees the request.")
async def refuses(c):
    """Node 2 leads; node 3 asks for votes in ever higher terms. The promise
    lasts for a minute here, longer than any machine keeps a test waiting."""
    two, three = await sit(c, 2, 3)
    await two.give(3, 0, 0, [(3, b"")])
    for term in (4, 9, 1000):
        await refused(c, three, term, 3, "node 2 was heard a moment ago")
        msg = await two.append(3, 1, 3)
        c.check(msg["success"] and msg["term"] == 3,
                expected="node 2 is still the leader of node 1's term, 3",
                observed=f"node 1 answers its AppendEntries in term "
                         f"{msg['term']}", node=1)
    await refused(c, two, 8, 3, "whoever asks")


# The rest is about when promises begin and end: in the simulated world, where
# the test's clock is the nodes' (tests_words.py).

@test("A promise ends when the leader has been silent for long enough",
      part="A", points=3, peers=[2, 3], config=WATCH, worlds=("sim",),
      needs="refuses", rule=ENDS)
async def ends(c):
    """The leader is heard twice, then no more. The second time counts."""
    two, three = await sit(c, 2, 3)
    await two.append(3)
    await c.sleep(1500)
    heard_ms = c.now_ms()
    await two.append(3)
    for after_ms in (0, 1000, PROMISE_MS - NEAR_MS):
        await until_ms(c, heard_ms + after_ms)
        await refused(c, three, 9, 3, f"the leader was heard {after_ms} ms "
                                      "ago", ENDS)
    await until_ms(c, heard_ms + PROMISE_MS + NEAR_MS)
    await granted(c, three, 9, "the leader has been silent for longer than "
                               "election_min_ms",
                  hint="Nobody else can be elected as long as voters refuse: "
                       "a dead leader must be replaced.")


@test("A node that starts keeps whatever it may have promised", part="A",
      points=2, peers=[2, 3], config=WATCH, worlds=("sim",), needs="refuses",
      rule=PROMISE,
      hint="What was promised is not on disk, and the clock has begun anew. "
           "How long can it last at most?")
async def starts_promised(c):
    """The voter is killed just after it has heard the leader, and started
    again; and once more after it has heard nobody for long."""
    two, three = await sit(c, 2, 3)
    await two.append(3)
    for _ in range(2):
        await c.kill(1)
        began_ms = c.now_ms()
        await c.start(1)
        two, three = await sit(c, 2, 3)
        await refused(c, three, 4, 3, "the node has just started", PROMISE)
        await until_ms(c, began_ms + PROMISE_MS - NEAR_MS)
        await refused(c, three, 4, 3, "it has run for less than "
                                      "election_min_ms", PROMISE)
        await c.sleep(LONG_MS)
    await granted(c, three, 9, "the node started long ago, and has heard "
                               "nobody since")


@test("A new leader's first words count", part="A", points=2, peers=[2, 3],
      config=WATCH, worlds=("sim",), needs="refuses", rule=PROMISE,
      hint="The AppendEntries that brings a new term comes from the leader of "
           "that term.")
async def first_words(c):
    """An AppendEntries of a term that the voter has not heard of yet, and
    another that does not fit its log: each is a leader's voice."""
    two, three = await sit(c, 2, 3)
    await c.sleep(LONG_MS)
    await two.append(7)
    await refused(c, three, 8, 7, "the leader of term 7 has just been heard")
    await c.sleep(LONG_MS)
    msg = await two.append(7, 5, 6)
    c.check(not msg["success"], expected="node 1 has no entry 5",
            observed="it accepts what follows it", node=1)
    await refused(c, three, 8, 7, "the leader was heard, though their logs do "
                                  "not match")


@test("A snapshot's chunk is the leader's voice, too", part="A", points=2,
      peers=[2, 3], config=WATCH, worlds=("sim",), needs="refuses",
      rule=PROMISE)
async def snapshot_counts(c):
    """The leader sends the first part of a snapshot, and is silent."""
    two, three = await sit(c, 2, 3)
    await c.sleep(LONG_MS)
    heard_ms = c.now_ms()
    await two.ask(Method.INSTALL_SNAPSHOT, term=7, leader=2,
                  last_included_index=30, last_included_term=6, offset=0,
                  done=False, data=b"the first part")
    await refused(c, three, 8, 7, "the leader has just sent a part of a "
                                  "snapshot")
    await until_ms(c, heard_ms + PROMISE_MS + NEAR_MS)
    await granted(c, three, 8, "the leader has been silent for longer than "
                               "election_min_ms")


@test("Whoever led once does not count", part="A", points=2, peers=[2, 3],
      config=WATCH, worlds=("sim",), needs="ends", rule=ENDS,
      hint="A deposed leader that cannot hear may go on sending for ever; and "
           "then nobody could be elected.")
async def old_leader(c):
    """The leader of an old term, who has not heard of the new one, sends
    heartbeats and a part of a snapshot."""
    two, three = await sit(c, 2, 3)
    await two.append(7)
    await c.sleep(LONG_MS)
    msg = await three.append(5)
    c.check(msg["term"] == 7, expected="node 1 answers in its term, 7",
            observed=f"in term {msg['term']}", node=1)
    await three.ask(Method.INSTALL_SNAPSHOT, term=5, leader=3,
                    last_included_index=3, last_included_term=5, offset=0,
                    done=False, data=b"old")
    await granted(c, two, 8, "nobody has been heard for long but the leader of "
                             "term 5")


@test("A refusal tells no term that could be forgotten", part="A", points=2,
      peers=[2, 3], config=WATCH, worlds=("sim",), needs="refuses", rule=TOLD,
      hint="A term is on disk before any answer carries it: await_store_sync. "
           "And what if it has changed by the time that is over?")
async def durable_term(c):
    """A leader brings a new term, and while that is being written, which takes
    300 ms, a candidate is refused. The power fails as soon as it is."""
    two, _ = await sit(c, 2, 3)
    await c.sleep(LONG_MS)
    await c.disk(1, sync_us=300_000)
    await two.send_append(9)
    told = await two.ask_vote(12)
    c.check(not told["granted"], expected="the vote is refused: the leader of "
            "term 9 has just been heard", observed="it is granted", node=1,
            rule=PROMISE)
    await c.power_cut(1)
    await c.disk(1, sync_us=0)
    await c.start(1)
    two, three = await sit(c, 2, 3)
    msg = await three.append(1)
    c.check(msg["term"] >= told["term"] >= 9,
            expected=f"node 1 told term {told['term']}, and remembers it",
            observed=f"after a power cut it is in term {msg['term']}", node=1)


@test("Promises are kept by a clock that only runs", part="A", points=2,
      peers=[2, 3], config=WATCH, clocks={1: 0.9}, worlds=("sim",),
      needs="ends", rule=ENDS,
      hint="node_now_us only runs; the wall clock may jump, either way.")
async def own_clock(c):
    """The voter's clock is 10 % slow, so that its 2000 ms are 2222; and its
    wall clock jumps by hours, to and fro."""
    two, three = await sit(c, 2, 3)
    await c.sleep(LONG_MS)
    heard_ms = c.now_ms()
    await two.append(3)
    await c.jump_wall(1, HOUR_MS)
    await refused(c, three, 4, 3, "the leader has just been heard, whatever "
                                  "the wall clock says")
    await until_ms(c, heard_ms + PROMISE_MS / 0.9 - NEAR_MS)
    await refused(c, three, 4, 3, "by the node's own, slow clock the promise "
                                  "stands")
    await c.jump_wall(1, -3 * HOUR_MS)
    await until_ms(c, heard_ms + PROMISE_MS / 0.9 + NEAR_MS)
    await granted(c, three, 4, "the promise is over, whatever the wall clock "
                               "says")
