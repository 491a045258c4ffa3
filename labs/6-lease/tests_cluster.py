"""Leases, part C: clusters. After every test the checker judges all that its
clients saw (docs/checking.md).

Nothing here depends on how fast the machine is. A lease that a busy machine
lets run out costs a round, which no test in the real world counts; and when a
process stands still, its clock does not.
"""

from __future__ import annotations

from functools import partial

from conclave import Method, test

from conclave_lab_5_kv import tests_history
from conclave_lab_5_kv.tests_words import (BRISK, HOUR_MS, lead_of, leader,
                                           others, overtaken_asleep, says,
                                           word_of)

from .tests_words import (LEASE, NO_ROUND, PROGRESS, PROMISE, Readers, appends,
                          overtaken)

# Promises that last, beside the time that a node takes to start.
WIDE = {"heartbeat_ms": 100, "election_min_ms": 1000, "election_max_ms": 1200,
        "rpc_timeout_ms": 90, "snapshot_log_bytes": 0}


@test("A hundred reads cost a cluster no message", part="C", points=2, nodes=3,
      config=BRISK, worlds=("sim",), rule=NO_ROUND,
      hint="Does lab 5 ask lease_holds, and lab 3 call await_call?")
async def no_messages(c):
    """Nothing is broken. Beside the heartbeats, nothing is sent. (In the
    simulated world, where heartbeats come when they are due.)"""
    one = await leader(c)
    kv = c.kv_client([one])
    await kv.set("x", "1")
    await c.sleep(200)
    since, began_ms = len(c.frames), c.now_ms()
    for _ in range(100):
        await kv.get("x")
    beats = 2 + (c.now_ms() - began_ms) / c.config["heartbeat_ms"]
    for node in others(c, one):
        sent = [frame for frame in appends(c, since) if frame.to == node]
        c.check(len(sent) <= beats, expected="a hundred reads cost no "
                f"AppendEntries beside {beats:.0f} heartbeats or fewer",
                observed=f"{len(sent)} went to node {node}", node=one)


@test("A leader that is cut off answers nothing old", part="C", points=3,
      nodes=3, config=BRISK, needs="no_messages", rule=LEASE,
      hint="Its lease must be over before its voters may follow another.")
async def cut_off(c):
    """Three times the leader is cut off, with clients on its side that read all
    the time, and the others write as soon as they can."""
    kv = c.kv_client()
    for turn in range(3):
        await kv.set("x", f"before {turn}")
        await overtaken(c, kv.found, f"after {turn}")


@test("A leader that was stopped answers nothing old when it goes on", part="C",
      points=2, nodes=3, config=BRISK, needs="cut_off", rule=LEASE,
      hint="The clock that tells whether a lease holds is read when it is "
           "asked, not before; and it is not the wall clock.")
async def stopped(c):
    """The leader serves reads under its lease, is stopped (SIGSTOP) while the
    others write, and goes on with reads that wait at its door, before it hears
    from anybody. Its wall clock has jumped back, as if no time had passed."""
    kv = c.kv_client()
    await kv.set("x", "old")
    for _ in range(5):
        await kv.get("x")
    old = kv.found
    waiting = [c.kv_client() for _ in range(4)]
    for reply in await overtaken_asleep(
            c, old, [partial(one.ask, old, "GET", "x", timeout_s=100)
                     for one in waiting]):
        c.check(word_of(reply) in ("MOVED", "CLUSTERDOWN") or reply == b"new",
                expected="MOVED, CLUSTERDOWN, or the new value",
                observed=f"node {old} answered {reply!r}", node=old)


@test("Clocks that drift change nothing", part="C", points=2, nodes=5,
      config=BRISK, clocks={1: 1.1, 2: 0.9, 3: 1.1, 4: 0.9},
      needs="cut_off", rule=LEASE, seeds=3)
