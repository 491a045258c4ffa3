"""Lab 5, part B: writes go through the log."""

from __future__ import annotations

import asyncio

from conclave import RESTORE, Failure, RespError, follow, leads, test

from .tests_words import (ANSWERS, BRISK, COMPACT, REFUSALS, SLOW, STATE,
                          WRITES, Lead, equal_states, leader, others,
                          restart_all, same_place, says, word_of)


@test("Three nodes keep one store", part="B", points=2, nodes=3, config=BRISK,
      needs="keys", rule=WRITES)
async def store_agrees(c):
    """One client writes; then whoever led is killed, twice, and the next has
    all of it. Then all lose their power."""
    kv = c.kv_client()
    await leader(c)
    for step in range(12):
        await kv.set(f"key {step % 5}", f"value {step}")
    for life in range(2):
        await kv.set("lives", f"{life}")
        one = kv.found
        await c.kill(one)
        for step in range(7, 12):
            value = await kv.get(f"key {step % 5}")
            c.check(value == f"value {step}".encode(),
                    expected=f"key {step % 5} holds value {step}, which was "
                             "written there last", observed=repr(value))
        await c.start(one)
    await restart_all(c)
    value = await kv.get("lives")
    c.check(value == b"1", expected="lives is 1, which was written last",
            observed=repr(value))
    await equal_states(c)


@test("Followers name the leader, the new one too", part="B", points=2,
      nodes=3, config=BRISK, needs="store_agrees", rule=ANSWERS,
      hint="Who does not lead answers by what raft.leader says now.")
async def redirects(c):
    """Reads and writes are asked of followers; then the leader is cut off, and
    comes back. In the end all nodes name the new leader: who follows them
    arrives."""
    old = await all_name_it(c, ("GET", "x"), ("SET", "x", "1"),
                            ("MGET", "x", "y"))
    await c.isolate(old)
    await leader(c, among=others(c, old))
    await c.heal()
    await all_name_it(c, ("SET", "x", "2"), ("GET", "x"))


async def all_name_it(c, *commands):
    """In the end all who do not lead say MOVED, and to whom: the leader."""
    lead = Lead(c)
    last = ""

    async def so():
        nonlocal last
        await lead.find()
        for node in others(c, lead.node):
            for words in commands:
                reply = await c.cmd(node, *words)
                last = f"node {node} answered {' '.join(words)} by {reply!r}"
                if not isinstance(reply, RespError):
                    await lead.was_deposed(Failure(
                        f"node {node}, which does not lead, refuses", last,
                        rule=ANSWERS, node=node))
                if str(reply) != f"MOVED 0 {c.address(lead.node)}":
                    return False
        return True

    try:
        await c.until(so, what="all who do not lead answer by MOVED 0 and the "
                      "address of who does", rule=ANSWERS)
    except Failure as failure:
        if last not in failure.observed:
            failure.observed += "; " + last
        raise
    return lead.node


@test("A minority executes nothing, the majority goes on", part="B", points=2,
      nodes=5, config=BRISK, needs="store_agrees", rule=WRITES)
async def minority(c):
    """The leader and one more are cut off; clients are on both sides. What the
    minority was asked is never answered as done."""
    old = await leader(c)
    near = [old, others(c, old)[0]]
    far = others(c, *near)
    await c.partition(near, far)
    stuck = [asyncio.ensure_future(
        c.kv_client().ask(node, "SET", "x", f"stuck {node}", timeout_s=60))
        for node in near]
    kv = c.kv_client(far)
    for step in range(10):
        await kv.set("x", f"far {step}")
    early = [task.result() for task in stuck if task.done()]
    c.check(all(word_of(one) in REFUSALS for one in early),
            expected="the side of two of five nodes writes nothing",
            observed=f"it answered {early!r}")
    await c.heal()
    for node, reply in zip(near, await asyncio.gather(*stuck)):
        c.check(word_of(reply) in REFUSALS,
                expected="in the end it says MOVED, CLUSTERDOWN or LOST",
                observed=f"node {node} answered {reply!r}", node=node)
    value = await kv.get("x")
    c.check(value == b"far 9", expected="x is 'far 9'", observed=repr(value))
    await equal_states(c)


@test("A write whose leader is deposed is answered, and not as done",
      part="B", points=2, nodes=3, config=BRISK, needs="minority", rule=ANSWERS,
      hint="await_propose says PROPOSED_LOST; so does its caller.")
async def lost_answered(c):
    """A leader that is cut off is asked for twenty writes at once. When it
    returns, others have overwritten them: each is answered with LOST."""
    kv = c.kv_client()
    old = await leader(c)
    await c.isolate(old)
    asked = [asyncio.ensure_future(
        c.kv_client().ask(old, "SET", f"lost {step}", "x", timeout_s=60))
        for step in range(20)]
    await c.sleep(20)
    new = await leader(c, among=others(c, old))
    await c.heal()
    for reply in await asyncio.gather(*asked):
        c.check(word_of(reply) in REFUSALS, expected="LOST, or MOVED",
                observed=f"node {old} answered {reply!r}", node=old)
    c.note(f"now node {new} leads")
    for step in range(20):
        value = await kv.get(f"lost {step}")
        c.check(value is None, expected="what never left the old leader is "
                "not there", observed=f"'lost {step}' is {value!r}")


@test("A write that may yet take effect is called LOST", part="B", points=1,
      peers=[2, 3], config=SLOW, needs="lost_answered", worlds=("sim",),
      rule=ANSWERS,
      hint="MOVED says that nothing was done: who reads it asks the next node, "
           "and the write is done twice.")
