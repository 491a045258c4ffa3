"""Lab 5, part C: what many clients see is what one store would say.

Each test ends with the judgement of all that its clients saw (docs/checking.md).
"""

from __future__ import annotations

import asyncio
from typing import Any, List

from conclave import test

from .tests_words import BRISK, EXPIRY, READS, equal_states, others

_KEYS = ("x", "y", "z")


class Clients:
    """Clients of a few keys, who do what is drawn for them."""

    def __init__(self, c: Any, count: int, sessions: bool = False,
                 keys: Any = _KEYS, pace_ms: int = 15):
        self.c = c
        self.keys = keys
        self.pace_ms = pace_ms
        self.goes_on = True
        self.done = 0
        self.tasks = [asyncio.ensure_future(self._client(number, sessions))
                      for number in range(count)]

    async def _client(self, number: int, in_session: bool) -> None:
        kv, rng, known = self.c.kv_client(), self.c.rng, {}
        kv.answer_s = 0.3
        if in_session:
            await kv.open_session()
        for step in range(10_000):
            if not self.goes_on:
                return
            key = rng.choice(self.keys)
            what = rng.choice(["get", "get", "getm", "set", "append", "cas",
                               "mget", "del", "stray", "incr"])
            value = f"{number}.{step} "
            if what == "get":
                await kv.get(key)
            elif what == "getm":
                known[key] = _version_in(await kv.getm(key))
            elif what == "set":
                await kv.set(key, value)
            elif what == "append":
                await kv.append(key, value)
            elif what == "cas":
                await kv.cas(key, known.get(key, 0), value)
            elif what == "mget":
                await kv.run("MGET", *self.keys)
            elif what == "del":
                await kv.delete(key)
            elif what == "incr":
                await kv.incr("n")
            else:
                await self._stray(kv, rng, key)
            self.done += 1
            await self.c.sleep(rng.randint(0, self.pace_ms))

    async def _stray(self, kv: Any, rng: Any, key: str) -> None:
        """Reads from any node: who does not lead has to refuse."""
        up = [node for node in self.c.nodes if self.c.serves(node)]
        if up:
            ask = asyncio.ensure_future(self.c.kv_client().ask(
                rng.choice(up), "GET", key, timeout_s=50))
            await asyncio.wait({ask}, timeout=0.1)

    async def stop(self) -> None:
        self.goes_on = False
        await asyncio.gather(*self.tasks)


def _version_in(reply: Any) -> int:
    """What GETM says of a key: 0 if there is none. Of a reply of another shape
    the history will complain."""
    is_right = isinstance(reply, list) and len(reply) == 2
    return reply[1] if is_right and isinstance(reply[1], int) else 0


async def finish(c: Any, clients: Clients, least: int) -> None:
    """All is healed and runs; they end, and the replicas are the same."""
    await c.heal()
    for node in c.ids:
        if not c.alive(node):
            await c.start(node)
    await c.until(lambda: clients.done >= least,
                  what=f"{least} operations were answered")
    await clients.stop()
    c.note(f"{clients.done} operations in all")
    await equal_states(c)


@test("Many clients of few keys see one store", part="C", points=2, nodes=3,
      config=BRISK, needs="stale_leader", rule=READS)
async def many_clients(c):
    """Nothing is broken. Five clients read, write, append, compare and set."""
    await finish(c, Clients(c, 5), 200)


@test("On links that lose, repeat, delay and reorder, too", part="C", points=2,
      nodes=3, config=BRISK, needs="many_clients", rule=READS)
async def unreliable_links(c):
    """A tenth of all messages is lost, a tenth comes twice, some are late."""
    await c.link("*", "*", loss=0.1, dup=0.1, jitter_ms=8, reorder="0.15,30",
                 chunk=400)
    await finish(c, Clients(c, 4), 100)


@test("While partitions move", part="C", points=2, nodes=5, config=BRISK,
      needs="many_clients", rule=READS)
async def partitions(c):
    """Six times the nodes fall apart in another way, the leader on the smaller
    side where it can be."""
    clients = Clients(c, 4, pace_ms=40)
    kv = c.kv_client()
    kv.answer_s = 0.3
    for number in range(6):
        await kv.set("x", f"mark {number}")
        near = [kv.found] + c.rng.sample(others(c, kv.found), 1)
        await c.partition(near, others(c, *near))
        await c.sleep(c.rng.randint(200, 700))
    await finish(c, clients, 60)


