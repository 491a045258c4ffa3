"""Lab 2, part C: whole clusters, and what breaks them."""

from __future__ import annotations

from typing import Any

from conclave import Method, test

from .tests_words import (ALL, BRISK, LOG_CHECK, PROGRESS, SAFETY, SOON_S,
                          agree, campaigns, check_none_rose,
                          check_one_leader_a_term, heartbeats, others,
                          requests, rounds_of_campaigns, term_of, top_term)


@test("Three nodes choose one leader", part="C", points=2, nodes=3,
      config=BRISK, rule=PROGRESS)
async def first_leader(c):
    """Nothing is broken. All three end up behind one leader."""
    await agree(c, limit_s=SOON_S)
    check_one_leader_a_term(c)


@test("A new leader after the old one has died", part="C", points=2, nodes=3,
      config=BRISK, needs="first_leader", rule=PROGRESS)
async def leader_killed(c):
    """kill -9 of the leader; later it comes back, and follows."""
    old, term = await agree(c)
    await c.kill(old)
    _, later = await agree(c, others(c, old), above_term=term)
    await c.restart(old)
    await agree(c, above_term=later - 1)
    check_one_leader_a_term(c)


@test("A new leader while the old one is cut off, and peace when it returns",
      part="C", points=1, nodes=5, config=BRISK, needs="first_leader",
      rule=PROGRESS)
async def leader_cut_off(c):
    """The leader is alone on its side of a partition, which then heals."""
    old, term = await agree(c)
    await c.isolate(old)
    await agree(c, others(c, old), above_term=term)
    await c.heal()
    await agree(c, above_term=term)
    check_one_leader_a_term(c)


@test("No leader without a majority", part="C", points=2, nodes=5,
      config=BRISK, start=False, needs="first_leader", rule=SAFETY)
async def no_quorum(c):
    """Two of five nodes run, and campaign in vain. A third comes, then all."""
    first = c.rng.sample(list(c.ids), 3)
    for node in first[:2]:
        await c.start(node)
    await rounds_of_campaigns(c, first[:2], 4, 0)
    await c.settle()
    check_none_rose(c, 0, 0, "two of five nodes run")
    await c.start(first[2])
    await agree(c, first)
    await c.start()
    await agree(c)
    check_one_leader_a_term(c)


@test("Two nodes need both votes", part="C", points=2, nodes=2, config=BRISK,
      start=False, needs="first_leader", rule=SAFETY)
async def two_nodes(c):
    """Each alone has half the votes. They meet and elect one of them, and are
    parted again."""
    await c.partition([1], [2])
    await c.start()
    await rounds_of_campaigns(c, [1], 3, 0)
    await rounds_of_campaigns(c, [2], 3, 0)
    await c.settle()
    check_none_rose(c, 0, 0, "neither node hears the other")
    await c.heal()
    await agree(c)
    await c.partition([1], [2])
    await c.settle()
    top = top_term(c)
    await rounds_of_campaigns(c, c.ids, 3, len(c.frames))
    await c.settle()
    check_none_rose(c, top, 0, "neither node hears the other")
    await c.heal()
    await agree(c, above_term=top)
    check_one_leader_a_term(c)


@test("Two halves elect nobody", part="C", points=2, nodes=4, config=BRISK,
      start=False, needs="first_leader", rule=SAFETY)
async def even_halves(c):
    """Four nodes start, two and two, who do not hear the others. They unite,
    and then fall apart into four."""
    await c.partition([1, 4], [2, 3])
    await c.start()
    await rounds_of_campaigns(c, [1, 4], 3, 0)
    await rounds_of_campaigns(c, [2, 3], 3, 0)
    await c.settle()
    check_none_rose(c, 0, 0, "no side has three of four nodes")
    await c.heal()
    await agree(c)
    await c.partition(*([node] for node in c.ids))
    await c.settle()
    top = top_term(c)
    await rounds_of_campaigns(c, c.ids, 3, len(c.frames))
    await c.settle()
    check_none_rose(c, top, 0, "every node is alone")
    await c.heal()
    await agree(c, above_term=top)
    check_one_leader_a_term(c)


@test("Seven nodes elect again and again", part="C", points=2, nodes=7,
      config=BRISK, needs="first_leader", rule=PROGRESS)
async def seven_nodes(c):
    """Five times three nodes are cut off, the leader always among them: alone,
    or together."""
    leader, term = await agree(c)
    for number in range(5):
        away = [leader] + c.rng.sample(others(c, leader), 2)
        rest = others(c, *away)
        if number % 2:
            await c.partition(away, rest)
        else:
            await c.partition(rest)
        leader, term = await agree(c, rest, above_term=term)
        await c.heal()
    await agree(c, above_term=term - 1)
    check_one_leader_a_term(c)


