"""Lab 5, part B: clocks that differ, and keys that expire."""

from __future__ import annotations

from conclave import test

from .tests_words import (BRISK, EXPIRY, HOUR_MS, STATE, Lead, equal_states,
                          in_one_reign, lead_of, leader, says)


@test("What has expired never comes back, whoever leads", part="B", points=2,
      nodes=3, config=BRISK, needs=("expires", "store_agrees"), rule=EXPIRY,
      hint="Nobody's clock is asked when an entry is applied, nor when a state "
           "is read: the time is that of the latest entry.")
async def never_comes_back(c):
    """The leader's clock jumps ahead by an hour, and a key goes. Then another
    leads, whose clock says that it should still be there."""
    async def expire(one, turn):
        key = f"mortal {turn}"
        await says(c, one, b"OK", "SET", key, "x", "EX", 1800)
        await says(c, one, b"x", "GET", key)
        # Beyond every clock that has led before.
        await c.jump_wall(one, HOUR_MS << turn)
        await says(c, one, None, "GET", key, rule=EXPIRY)
        return one, key

    first, key = await in_one_reign(c, expire)
    await c.kill(first)
    second = await lead_of(c)
    await says(c, second, None, "GET", key, rule=EXPIRY)
    await says(c, second, 0, "DEL", key, rule=EXPIRY)
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
    lead = Lead(c)
    for turn in range(4):
        await lead.find()
        for count, seconds in enumerate((1, 60, 1800, 3500, 7000, 90000)):
            await says(c, lead, b"OK", "SET", f"{turn} {count}", "x", "EX",
                       seconds)
        await says(c, lead, b"OK", "SET", f"{turn}", "stays")
        one = lead.node
        await c.kill(one)
        await says(c, lead, b"stays", "GET", f"{turn}", rule=EXPIRY)
        led |= {one, lead.node}
        await c.start(one, wall_offset_ms=c.rng.choice([0, HOUR_MS, -HOUR_MS]))
    c.note(f"nodes {sorted(led)} have led")
    await leader(c)
    await equal_states(c)
