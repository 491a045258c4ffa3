"""Lab 5, part C: reads are linearizable, and cost no entry."""

from __future__ import annotations

import asyncio
from functools import partial

from conclave import follow, leads, test
from conclave.patience import COMMAND_LIMIT_S

# REFUSALS: not to be LOST is asked of one test only, for it is no lie about a
# value.
from .tests_words import (BRISK, READS, REFUSALS, SLOW, applied, lead_of,
                          leader, others, overtaken_asleep, same_place, says,
                          word_of)


@test("Reads cost no entry", part="C", points=2, nodes=3, config=BRISK,
      needs="store_agrees", rule=READS,
      hint="A read asks await_leadership, not await_propose.")
async def no_entries(c):
    """A hundred reads while nothing is written: no node applies anything, but
    for the first entry of whoever is elected meanwhile."""
    kv = c.kv_client()
    kv.answer_s = COMMAND_LIMIT_S   # no late copy of the SET
    await kv.set("x", "1")
    await same_place(c)
    before = {node: len(applied(c, node)) for node in c.nodes}
    for _ in range(25):
        for words, wanted in ((("GET", "x"), b"1"),
                              (("MGET", "x", "y"), [b"1", None]),
                              (("EXISTS", "x"), 1), (("DBSIZE",), 1)):
            reply = await kv.run(*words)
            c.check(reply == wanted, expected=f"{' '.join(words)} is answered "
                    f"by {wanted}", observed=repr(reply), node=kv.found)
    await same_place(c)
    for node in c.nodes:
        acts = applied(c, node)
        grown = sum(act.term == acts[place - 1].term
                    for place, act in enumerate(acts) if place >= before[node])
        c.check(grown == 0, expected="a hundred reads append nothing to the "
                "log", observed=f"{grown} entries were applied meanwhile")


@test("A leader that is cut off answers no read", part="C", points=3, nodes=3,
      config=BRISK, needs="store_agrees", rule=READS,
      hint="Before a read is answered a majority must have said, since it "
           "came, that this node leads.")
async def stale_leader(c):
    """The leader is cut off and asked at once, and again when the others have
    written. As long as it is alone it can say no value, not even the right
    one; and once it is back, not the old one."""
    lead = await lead_of(c)
    await says(c, lead, b"OK", "SET", "x", "old")
    await says(c, lead, b"old", "GET", "x")
    old = lead.node
    await c.isolate(old)
    clients = [c.kv_client() for _ in range(4)]
    asked = [asyncio.ensure_future(clients[0].ask(old, "GET", "x",
                                                  timeout_s=60))]
    kv = c.kv_client(others(c, old))
    await kv.set("x", "new")
    asked += [asyncio.ensure_future(one.ask(old, "GET", "x", timeout_s=60))
              for one in clients[1:]]
    await c.sleep(400)
    early = [task.result() for task in asked if task.done()]
    c.check(all(word_of(one) in REFUSALS for one in early),
            expected=f"node {old}, alone, answers no read, or MOVED or "
                     "CLUSTERDOWN", observed=f"it answered {early!r}",
            node=old)
    await c.heal()
    for reply in await asyncio.gather(*asked):
        c.check(word_of(reply) in REFUSALS or reply == b"new",
                expected="MOVED, CLUSTERDOWN, or the new value",
                observed=f"node {old} answered {reply!r}", node=old)


@test("A read waits until a majority has answered since it came", part="C",
      points=3, peers=[2, 3], config=SLOW, needs="no_entries",
      worlds=("sim",), rule=READS,
      hint="An answer to a request that was sent before the read came proves "
           "nothing about now.")
async def majority_confirms(c):
    """The followers are the test's. Both keep quiet: no answer. Then one of
    them answers what it was sent since. In the simulated world, where waiting
    costs nothing."""
    two, three = await follow(c, 2, 3)
    await leads(c, two, three, limit_s=10)
    await leader(c)
    await says(c, 1, b"OK", "SET", "x", "1")
    await c.sleep(300)
    two.holding = three.holding = True
    start, count = len(two.appends), len(two.log)
    asked = [asyncio.ensure_future(c.cmd(1, "GET", "x")) for _ in range(60)]
    await c.sleep(300)
    c.check(not any(task.done() for task in asked),
            expected="no read is answered while no follower answers",
            observed="node 1 answered", node=1)
    await two.release()
    for reply in await asyncio.gather(*asked):
        c.check(reply == b"1", expected="x is '1'", observed=f"{reply!r}")
    sent = len(two.appends) - start
    c.check(sent <= 10, expected="sixty reads that wait share a round or two: "
            "10 AppendEntries or less", observed=f"{sent} were sent to node 2")
    c.check(len(two.log) == count, expected="no entry for a read",
            observed=f"{len(two.log) - count} entries")