async def drift(c):
    """Two clocks run 10 % fast, two 10 % slow, and the wall clocks jump. Four
    times the leader is cut off and overtaken."""
    kv = c.kv_client()
    for turn in range(4):
        await kv.set("x", f"before {turn}")
        for node in c.ids:
            await c.jump_wall(node, c.rng.choice([-1, 1]) * HOUR_MS)
        await overtaken(c, kv.found, f"after {turn}")


@test("A voter that restarts helps nobody who waits for it", part="C", points=2,
      nodes=3, config=WIDE, worlds=("sim",), seeds=8, needs="cut_off",
      rule=PROMISE,
      hint="After a start nobody knows what was promised before. Refuse for as "
           "long as it could have been.")
async def restarts(c):
    """One node has long lost touch with the leader, and campaigns again and
    again; the other one refuses it. Then that one crashes and is back at once,
    and hears the leader no more; the leader's lease still runs. (The moment is
    drawn: eight seeds, in the simulated world.)"""
    old = await leader(c)
    kv = c.kv_client()
    await kv.set("x", "old")
    eager, loyal = others(c, old)
    await c.cut(old, eager)
    await c.sleep(c.rng.randint(1500, 3000))
    readers = Readers(c, old)
    await c.kill(loyal)
    await c.cut(old, loyal)
    await c.start(loyal)
    await c.kv_client([eager, loyal]).set("x", "new")
    await c.sleep(50)
    await c.heal()
    await readers.stop()


@test("A node that hears nobody deposes nobody", part="C", points=1, nodes=3,
      config=BRISK, worlds=("sim",), needs="no_messages", rule=PROMISE)
async def deaf(c):
    """A follower hears nobody, and campaigns for five seconds; all others hear
    it. They keep their leader, in its term. Healed, it comes along. (In the
    simulated world, where no heartbeat is late.)"""
    one = await leader(c)
    two = others(c, one)[0]
    led, term = await c.wait_for_leader()
    await c.cut_one_way("*", two)
    kv = c.kv_client([one])
    for turn in range(10):
        await c.sleep(500)
        await kv.set("x", turn)
        await kv.get("x")
    calls = {frame.msg["term"] for frame in c.frames if frame.frm == two
             and frame.type == "REQUEST" and frame.msg
             and frame.method == Method.REQUEST_VOTE}
    c.check(len(calls) > 5, expected=f"node {two}, which hears nobody, "
            "campaigns", observed=f"in the terms {sorted(calls)} only")
    last = max(frame.msg["term"] for frame in appends(c))
    c.check(last == term, expected=f"node {led} leads in term {term} all along",
            observed=f"somebody leads in term {last}", rule=PROMISE)
    await c.heal()
    await c.kv_client().set("x", "all hear all")


@test("A leader that is gone is replaced", part="C", points=1, nodes=3,
      config=BRISK, needs="no_messages", rule=PROGRESS,
      hint="Promises end. Do refusals go on for longer than election_min_ms?")
async def replaced(c):
    """Twice the leader is killed; then all nodes are, and start at once."""
    kv = c.kv_client()
    for turn in range(2):
        await kv.set("x", turn)
        old = kv.found
        await c.kill(old)
        await c.kv_client(others(c, old)).set("x", "without it")
        await c.start(old)
    for node in c.ids:
        await c.kill(node)
    await c.start()
    await says(c, await lead_of(c), b"without it", "GET", "x")


@test("Whatever breaks: clocks, disks, links, leaders", part="C", points=2,
      nodes=5, needs="cut_off", worlds=("sim",), seeds=4,
      config=dict(BRISK, snapshot_log_bytes=30_000, segment_bytes=8192),
      clocks={1: 1.1, 2: 0.9, 3: 1.05, 4: 0.95}, rule=LEASE)
async def swarm(c):
    """Lab 5's storm, with leases: crashes, pauses, partitions, one-way cuts,
    lossy links, jumping and drifting clocks, snapshots."""
    await tests_history.swarm(c)
