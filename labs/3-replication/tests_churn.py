"""Lab 3, part D: bad networks and long churn; promises are kept."""

from __future__ import annotations

import asyncio
from typing import Any, List

from conclave import test

from .tests_words import BRISK, COMPLETE, OLD_TERMS, SAME, others

# Messages are late, so that calls may take as long.
LATE = {"heartbeat_ms": 100, "election_min_ms": 300, "election_max_ms": 600,
        "rpc_timeout_ms": 90}


class Clients:
    """Clients that propose one command after another, to whoever will."""

    def __init__(self, c: Any, count: int):
        self.c = c
        self.goes_on = True
        self.tasks = [asyncio.ensure_future(self._client(number))
                      for number in range(count)]

    async def _client(self, number: int) -> None:
        c, made, turn = self.c, None, 0
        while self.goes_on:
            up = [node for node in c.nodes if c.serves(node)]
            turn += 1
            if up:
                node = made.node if made and made.ok and made.node in up \
                    else up[(number + turn) % len(up)]
                made = await c.propose(node, b"%d from client %d"
                                       % (turn, number), 60)
            await c.sleep(10 if made and made.ok else 25)

    async def stop(self) -> int:
        """They end with the answers they wait for: how many were OK."""
        self.goes_on = False
        await asyncio.gather(*self.tasks)
        return sum(one.ok for one in self.c.proposals)


async def finish(c: Any, clients: Clients) -> None:
    """All is healed and runs; what was promised is there."""
    await c.heal()
    for node in c.ids:
        if not c.alive(node):
            await c.start(node)
    await c.commit(b"the last one")
    count = await clients.stop()
    c.note(f"{count} commands were answered OK in all")
    await c.all_applied()


@test("Agreement on links that lose, repeat, delay and reorder", part="D",
      points=1, nodes=5, config=BRISK, needs="agreement", rule=SAME)
async def unreliable_links(c):
    """A tenth of all messages is lost, a tenth comes twice, some are late or
    overtaken, and bytes come in small pieces. Three clients propose."""
    await c.link("*", "*", loss=0.1, dup=0.1, jitter_ms=8, reorder="0.15,30",
                 chunk=400)
    clients = Clients(c, 3)
    for number in range(12):
        await c.commit(b"command %d" % number)
    await finish(c, clients)


@test("Messages from terms long past do no harm", part="D", points=1, nodes=3,
      config=LATE, needs="agreement", worlds=("sim",), seeds=3, rule=SAME,
      hint="An AppendEntries, or an answer to one, that was sent several "
           "elections ago: which of the receiver's rules turns it down?")
async def late_messages(c):
    """Two messages in five are late by up to three seconds, which is many
    elections, and are overtaken; some come twice. Leaders are cut off
    meanwhile. In the simulated world, where that costs nothing."""
    clients = Clients(c, 3)
    await c.link("*", "*", tail="0.25,3000", reorder="0.3,1500", dup=0.2)
    for number in range(5):
        await c.sleep(900)
        if number % 2:
            await c.isolate(c.rng.choice(c.ids))
            await c.sleep(700)
            await c.partition(c.ids)
    await finish(c, clients)


@test("Leaders crash, and what they promised stays", part="D", points=1,
      nodes=3, config=BRISK, needs="leader_fails", rule=COMPLETE)
async def crashing_leaders(c):
    """Three clients propose. Three times, whoever has committed last is killed
    at any moment, and comes back a little later."""
    clients = Clients(c, 3)
    for number in range(3):
        made = await c.commit(b"mark %d" % number)
        await c.sleep(c.rng.randint(0, 60))
        await c.kill(made.node)
        await c.sleep(c.rng.randint(0, 200))
        await c.start(made.node)
    await finish(c, clients)


@test("Long churn: three clients, and every commit they saw stays", part="D",
      points=2, nodes=5, config=BRISK, needs="crashing_leaders", seeds=2,
      worlds=("sim",), rule=COMPLETE)
async def long_churn(c):
    """Twenty-five faults: crashes, partitions, one-way cuts, pauses and lossy
    links, drawn from the seed; the leader is a favourite victim. In the
    simulated world, where long costs nothing."""
    clients = Clients(c, 3)
    down: List[int] = []
    for _ in range(25):
        await c.sleep(c.rng.randint(50, 500))
        done = [one for one in c.proposals if one.ok]
        victim = done[-1].node if done and c.rng.random() < 0.6 \
            else c.rng.choice(c.ids)
        fault = c.rng.choice(["kill", "kill", "part", "mute", "loss", "heal",
                              "start", "start"])
        if fault == "kill" and len(down) < 2 and victim not in down:
            await c.kill(victim)
            down.append(victim)
        elif fault == "start" and down:
            await c.start(down.pop(0))
        elif fault == "part":
            near = [victim] + c.rng.sample(others(c, victim), 1)
            await c.partition(near, others(c, *near))
        elif fault == "mute":
            await c.cut_one_way(victim, "*")
        elif fault == "loss":
            await c.link("*", "*", loss=0.15, reorder="0.2,100", dup=0.1)
        else:
            await c.heal()
    await finish(c, clients)


@test("Figure 8 at random: leaders fall right after they have been asked",
      part="D", points=1, nodes=5, config=BRISK, needs="leader_fails",
      seeds=3, worlds=("sim",), rule=OLD_TERMS)
async def figure_8_random(c):
    """Again and again whoever leads is asked to commit a command, and crashes
    within a few milliseconds, often before anybody else has it; at least three
    nodes are always up. In the simulated world, with several seeds: chance must
    find the order of Figure 8."""
    down: List[int] = []
    asked = []
    for number in range(40):
        for node in c.nodes:
            if c.serves(node):
                asked.append(asyncio.ensure_future(
                    c.propose(node, b"%d to node %d" % (number, node), 60)))
        await c.sleep(c.rng.choice([1, 3, 5, 8, 200, 450]))
        leaders = c.leaders_by_term()
        latest = max(leaders, default=0)
        for node in leaders.get(latest, ()):
            if node not in down:
                await c.kill(node)
                down.append(node)
        while len(down) > 2:
            await c.start(down.pop(c.rng.randrange(len(down))))
        if c.rng.random() < 0.3:
            await c.link("*", "*", loss=c.rng.choice([0, 0.1, 0.3]),
                         jitter_ms=c.rng.choice([0, 5, 20]))
    await c.heal()
    await c.start()
    await c.commit(b"the last one")
    await asyncio.gather(*asked)
    await c.all_applied()
