"""Lab 5, part D: what a session asks is done at most once."""

from __future__ import annotations

import asyncio

from conclave import SNAPSHOT, follow, leads, test

from .tests_words import (ALONE, BOUND, BRISK, ONCE, SLOW, Deposed,
                          equal_states, in_one_reign, lead_of, leader, number,
                          others, restart_all, says)


@test("A request that comes again is answered again, not done again",
      part="D", points=3, nodes=1, config=ALONE, needs="counters", rule=ONCE)
async def at_most_once(c):
    """One node. Requests are repeated at once, late, and within another
    session; errors are answers too."""
    one = await leader(c)
    first = await number(c, one, "SESSION", rule=ONCE)
    second = await number(c, one, "SESSION", rule=ONCE)
    c.check(0 < first != second > 0, expected="two sessions, two numbers",
            observed=f"{first} and {second}", rule=ONCE)
    for _ in range(3):
        await says(c, one, 1, "REQ", first, 1, "INCR", "n", rule=ONCE)
    await says(c, one, 2, "REQ", second, 1, "INCR", "n", rule=ONCE)
    await says(c, one, 1, "REQ", first, 1, "INCR", "n", rule=ONCE)
    await says(c, one, b"2", "GET", "n", rule=ONCE)
    await says(c, one, 6, "REQ", first, 2, "INCRBY", "n", 4, rule=ONCE)
    await says(c, one, "-OLDSEQUENCE", "REQ", first, 1, "INCR", "n", rule=ONCE)
    await says(c, one, b"6", "GET", "n", rule=ONCE)
    await says(c, one, b"OK", "SET", "text", "word")
    await says(c, one, "-ERR", "REQ", first, 3, "INCR", "text", rule=ONCE)
    await says(c, one, b"OK", "SET", "text", "1")
    await says(c, one, "-ERR", "REQ", first, 3, "INCR", "text", rule=ONCE)
    await says(c, one, b"1", "GET", "text", rule=ONCE)
    written = await number(c, one, "REQ", first, 9, "CAS", "k", 0, "A")
    await says(c, one, written, "REQ", first, 9, "CAS", "k", 0, "A", rule=ONCE)
    await says(c, one, b"A", "REQ", first, 9, "GET", "k", rule=ONCE)
    await says(c, one, "-NOSESSION", "REQ", first + second + 1000, 1, "SET",
               "k", "B", rule=ONCE)
    await says(c, one, b"A", "GET", "k", rule=ONCE)


@test("The next leader knows what was done", part="D", points=3, nodes=3,
      config=BRISK, needs=("at_most_once", "store_agrees"), rule=ONCE,
      hint="The table is part of the replicated state: every node keeps it "
           "when it applies.")
async def failover(c):
    """A request is answered, the leader falls, and the request comes again to
    its successor; twice."""
    lead = await lead_of(c)
    session = await number(c, lead, "SESSION", rule=ONCE)
    for turn in (1, 2):
        await says(c, lead, turn, "REQ", session, turn, "INCR", "n", rule=ONCE)
        one = lead.node
        await c.kill(one)
        await says(c, lead, turn, "REQ", session, turn, "INCR", "n", rule=ONCE)
        await says(c, lead, b"%d" % turn, "GET", "n", rule=ONCE)
        await c.start(one)
        await lead.find()


@test("A request whose answer was lost with the leader is done once",
      part="D", points=3, nodes=3, config=BRISK, needs="failover", rule=ONCE,
      hint="A repeated request is a second entry; whether it was done is known "
           "when it is applied, not when it is proposed.")
async def answer_lost(c):
    """What the followers answer is dropped: they store a request that the
    leader cannot commit. The leader falls; the next one commits what it finds,
    and the client sends its request again, to all that may listen."""
    for turn in range(3):
        lead = await lead_of(c)
        session = await number(c, lead, "SESSION", rule=ONCE)
        old = lead.node
        await c.cut_one_way("*", old)
        asked = asyncio.ensure_future(c.cmd(
            old, "REQ", session, 1, "INCR", f"n {turn}", timeout_s=60))
        await c.sleep(60)
        await c.isolate(old)
        rest = others(c, old)
        await leader(c, among=rest)
        kv = c.kv_client(rest)
        kv.session, kv.sequence = session, 0
        kv.answer_s = 0.5
        answer = await kv.incr(f"n {turn}")
        await c.heal()
        again = await asked
        value = await c.kv_client().get(f"n {turn}")
        c.check(answer == 1 and value == b"1",
                expected="the request is answered by 1, and the counter is 1",
                observed=f"it is answered by {answer!r}, the counter is "
                         f"{value!r}; the old leader said {again!r}")


@test("A request that comes twice before it is done is done once", part="D",
      points=1, peers=[2, 3], config=SLOW, needs="failover", worlds=("sim",),
      rule=ONCE,
      hint="Two copies of it may be in the log. When it is proposed, nobody "
           "can know yet; when the second one is applied, everybody does.")
async def asked_twice(c):
    """A client asks over two connections while the followers store nothing:
    both copies wait. Then both are committed. In the simulated world, where
    followers may keep quiet without being given up."""
    two, three = await follow(c, 2, 3)
    await leads(c, two, three, limit_s=10)
    one = await leader(c)
    session = await number(c, one, "SESSION", rule=ONCE)
    two.holding = three.holding = True
    asked = [asyncio.ensure_future(c.cmd(one, "REQ", session, 1, "INCR", "n"))
             for _ in range(2)]
    await c.sleep(200)
    c.check(not any(task.done() for task in asked),
            expected="no answer while no follower has stored the request",
            observed="node 1 answered", node=1)
    await two.release()
    await three.release()
    replies = await asyncio.gather(*asked)
    c.check(replies == [1, 1], expected="both are answered by 1",
            observed=f"{replies!r}", node=1)
    await says(c, one, b"1", "GET", "n", rule=ONCE)


