"""Lab 3, part C: whole clusters that agree, and what breaks them."""

from __future__ import annotations

import asyncio

from conclave import test

from .tests_words import (BRISK, COMPLETE, LEADERS, PROPOSE, READS, SAME,
                          SOON_S, bytes_by_link, others)


@test("Three nodes agree", part="C", points=1, nodes=3, config=BRISK,
      rule=LEADERS + " 3")
async def agreement(c):
    """Nothing is broken. Ten commands, one after another: all nodes apply the
    same, in the same order."""
    for number in range(10):
        await c.commit(b"command %d" % number, limit_s=SOON_S)
    await c.all_applied()


@test("Large entries cross every link once", part="C", points=1, nodes=5,
      config=BRISK, needs="agreement", worlds=("sim",),
      rule="Raft paper, section 5.3 (nextIndex)")
async def large_entries(c):
    """Ten commands of 20 000 bytes. In the simulated world alone: on a busy
    machine calls time out and are made again, rightly."""
    made = await c.commit(b"first")
    start = len(c.frames)
    total = 0
    for number in range(10):
        data = b"command %d " % number + bytes(20_000)
        total += len(data)
        await c.commit(data)
    await c.all_applied()
    for (frm, to), size in bytes_by_link(c, start).items():
        c.check(size <= 1.1 * total + 20_000,
                expected=f"about {total} bytes from node {made.node} to each "
                         "peer",
                observed=f"{size} bytes of AppendEntries from node {frm} to "
                         f"node {to}")


@test("Commands are committed while a follower is down, and it catches up",
      part="C", points=1, nodes=3, config=BRISK, needs="agreement",
      rule=LEADERS + " 3")
async def follower_fails(c):
    """One follower is killed, and comes back; then the other, and nothing is
    committed while both are gone."""
    made = await c.commit(b"first")
    one, other = others(c, made.node)
    await c.kill(one)
    for number in range(3):
        await c.commit(b"one down %d" % number)
    await c.kill(other)
    alone = asyncio.ensure_future(c.propose(made.node, b"alone"))
    await c.sleep(400)
    c.check(not alone.done() or not alone.result().ok,
            expected="no command is committed by one of three nodes",
            observed=f"node {made.node}, alone, answered 'alone' OK",
            rule=COMPLETE)
    await c.start(one)
    await c.commit(b"one back")
    await c.start(other)
    await c.commit(b"both back")
    await alone
    await c.all_applied()


@test("What was committed survives its leader", part="C", points=2, nodes=3,
      config=BRISK, needs="agreement", rule=COMPLETE)
async def leader_fails(c):
    """Twice the leader is killed right after a command was answered; it comes
    back on the same data."""
    for number in range(2):
        made = await c.commit(b"before %d" % number)
        await c.kill(made.node)
        await c.commit(b"after %d" % number)
        await c.start(made.node)
    await c.commit(b"last")
    await c.all_applied()


@test("Who was cut off catches up", part="C", points=1, nodes=3, config=BRISK,
      needs="agreement", rule=LEADERS + " 3")
async def reconnection(c):
    """A follower is cut off while others go on, and campaigns in vain. It
    returns with a high term; all agree again."""
    made = await c.commit(b"first")
    lonely = c.rng.choice(others(c, made.node))
    await c.isolate(lonely)
    for number in range(4):
        await c.commit(b"without %d" % number, among=others(c, lonely))
    await c.sleep(2 * c.config["election_max_ms"])
    await c.heal()
    for number in range(3):
        await c.commit(b"together %d" % number)
    await c.all_applied()


@test("A leader without a majority commits nothing", part="C", points=2,
      nodes=5, config=BRISK, needs="agreement", rule=COMPLETE)
async def stale_leader(c):
    """The leader and one follower are cut off, with commands that they cannot
    commit. The others elect and commit. When all meet again, the old leader's
    proposers are told that theirs is lost, and the others' commands stay."""
    made = await c.commit(b"first")
    old = made.node
    with_old = c.rng.choice(others(c, old))
    rest = others(c, old, with_old)
    await c.partition([old, with_old], rest)
    lost = [asyncio.ensure_future(c.propose(old, b"stale %d" % number))
            for number in range(5)]
    for number in range(5):
        await c.commit(b"good %d" % number, among=rest)
    c.check(not any(one.done() and one.result().ok for one in lost),
            expected="no command is committed by two of five nodes",
            observed=f"node {old}, cut off with node {with_old}, answered OK",
            rule=COMPLETE)
    await c.heal()
    for one in await asyncio.gather(*lost):
        c.check(not one.ok,
                expected=f"PROPOSE {one.shown} is not answered OK: it was on "
                         "two of five nodes, and others took its place",
                observed=f"node {old} answered [{one.index}, {one.term}]",
                rule=PROPOSE)
    await c.commit(b"last")
    await c.all_applied()