@test("A new leader serves reads without a write, once it knows what is "
      "committed", part="C", points=3, peers=[2, 3], config=SLOW,
      needs="majority_confirms", worlds=("sim",), rule=READS,
      hint="A leader knows what was committed before it once an entry of its "
           "own term is; its no-op is one. It must not wait for a client's.")
async def idle_reads(c):
    """The followers hold back the leader's first entry: they confirm that it
    leads, but it cannot know what is committed. Then they store it."""
    two, three = await follow(c, 2, 3)
    two.most = three.most = 0
    await leads(c, two, three, limit_s=10)
    asked = asyncio.ensure_future(c.cmd(1, "GET", "x"))
    await c.sleep(1500)
    c.check(not asked.done(), expected="no read is answered before an entry of "
            "this term is committed",
            observed="node 1 answered "
                     f"{asked.result() if asked.done() else ''!r}", node=1)
    two.most = three.most = None
    await c.until(asked.done, rule=READS, limit_s=20,
                  what="the read is answered once the leader's own no-op is "
                       "committed, without a client's write")
    c.check(asked.result() is None, expected="there is no x",
            observed=f"{asked.result()!r}")
    c.check(len(two.log) == 1, expected="one entry, the leader's no-op",
            observed=f"{len(two.log)} entries")


@test("A read of a leader that is deposed meanwhile is refused", part="C",
      points=2, peers=[2, 3], config=SLOW, needs="majority_confirms",
      worlds=("sim",), rule=READS)
async def deposed(c):
    """A read waits; then a follower answers from a higher term."""
    two, three = await follow(c, 2, 3)
    term = await leads(c, two, three, limit_s=10)
    await leader(c)
    await c.sleep(300)
    two.holding = three.holding = True
    two.votes = three.votes = False
    asked = asyncio.ensure_future(c.cmd(1, "GET", "who leads"))
    await c.until(lambda: two.held, what="node 2 is asked", limit_s=10)
    frame = two.held[-1]
    await two.asked_on.reply(frame, term=term + 1, success=False)
    await c.until(asked.done, rule=READS, limit_s=10,
                  what="the read that waited is answered")
    c.check(word_of(asked.result()) in ("MOVED", "CLUSTERDOWN"),
            expected="MOVED or CLUSTERDOWN: a read has no effect that could be "
                     "LOST", observed=f"{asked.result()!r}", node=1)


@test("An idle cluster answers reads after a change of leaders", part="C",
      points=2, nodes=3, config=BRISK, needs="stale_leader", rule=READS)
async def idle_cluster(c):
    """Three times the leader falls, and only reads are asked from then on."""
    kv = c.kv_client()
    await kv.set("x", "1")
    for _ in range(3):
        one = kv.found
        await c.kill(one)
        value = await kv.get("x")
        c.check(value == b"1", expected="x is '1'", observed=repr(value))
        await c.start(one)


@test("A leader that was stopped answers nothing old when it goes on",
      part="C", points=2, nodes=3, config=BRISK, needs="stale_leader",
      rule=READS,
      hint="Whatever was known before a pause is worth nothing after it: ask "
           "again, or know that time has passed.")
async def paused_leader(c):
    """The leader serves reads, is stopped (SIGSTOP) while the others write,
    and goes on with reads that wait at its door, before it hears from anybody.
    Its wall clock has jumped back meanwhile, as if no time had passed."""
    lead = await lead_of(c)
    await says(c, lead, b"OK", "SET", "x", "old")
    for _ in range(5):
        await says(c, lead, b"old", "GET", "x")
    old = lead.node
    waiting = [await c.client(old) for _ in range(5)]
    for reply in await overtaken_asleep(
            c, old, [partial(one.cmd, "GET", "x") for one in waiting]):
        c.check(word_of(reply) in REFUSALS or reply == b"new",
                expected="MOVED, CLUSTERDOWN, or the new value",
                observed=f"node {old} answered {reply!r}", node=old)