@test("Sessions outlive restarts and snapshots", part="D", points=2, nodes=3,
      config=BRISK, needs=("failover", "snapshot"), rule=ONCE,
      hint="The table, with its answers, is part of the snapshot.")
async def kept(c):
    """Requests of ten sessions; all nodes take snapshots and lose their power,
    twice; then every request comes again."""
    lead = await lead_of(c)
    sessions = [await number(c, lead, "SESSION", rule=ONCE) for _ in range(10)]
    for place, session in enumerate(sessions):
        await says(c, lead, place + 1, "REQ", session, 7, "INCR", "n")
    for _ in range(2):
        await equal_states(c)
        await restart_all(c)
        await lead.find()
        for place, session in enumerate(sessions):
            await says(c, lead, place + 1, "REQ", session, 7, "INCR", "n",
                       rule=ONCE)
            await says(c, lead, "-OLDSEQUENCE", "REQ", session, 6, "INCR", "n",
                       rule=ONCE)
        await says(c, lead, b"10", "GET", "n", rule=ONCE)


@test("The table is bounded: who wrote longest ago is forgotten", part="D",
      points=3, nodes=3, config=dict(BRISK, sessions_max=4),
      needs="at_most_once", rule=BOUND)
async def bounded(c):
    """Four sessions fit. The oldest writes once more; all nodes take a snapshot
    and lose their power; a fifth begins: the second is forgotten, on every
    node. Then a hundred begin."""
    held, fifth = await five_sessions(c)
    lead = await lead_of(c)
    await c.kill(lead.node)
    await lead.find()
    await says(c, lead, "-NOSESSION", "REQ", held[1], 2, "INCR", "n",
               rule=BOUND)
    await says(c, lead, "-NOSESSION", "REQ", held[1], 1, "INCR", "n",
               rule=BOUND)
    await says(c, lead, b"5", "GET", "n", rule=BOUND)
    await says(c, lead, 5, "REQ", held[0], 2, "INCR", "n", rule=BOUND)
    await says(c, lead, 3, "REQ", held[2], 1, "INCR", "n", rule=BOUND)
    await says(c, lead, 6, "REQ", fifth, 1, "INCR", "n", rule=BOUND)
    await c.start()
    for _ in range(100):
        await number(c, lead, "SESSION", rule=BOUND)
    await equal_states(c)
    largest = max(act.size for act in c.acts(lead.node)
                  if act.kind == SNAPSHOT)
    c.check(largest < 1500, expected="a snapshot with two keys and four "
            "sessions: a few hundred bytes", observed=f"{largest} bytes",
            rule=BOUND)


async def five_sessions(c):
    """Four sessions, of which each has raised n, the oldest once more; a
    restart of all; a fifth session. Nobody may say twice that a session
    begins: when an election comes between, four begin anew, which makes all
    others be forgotten."""
    async def four(one, turn):
        await number(c, one, "DEL", "n", rule=BOUND)
        held = [await number(c, one, "SESSION", rule=BOUND) for _ in range(4)]
        for session in held:
            await number(c, one, "REQ", session, 1, "INCR", "n", rule=BOUND)
        await says(c, one, 5, "REQ", held[0], 2, "INCR", "n", rule=BOUND)
        return held

    while True:
        held = await in_one_reign(c, four)
        await equal_states(c)
        await restart_all(c)
        lead = await lead_of(c)
        try:
            return held, await number(c, lead.node, "SESSION", rule=BOUND)
        except Deposed as failure:
            await lead.was_deposed(failure)


@test("Every INCR counts once while leaders fall and links lose", part="D",
      points=3, nodes=3, needs="answer_lost", seeds=4, rule=ONCE,
      config=dict(BRISK, snapshot_log_bytes=20_000, segment_bytes=8192))
async def churn(c):
    """Four clients raise one counter, each request sent again until it is
    answered, while leaders are killed and messages are lost and repeated."""
    await c.link("*", "*", loss=0.08, dup=0.1, jitter_ms=5)
    clients = [c.kv_client() for _ in range(4)]
    answers = []

    async def raise_it(kv):
        kv.answer_s = 0.25
        await kv.open_session()
        for _ in range(12):
            answers.append(await kv.incr("n"))
            await c.sleep(c.rng.randint(0, 40))

    tasks = [asyncio.ensure_future(raise_it(kv)) for kv in clients]
    kv = c.kv_client()
    for number_ in range(3):
        await kv.set("mark", f"{number_}")
        one = kv.found
        await c.sleep(c.rng.randint(0, 50))
        await c.kill(one)
        await c.sleep(c.rng.randint(0, 200))
        await c.start(one)
    await asyncio.gather(*tasks)
    await c.heal()
    value = await kv.get("n")
    wrong = [one for one in answers if not isinstance(one, int)]
    c.check(not wrong, expected="every INCR is answered by a number",
            observed=f"{len(wrong)} of them by others, such as {wrong[:1]!r}")
    c.check(sorted(answers) == list(range(1, 49)) and value == b"48",
            expected="48 requests are answered by 1 to 48, and n is 48",
            observed=f"{len(set(answers))} different answers, n is {value!r}")
    await equal_states(c)