@test("Concurrent commands are applied once each, in one order", part="C",
      points=1, nodes=3, config=BRISK, needs="agreement", rule=SAME)
async def concurrent(c):
    """Three times twenty clients propose at once."""
    for turn in range(3):
        made = await c.commit(b"turn %d" % turn)
        asked = [c.propose(made.node, b"%d of turn %d" % (number, turn))
                 for number in range(20)]
        done = await asyncio.gather(*asked)
        places = [one.index for one in done if one.ok]
        c.check(len(places) == len(set(places)),
                expected="an index of its own for every command",
                observed="two commands were answered with the same index")
    await c.all_applied()


@test("Applying may take long, crash or not", part="C", points=1, nodes=3,
      config=dict(BRISK, apply_ms=15), needs="leader_fails", rule=SAME,
      hint="Between two entries, and while one is applied, leadership, "
           "commit_index and the log may all change.")
async def slow_machines(c):
    """Every entry takes the machine 15 ms. While commands are applied, the
    leader is killed; it starts anew from the first entry."""
    made = await c.commit(b"first")
    asked = [asyncio.ensure_future(c.propose(made.node, b"before %d" % number))
             for number in range(12)]
    await asked[2]
    await c.kill(made.node)
    await asyncio.gather(*asked)
    await c.commit(b"between")
    await c.start(made.node)
    found = await c.commit(b"after")
    await asyncio.gather(*(c.propose(found.node, b"more %d" % number)
                           for number in range(6)))
    await c.all_applied()


@test("Disks that are slower than a caller's patience are waited for", part="C",
      points=1, nodes=3, config=dict(BRISK, store_sync_ms=90),
      needs="agreement", rule=LEADERS + " 3",
      hint="The handler's waits end with its caller's deadline, and the bytes "
           "are needed all the same: await_durable waits under no token.")
async def slow_disks(c):
    """A sync takes 90 ms, and calls end after 40. Three times six commands are
    proposed at once; where all are turned down, another was elected."""
    good = turn = lost_term = 0
    while good < 3:
        made = await c.commit(b"turn %d" % turn)
        c.check(made.term > lost_term, expected="commands are committed",
                observed=f"none of six, and node {made.node} leads all along "
                         f"in term {made.term}")
        done = await asyncio.gather(*(
            c.propose(made.node, b"%d of turn %d" % (number, turn))
            for number in range(6)))
        if any(one.ok for one in done):
            good += 1
        else:
            lost_term = made.term
        turn += 1
    await c.all_applied()


LONG = {1: [1, 1] + [2] * 50, 2: [1, 1] + [3] * 50, 3: [1, 1] + [4] * 50}


@test("Three logs of fifty entries each become one", part="C", points=1,
      nodes=3, config=BRISK, logs=LONG, needs="agreement",
      rule="Log Matching (Raft paper, Figure 3 and section 5.3)")
async def diverged_logs(c):
    """Behind two common entries every node has fifty of its own, of different
    terms, none of them committed."""
    await c.commit(b"first", limit_s=SOON_S)
    await c.all_applied()
    c.check(len(c.applied(1)) >= 53, expected="fifty-two old entries, then new "
            "ones", observed=f"node 1 has applied {len(c.applied(1))}")


@test("A leader that is cut off is not confirmed", part="C", points=1, nodes=3,
      config=BRISK, needs="agreement", rule=READS)
async def cut_off_unconfirmed(c):
    """The leader is alone and does not know; the others elect and commit."""
    made = await c.commit(b"first")
    await c.isolate(made.node)
    asked = asyncio.ensure_future(c.confirm(made.node))
    found = await c.commit(b"second", among=others(c, made.node))
    late = asyncio.ensure_future(c.confirm(made.node))
    await c.sleep(200)
    for one in (asked, late):
        c.check(not one.done() or one.result() != "OK",
                expected=f"no OK from node {made.node}: node {found.node} has "
                         "led and committed since",
                observed="CONFIRM was answered OK")
    await c.heal()
    for one in (asked, late):
        reply = await one
        c.check(reply != "OK", expected="LOST: another has led since",
                observed=f"CONFIRM, asked while cut off, was answered {reply}")
    await c.all_applied()