@test("A leader that cannot send is replaced, and follows", part="C", points=2,
      nodes=3, config=BRISK, needs="first_leader", rule=ALL)
async def leader_cannot_send(c):
    """All that the leader sends is lost; it hears the others well, so it learns
    that its term is over."""
    old, term = await agree(c)
    await c.cut_one_way(old, "*")
    await c.wait_for_leader(above_term=term, unlike=old)
    await c.until(lambda: is_silent(c, old, term), rule=ALL,
                  what=f"node {old} sends no more heartbeats of term {term}",
                  hint="It is asked for its vote in a higher term.")
    await c.heal()
    await agree(c, above_term=term)
    check_one_leader_a_term(c)


def is_silent(c: Any, node: int, term: int) -> bool:
    """Ten intervals have passed since a node's last heartbeat of a term."""
    last_us = max((one.time_us for one in requests(c, Method.APPEND_ENTRIES)
                   if one.frm == node and term_of(one) == term), default=0)
    return c.now_ms() - last_us / 1000 > 10 * c.config["heartbeat_ms"]


@test("A leader that cannot hear does no harm", part="C", points=2, nodes=3,
      config=BRISK, needs="first_leader", rule=SAFETY)
async def leader_cannot_hear(c):
    """All that is sent to the leader is lost; its heartbeats arrive. Whoever
    leads in the meantime, one does when it can hear again."""
    old, term = await agree(c)
    for node in others(c, old):
        await c.cut_one_way(node, old)
    await c.sleep(2 * c.config["election_max_ms"])
    await c.heal()
    await agree(c, above_term=term - 1)
    check_one_leader_a_term(c)


@test("Links that come and go do no lasting harm", part="C", points=1, nodes=5,
      config=BRISK, needs="first_leader", rule=SAFETY)
async def flapping_links(c):
    """Three links at a time are cut for a moment, in one direction or both,
    fifteen times. Then all is well again."""
    for _ in range(15):
        await c.heal()
        for _ in range(3):
            one, other = c.rng.sample(list(c.ids), 2)
            await c.cut_one_way(one, other)
            if c.rng.random() < 0.5:
                await c.cut_one_way(other, one)
        await c.sleep(c.rng.randint(40, 180))
    await c.heal()
    await agree(c)
    check_one_leader_a_term(c)


@test("A leader that slept through its end follows when it wakes", part="C",
      points=1, nodes=3, config=BRISK, needs="first_leader", rule=ALL)
async def paused_leader(c):
    """The leader stands still while the others elect, and goes on as if no time
    had passed. Twice."""
    leader, term = await agree(c)
    for _ in range(2):
        await c.pause(leader)
        old = leader
        leader, term = await agree(c, others(c, old), above_term=term)
        await c.resume(old)
        leader, term = await agree(c, above_term=term - 1)
    check_one_leader_a_term(c)


@test("A node that returns with a high term does not stop the rest", part="C",
      points=2, nodes=3, config=BRISK, start=False, needs="first_leader",
      rule=ALL)
async def return_with_high_term(c):
    """A node that has been alone from the start campaigns six times in vain,
    and joins the others with a term that they have not heard of."""
    lonely = c.rng.choice(c.ids)
    await c.isolate(lonely)
    await c.start()
    await agree(c, others(c, lonely))
    await rounds_of_campaigns(c, [lonely], 6, 0)
    high = max(campaigns(c, lonely))
    await c.heal()
    await agree(c, above_term=high - 1)
    check_one_leader_a_term(c)


@test("A long but old log never leads", part="C", points=2, nodes=3,
      config=BRISK, logs={1: [1] * 6, 2: [1, 2], 3: [1, 2]}, start=False,
      needs="two_nodes", rule=LOG_CHECK,
      hint="Node 1's last entry is of term 1, the others' of term 2. Length "
           "counts only among equal last terms.")
async def old_log_never_leads(c):
    """Node 1 has missed what the majority stored. It takes part in four
    elections in which every vote is needed, and must win none."""
    await c.start(1)
    await c.start(2)
    leader, term = await agree(c, [1, 2])
    await c.start(3)
    for _ in range(3):
        c.check(leader != 1, expected="node 2 or 3 leads",
                observed=f"node 1 leads in term {term}")
        await agree(c, above_term=term - 1)
        await c.kill(leader)
        back = leader
        leader, term = await agree(c, others(c, back), above_term=term)
        await c.restart(back)
    await c.settle()
    check_none_of(c, 1)


def check_none_of(c: Any, node: int) -> None:
    """This node has never led."""
    led = [one for one in heartbeats(c, 0) if one.frm == node]
    c.check(not led, expected=f"node {node} never leads",
            observed=led and f"it sent AppendEntries of term {term_of(led[0])}")
