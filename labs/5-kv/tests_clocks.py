"""Lab 5, part B: clocks that differ, and keys that expire."""

from __future__ import annotations

from conclave import test

from .tests_words import (BRISK, EXPIRY, HOUR_MS, STATE, equal_states, leader,
                          others, says)


@test("What has expired never comes back, whoever leads", part="B", points=2,
      nodes=3, config=BRISK, needs=("expires", "store_agrees"), rule=EXPIRY,
      hint="Nobody's clock is asked when an entry is applied, nor when a state "
           "is read: the time is that of the latest entry.")
async def never_comes_back(c):
    """The leader's clock jumps ahead by an hour, and a key goes. Then another
    leads, whose clock says that it should still be there."""
    first = await leader(c)
    await says(c, first, b"OK", "SET", "mortal", "x", "EX", 1800)
    await says(c, first, b"x", "GET", "mortal")
    await c.jump_wall(first, HOUR_MS)
    await says(c, first, None, "GET", "mortal", rule=EXPIRY)
    await c.kill(first)
    second = await leader(c)
    await says(c, second, None, "GET", "mortal", rule=EXPIRY)
    await says(c, second, 0, "DEL", "mortal", rule=EXPIRY)
    await c.start(first)
    await equal_states(c)


@test("Replicas whose clocks differ hold the same", part="B", points=2,
      nodes=3, config=BRISK, start=False, needs="never_comes_back", rule=STATE,
      hint="When a key goes is decided once, by the leader's stamp in the "
           "entry.")
async def clocks_differ(c):
    """One node's clock is an hour ahead, one an hour behind. Keys with an
    expiry are written while the leaders change; then all take a snapshot after
    the same entry, byte for byte the same."""
    for node, offset in zip(c.ids, (0, HOUR_MS, -HOUR_MS)):
        await c.start(node, wall_offset_ms=offset)
    led = set()
    for turn in range(4):
        one = await leader(c)
        led.add(one)
        for count, seconds in enumerate((1, 60, 1800, 3500, 7000, 90000)):
            await says(c, one, b"OK", "SET", f"{turn} {count}", "x", "EX",
                       seconds)
        await says(c, one, b"OK", "SET", f"{turn}", "stays")
        await c.kill(one)
        now = await leader(c, among=others(c, one))
        led.add(now)
        await says(c, now, b"stays", "GET", f"{turn}", rule=EXPIRY)
        await c.start(one, wall_offset_ms=c.rng.choice([0, HOUR_MS, -HOUR_MS]))
    c.note(f"nodes {sorted(led)} have led")
    await leader(c)
    await equal_states(c)