async def lost_is_open(c):
    """The followers store an INCR; before the leader hears so, one of them
    answers from a higher term. In the simulated world, where followers may
    keep quiet without being given up."""
    two, three = await follow(c, 2, 3)
    term = await leads(c, two, three, limit_s=10)
    await leader(c)
    await c.sleep(300)
    two.holding = three.holding = True
    two.votes = three.votes = False
    asked = asyncio.ensure_future(c.cmd(1, "INCR", "n"))
    await c.until(lambda: any(frame.msg["entries"] for frame in two.held),
                  what="node 2 is sent the entry", limit_s=10)
    await two.asked_on.reply(two.held[-1], term=term + 1, success=False)
    await c.until(asked.done, rule=ANSWERS, limit_s=10,
                  what="the write is answered once its leader is deposed")
    c.check(word_of(asked.result()) == "LOST", node=1,
            expected="LOST: those who have stored it may commit it yet",
            observed=f"{asked.result()!r}")


@test("Without a majority clients are told so", part="B", points=2, nodes=3,
      config=BRISK, needs="redirects", rule=ANSWERS)
async def cluster_down(c):
    """The leader and one more of three nodes are killed: the last one comes to
    answer CLUSTERDOWN, reads and writes alike. One returns, and all is well."""
    kv = c.kv_client()
    await kv.set("x", "1")
    one, other = others(c, kv.found)
    rest = [kv.found, other]
    for node in rest:
        await c.kill(node)

    async def down():
        asked = [asyncio.ensure_future(c.cmd(one, *words, timeout_s=60))
                 for words in (("GET", "x"), ("SET", "x", "2"))]
        await asyncio.wait(asked, timeout=0.5)
        replies = [word_of(task.result()) for task in asked if task.done()]
        return replies == ["CLUSTERDOWN"] * 2

    await c.until(down, what="the last node of three answers CLUSTERDOWN",
                  rule=ANSWERS)
    await c.start(rest[0])
    c.check(await kv.get("x") in (b"1", b"2"), expected="x is as it was",
            observed="it is not")


@test("What is queued is bounded, and what was refused is not done", part="B",
      points=2, peers=[2, 3], config=dict(SLOW, proposals_max=8),
      needs="store_agrees", worlds=("sim",), rule=ANSWERS)
async def busy(c):
    """Thirty writes come while the followers do not answer. In the simulated
    world, where followers may keep quiet without being given up."""
    two, three = await follow(c, 2, 3)
    await leads(c, two, three, limit_s=10)
    await leader(c)
    two.holding = three.holding = True
    asked = [asyncio.ensure_future(c.cmd(1, "SET", f"key {step}", "x"))
             for step in range(30)]
    await c.sleep(200)
    early = [task.result() for task in asked if task.done()]
    c.check(early and all(word_of(one) == "BUSY" for one in early),
            expected="with proposals_max (8) under way, more are refused with "
                     "BUSY", observed=f"{len(early)} of 30 are answered: "
                     f"{early[:2]!r}")
    await two.release()
    await three.release()
    replies = await asyncio.gather(*asked)
    done = sum(one == b"OK" for one in replies)
    c.check(done >= 1 and done + len(early) == 30,
            expected="all others are done",
            observed=f"{done} of {30 - len(early)}")
    await says(c, 1, done + 1, "DBSIZE", rule=ANSWERS)


@test("Replicas hold the same state, also one that was sent a snapshot",
      part="B", points=2, nodes=3, needs="snapshot", rule=STATE,
      config=dict(BRISK, snapshot_log_bytes=40_000, segment_bytes=16384))
async def replicas_equal(c):
    """A follower is cut off while keys are written, changed and deleted, all
    that it has seen among them, until the log was compacted; it is sent a
    snapshot. Then all take one after the same entry: byte for byte the same."""
    kv = c.kv_client()
    late = others(c, await leader(c))[0]
    for step in range(5):
        await kv.set(f"early {step}", "x")
    await same_place(c)
    await c.isolate(late)
    await kv.open_session()
    for step in range(5):
        await kv.delete(f"early {step}")
    for step in range(160):
        await kv.set(f"key {c.rng.randrange(60)}", bytes([step]) * 700)
        if step % 4 == 0:
            await kv.delete(f"key {c.rng.randrange(60)}")
            await kv.incr(f"n {step % 3}")
    await kv.run("SET", "mortal", "x", "EX", 5000)
    await c.heal()
    await same_place(c)
    c.check(any(act.kind == RESTORE for act in c.acts(late)),
            expected=f"node {late} is sent a snapshot, since the log behind it "
                     "is gone", observed="it was sent entries only",
            rule=COMPACT)
    await equal_states(c)


@test("The log stays small however much is written", part="B", points=2,
      nodes=3, needs="replicas_equal", worlds=("sim",), rule=COMPACT,
      config=dict(BRISK, snapshot_log_bytes=100_000, segment_bytes=32768))
async def log_is_bounded(c):
    """A megabyte is written to ten keys. In the simulated world, where a disk
    is as fast as the rest."""
    kv = c.kv_client()
    await leader(c)
    for step in range(250):
        await kv.set(f"key {step % 10}", b"%d" % step + bytes(4000))
        if step % 25 == 24:
            sizes = {node: await c.disk_bytes(node) for node in c.nodes}
            c.check(max(sizes.values()) < 600_000,
                    expected="at most twice snapshot_log_bytes of log, and two "
                             "snapshots of 40 kB: far below 600 kB",
                    observed=f"bytes on disk: {sizes}")
    await equal_states(c)
