"""Lab 4, part A: what must be durable before anything is said, and how often
it takes a sync."""

from __future__ import annotations

import asyncio

from conclave import Method, test

from .tests_seat import sit, sit_again
from .tests_words import (ALONE, BRISK, CALM, DURABLE, GROUP, KEPT, PATIENT,
                          SLOW_US, SOON_S, back, commands, has_all, leads,
                          write)


@test("Entries outlive a crash", part="A", points=2, nodes=1, config=ALONE,
      rule=DURABLE,
      hint="await_store_open reads the log's files back, in order, into memory;"
           " await_store_sync has put there what store_append was told.")
async def entries_survive(c):
    """One node, three lives. Each begins with all that was promised."""
    await leads(c)
    for life in "abc":
        await write(c, commands(life, 5))
        await c.power_cut(1)
        await back(c)


@test("A vote outlives a crash", part="A", points=2, peers=[2, 3], config=CALM,
      rule=DURABLE, hint="await_store_sync before the vote's reply leaves.")
async def vote_survives(c):
    """Syncs are slow, and the node dies as soon as its vote arrives. It must
    know it again, twice."""
    two, three = await sit(c, 2, 3)
    await c.disk(1, sync_us=SLOW_US)
    for term in (5, 6):
        msg = await two.ask_vote(term)
        c.check(msg["granted"], expected=f"node 2 gets the vote of term {term}",
                observed="refused")
        two, three = await sit_again(c, 2, 3)
        msg = await three.ask_vote(term)
        c.check(not msg["granted"] and msg["term"] == term,
                expected=f"refused, in term {term}: node 2 has that vote",
                observed=f"{'granted' if msg['granted'] else 'refused'}, in "
                         f"term {msg['term']}")


@test("A term outlives a crash", part="A", points=2, nodes=2, peers=[2],
      config=CALM, rule=DURABLE,
      hint="A new term is durable before any answer that names it.")
async def term_survives(c):
    """The node learns of a term from a heartbeat, answers, and dies."""
    two, = await sit(c, 2)
    await c.disk(1, sync_us=SLOW_US)
    msg = await two.append(9)
    c.check(msg["term"] == 9, expected="term 9", observed=f"{msg['term']}")
    two, = await sit_again(c, 2)
    msg = await two.ask_vote(8)
    c.check(not msg["granted"] and msg["term"] == 9,
            expected="refused: the node was in term 9",
            observed=f"{'granted' if msg['granted'] else 'refused'}, in term "
                     f"{msg['term']}")


@test("What a follower has acknowledged outlives a crash", part="A", points=2,
      nodes=2, peers=[2], config=CALM, rule=DURABLE, needs="term_survives",
      hint="AppendEntries is answered after await_store_sync has returned OK.")
async def append_survives(c):
    """Syncs are slow, and the node dies as soon as its answer arrives."""
    two, = await sit(c, 2)
    await c.disk(1, sync_us=SLOW_US)
    last, last_term = 0, 0
    for term in (1, 1, 2):
        await two.give(term, last, last_term,
                        [(term, b"%d.%d" % (last, n)) for n in range(4)])
        last, last_term = last + 4, term
        two, = await sit_again(c, 2)
        msg = await two.append(term, last, last_term)
        c.check(msg["success"], expected=f"entry {last} is there again: the "
                "node had acknowledged it", observed="its log does not match "
                f"there; it suggests {msg['conflict_index']}")


@test("Entries that were cut off stay away", part="A", points=2, peers=[2, 3],
      config=CALM, rule=DURABLE, needs="append_survives",
      hint="A truncation is a change as any other: it needs a record of its "
           "own, or the old entries come back from the disk.")
