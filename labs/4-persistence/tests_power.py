"""Lab 4, part A: clusters whose nodes lose their power, one or all at once."""

from __future__ import annotations

import asyncio
from typing import Any, List

from conclave import test

from .tests_words import (BRISK, KEPT, SOON_S, commands, commit_all,
                          everyone_back, has_all, others, stopped)


@test("A whole cluster restarts with all that was committed", part="A",
      points=2, nodes=3, config=BRISK, rule=KEPT, needs="entries_survive")
async def all_restart(c):
    """Three nodes lose their power at the same moment, twice."""
    for time in "ab":
        await commit_all(c, commands(time, 5), limit_s=SOON_S)
        await c.power_cut()
        await everyone_back(c, f"after {time}")


@test("A leader restarts, and then a follower", part="A", points=1, nodes=3,
      config=BRISK, rule=KEPT, needs="all_restart")
async def one_restarts(c):
    """Each misses what is committed meanwhile, and catches up."""
    for name in ("leader", "follower"):
        done = await c.commit(f"before the {name}".encode())
        chosen = done.node if name == "leader" else others(c, done.node)[0]
        await c.kill(chosen)
        await commit_all(c, commands(f"{name} ", 4), among=others(c, chosen))
        await everyone_back(c, f"after the {name}")


@test("Rolling restarts, while commands are committed", part="A", points=1,
      nodes=3, config=BRISK, rule=KEPT, needs="all_restart")
async def rolling_restarts(c):
    """One node after the other is killed and started; the client never
    stops."""
    done: List[Any] = []

    async def client() -> None:
        while True:
            done.append(await c.commit(b"rolling %d" % len(done)))
            await c.sleep(10)

    await c.commit(b"first")
    task = asyncio.ensure_future(client())
    for node in c.ids:
        count = len(done)
        await c.restart(node)
        await c.until(lambda: task.done() or len(done) > count + 3,
                      what="commands are committed again")
    await stopped([task])
    await everyone_back(c, "last")


@test("A partition and a crash at the same time", part="A", points=1, nodes=5,
      config=BRISK, rule=KEPT, needs="all_restart")
async def partition_and_crash(c):
    """The leader and one more are cut off with a command that cannot be
    committed. The rest commits, and loses its power. Then the cut-off ones
    lose theirs, and all is healed."""
    old = (await c.commit(b"shared")).node
    side = [old, others(c, old)[0]]
    rest = others(c, *side)
    await c.partition(side, rest)
    lost = asyncio.ensure_future(c.propose(old, b"stranded"))
    await commit_all(c, commands("rest ", 4), among=rest)
    await c.power_cut(*rest)
    await c.power_cut(*side)
    await lost
    await c.heal()
    await everyone_back(c, "whole again")


@test("A majority that loses its power at once still has what it committed",
      part="A", points=2, nodes=5, config=BRISK, rule=KEPT,
      needs="all_restart")
async def majority_power(c):
    """Only three of five are there to commit, so each of the three holds it.
    They lose their power as soon as the last answer arrives."""
    leader = (await c.commit(b"by five")).node
    for time in "ab":
        few = others(c, leader)[:2] if time == "a" else others(c, leader)[2:]
        most = others(c, *few)
        await c.partition(most, few)
        await asyncio.gather(*(c.commit(one, among=most)
                               for one in commands(f"by three {time}", 6)))
        await c.power_cut(*most)
        await c.heal()
        await c.start()
        leader = (await c.commit(f"again {time}".encode())).node
        await has_all(c, c.ids)


@test("Whenever the power fails, every commit that was seen comes back",
      part="A", points=3, nodes=3, config=BRISK, rule=KEPT, seeds=6,
      needs="all_restart",
      hint="A sync that was under way when a change was made does not cover "
           "it: await_store_sync waits for one that began later.")
async def power_cuts(c):
    """Clients propose without pause; at three moments that the seed draws, all
    nodes lose their power."""
    for round_number in range(3 if c.proxy.name == "sim" else 2):
        leader = (await c.commit(b"round %d" % round_number)).node
        cut_after = c.rng.randrange(1, 30)
        answered = [0]

        async def client(name: int) -> None:
            for number in range(100):
                made = await c.propose(
                    leader, b"%d.%d.%d" % (round_number, name, number))
                if not made.ok:
                    return
                answered[0] += 1

        tasks = [asyncio.ensure_future(client(name)) for name in range(3)]
        while answered[0] < cut_after and not all(one.done() for one in tasks):
            await asyncio.sleep(0.001 * c.rng.random())
        await c.power_cut()
        await asyncio.gather(*tasks)
        await c.start()
    await everyone_back(c, "in the end")


@test("Figure 8 with crashes, on links that lose", part="A", points=3, nodes=5,
      config=BRISK, rule=KEPT, seeds=4, needs="majority_power")
async def crashing_leaders(c):
    """Leaders take a command, and are killed before or after they have passed
    it on; nodes come back when too few are left. Messages are lost, late and
    out of order. In the end all must agree, and nothing be missing."""
    await c.link("*", "*", loss=0.1, jitter_ms=5, reorder=(0.2, 30))
    tasks = []
    for number in range(16 if c.proxy.name == "sim" else 4):
        found = await c.wait_for_leader()
        leader = found[0]
        if not c.alive(leader):
            continue
        tasks.append(asyncio.ensure_future(
            c.propose(leader, b"eight %d" % number)))
        await asyncio.sleep(c.rng.choice([0.002, 0.02, 0.2]))
        if c.rng.random() < 0.7:
            await c.power_cut(leader)
        down = [node for node in c.ids if not c.alive(node)]
        if len(down) > 2 or (down and c.rng.random() < 0.3):
            await c.start(c.rng.choice(down))
    await c.heal()
    await everyone_back(c, "in the end")
    for made in await asyncio.gather(*tasks):
        c.check(made.outcome, expected=f"an answer to {made.shown}: committed, "
                "lost, or not taken", observed=made.text)