@test("While leaders crash", part="C", points=2, nodes=3, config=BRISK,
      needs="many_clients", rule=READS)
async def crashes(c):
    """Four times whoever leads is killed, and comes back."""
    clients = Clients(c, 4)
    kv = c.kv_client()
    for number in range(4):
        await kv.set("x", f"mark {number}")
        one = kv.found
        await c.sleep(c.rng.randint(0, 60))
        await c.kill(one)
        await c.sleep(c.rng.randint(0, 250))
        await c.start(one)
    await finish(c, clients, 60)


@test("Whatever breaks: clocks, disks, links, leaders", part="C", points=3,
      nodes=5, needs="partitions", worlds=("sim",), seeds=4,
      config=dict(BRISK, snapshot_log_bytes=30_000, segment_bytes=8192),
      clocks={1: 1.08, 2: 0.93, 4: 1.04}, rule=READS)
async def swarm(c):
    """Eighteen faults drawn from the seed: crashes, pauses, partitions, one-way
    cuts, lossy links, jumping clocks, snapshots. Some clients have sessions,
    one watches keys expire."""
    clients = Clients(c, 3, pace_ms=50)
    once = Clients(c, 2, sessions=True, pace_ms=50)
    mortal = asyncio.ensure_future(_mortal(c, clients))
    down: List[int] = []
    stopped: List[int] = []
    leaders = c.kv_client()
    for _ in range(18):
        await c.sleep(c.rng.randint(20, 500))
        led = max(c.leaders_by_term().items(), default=(0, {1}))[1]
        victim = c.rng.choice(sorted(led)) if c.rng.random() < 0.6 \
            else c.rng.choice(c.ids)
        await _break(c, c.rng.choice(
            ["kill", "pause", "part", "near", "mute", "deaf", "loss", "heal",
             "clock", "snapshot", "start", "start"]), victim, down, stopped)
    for node in stopped:
        await c.resume(node)
    await finish(c, clients, 40)
    await once.stop()
    await mortal
    await leaders.set("over", "yes")


async def _mortal(c: Any, others_too: Clients) -> None:
    """Sets a key that expires, and reads it: once gone, it stays gone. How long
    it lives is not judged, for the clocks jump."""
    kv = c.kv_client()
    kv.answer_s = 0.3
    await kv.open_session()   # else a late copy of SET would set it again
    for number in range(1000):
        key, is_gone = f"mortal {number}", False
        await kv.run("SET", key, "x", "PX", c.rng.choice([40, 300, 2000]))
        for _ in range(8):
            if not others_too.goes_on:
                return
            value = await kv.run("GET", key)
            c.check(value in ((None,) if is_gone else (None, b"x")),
                    expected=f"'{key}', which nobody sets again, is "
                    + ("gone for good" if is_gone else "x, or gone"),
                    observed=repr(value), rule=EXPIRY)
            is_gone = value is None
            await c.sleep(c.rng.randint(10, 150))


async def _break(c: Any, fault: str, victim: int, down: List[int],
                 stopped: List[int]) -> None:
    is_up = victim not in down and victim not in stopped
    if fault == "kill" and is_up and len(down) + len(stopped) < 2:
        await c.kill(victim)
        down.append(victim)
    elif fault == "pause" and is_up and len(down) + len(stopped) < 2:
        await c.pause(victim)
        stopped.append(victim)
    elif fault == "start" and down:
        await c.start(down.pop(0))
    elif fault == "start" and stopped:
        await c.resume(stopped.pop(0))
    elif fault == "part":
        near = [victim] + c.rng.sample(others(c, victim), 1)
        await c.partition(near, others(c, *near))
    elif fault == "near":
        await c.cut(victim, c.rng.choice(others(c, victim)))
    elif fault == "mute":
        await c.cut_one_way(victim, "*")
    elif fault == "deaf":
        await c.cut_one_way("*", victim)
    elif fault == "loss":
        await c.link("*", "*", loss=0.15, reorder="0.2,100", dup=0.1)
    elif fault == "clock" and is_up:
        await c.jump_wall(victim, c.rng.choice([-60_000, 500, 60_000]))
    elif fault == "snapshot" and is_up:
        asyncio.ensure_future(c.cmd(victim, "SNAPSHOT", timeout_s=50))
    elif fault == "heal":
        await c.heal()