async def truncation_survives(c):
    """A new leader replaces entries 3 to 6 by one. The node dies."""
    two, three = await sit(c, 2, 3)
    await two.give(1, 0, 0, [(1, b"old%d" % n) for n in range(6)])
    await c.disk(1, sync_us=SLOW_US)
    await three.give(2, 2, 1, [(2, b"new")])
    two, three = await sit_again(c, 2, 3)
    msg = await three.append(2, 4, 1)
    c.check(not msg["success"], expected="no entry 4: it was cut off",
            observed="entry 4 of term 1 is back")
    msg = await three.append(2, 3, 2)
    c.check(msg["success"], expected="entry 3 of term 2 is there",
            observed="it is not")
    await three.give(2, 3, 2, [(2, b"newer")])
    two, three = await sit_again(c, 2, 3)
    msg = await three.append(2, 5, 1)
    c.check(not msg["success"], expected="no entry 5",
            observed="entry 5 of term 1 is back")


@test("A candidate's own vote outlives a crash", part="A", points=1,
      peers=[2, 3], config=PATIENT, needs="vote_survives", rule=DURABLE)
async def own_vote_survives(c):
    """A candidate is killed when its first request arrives. It has voted for
    itself, and must not vote for another in that term when it is back."""
    await c.disk(1, sync_us=SLOW_US)
    two, _ = await sit(c, 2, 3)
    term = (await two.asked(Method.REQUEST_VOTE)).msg["term"]
    two, _ = await sit_again(c, 2, 3)
    msg = await two.ask_vote(term)
    c.check(not msg["granted"], expected=f"refused: node 1 stood for election "
            f"in term {term}", observed="granted")


@test("A leader counts itself only once its entry is durable", part="A",
      points=2, peers=[2, 3], config=PATIENT, rule=DURABLE,
      needs="append_survives",
      hint="The leader's own match index is what await_store_sync has covered, "
           "not the end of its log.")
async def leader_counts_itself(c):
    """One follower acknowledges at once, the leader's own disk is slow, and the
    leader dies as soon as it has told its client that the command is
    committed. Two of three had to have it: the leader is one of them."""
    two, _ = await sit(c, 2, 3)
    await two.accept(await two.elect())
    await c.disk(1, sync_us=SLOW_US)
    following = asyncio.ensure_future(two.follow())
    try:
        made = await c.propose(1, b"counted", SOON_S)
    finally:
        following.cancel()
    c.check(made.ok, expected="the command is committed: node 2 has it, and "
            "the leader", observed=made.text or made.outcome)
    two, _ = await sit_again(c, 2, 3)
    msg = await two.append(made.term + 100, made.index, made.term)
    c.check(msg["success"], expected=f"entry {made.index} is on node 1's disk: "
            "without it, it was only on node 2's", observed="it is not",
            rule=KEPT)


# In the simulated world only: it counts syncs.
@test("Many changes share a sync", part="A", points=2, nodes=3, config=BRISK,
      worlds=("sim",), rule=GROUP, needs="entries_survive",
      hint="While one sync runs, gather what comes; write it all at once when "
           "the sync is over, and let the next sync cover all of it.")
async def group_sync(c):
    """A sync takes 5 ms. A hundred commands come at once; then nothing does."""
    leader, _ = await c.wait_for_leader(limit_s=SOON_S)
    await c.commit(b"first", limit_s=SOON_S)
    for node in c.ids:
        await c.disk(node, sync_us=5000)
    before = {node: await c.disk_counts(node) for node in c.ids}
    done = await asyncio.gather(*(c.propose(leader, one)
                                  for one in commands("c", 100)))
    c.check(all(one.ok for one in done), expected="all are committed",
            observed=", ".join(sorted({one.outcome for one in done})))
    await has_all(c, c.ids)
    for node in c.ids:
        syncs = (await c.disk_counts(node)).syncs - before[node].syncs
        c.check(syncs <= 25, expected="at most 25 syncs for 100 commands that "
                "came together", observed=f"{syncs} on node {node}", node=node)
    before = {node: await c.disk_counts(node) for node in c.ids}
    await c.sleep(2000)
    for node in c.ids:
        syncs = (await c.disk_counts(node)).syncs - before[node].syncs
        c.check(syncs == 0, expected="no sync while nothing changes: "
                "heartbeats bring nothing new",
                observed=f"{syncs} in 2 s on node {node}", node=node)
