"""Lab 5, part A: time, which is in the log."""

from __future__ import annotations

from conclave import test

from .tests_words import (ALONE, COMMANDS, EXPIRY, HOUR_MS, STATE, leader,
                          number, says, version_of)


@test("A key with an expiry goes when its time has come", part="A", points=3,
      nodes=1, config=ALONE, needs="keys", rule=EXPIRY,
      hint="A read that finds the time come by its own clock, but not yet by "
           "the state's, puts the time into the log first.")
async def expires(c):
    """SET with EX and PX, and TTL; nothing is written while time passes."""
    one = await leader(c)
    await says(c, one, b"OK", "SET", "long", "1", "EX", 1000)
    await says(c, one, b"OK", "SET", "short", "1", "PX", 300)
    await says(c, one, b"OK", "SET", "stays", "1")
    left = await number(c, one, "TTL", "long")
    c.check(0 < left <= 1000, expected="TTL long: up to 1000 s",
            observed=str(left))
    await says(c, one, -1, "TTL", "stays")
    await says(c, one, -2, "TTL", "no")
    await c.sleep(500)
    await says(c, one, None, "GET", "short", rule=EXPIRY)
    await says(c, one, -2, "TTL", "short", rule=EXPIRY)
    await says(c, one, [b"1", None, b"1"], "MGET", "long", "short", "stays")
    await says(c, one, 2, "EXISTS", "long", "short", "stays")
    await says(c, one, 3, "DBSIZE", rule=EXPIRY)
    await says(c, one, 0, "DEL", "short", rule=EXPIRY)
    await says(c, one, b"OK", "SET", "short", "2")
    await says(c, one, -1, "TTL", "short", rule=EXPIRY)


@test("The state's time never goes back, not over a snapshot either", part="A",
      points=1, nodes=1, config=ALONE, start=False,
      needs=("expires", "snapshot"), rule=EXPIRY,
      hint="The state's time is part of the state, and so of a snapshot.")
async def time_kept(c):
    """The node's clock is an hour ahead and a write puts that time into the
    log. It starts again from a snapshot, with a clock that is right: now a key
    that lives for 100 ms lives for an hour, by this clock."""
    await c.start(1, wall_offset_ms=HOUR_MS)
    one = await leader(c)
    await says(c, one, b"OK", "SET", "x", "1")
    await says(c, one, b"OK", "SNAPSHOT", rule=STATE)
    await c.kill(one)
    await c.start(one)
    await leader(c)
    await says(c, one, b"OK", "SET", "mortal", "x", "PX", 100)
    await c.sleep(300)
    await says(c, one, b"OK", "SET", "x", "2")
    await says(c, one, b"x", "GET", "mortal", rule=EXPIRY)


@test("A value replaced loses its expiry, a value changed keeps it", part="A",
      points=2, nodes=1, config=ALONE, needs="expires", rule=COMMANDS)
async def expiry_kept(c):
    """SET without EX, INCRBY, APPEND, CAS; a counter that has expired; and
    expiries that make no sense."""
    one = await leader(c)
    await says(c, one, b"OK", "SET", "gone", "5", "PX", 50)
    for key in ("set", "incr", "append", "cas"):
        await says(c, one, b"OK", "SET", key, "1", "EX", 1000)
    await says(c, one, b"OK", "SET", "set", "2")
    await says(c, one, 2, "INCR", "incr")
    await says(c, one, 2, "APPEND", "append", "0")
    version = await version_of(c, one, "cas", b"1")
    await number(c, one, "CAS", "cas", version, "2")
    for key, is_kept in (("set", False), ("incr", True), ("append", True),
                         ("cas", False)):
        left = await number(c, one, "TTL", key)
        c.check(left > 0 if is_kept else left == -1,
                expected=f"the key '{key}' " + ("goes when it was to go" if
                                                is_kept else "stays for ever"),
                observed=f"TTL {left}")
    await c.sleep(100)
    await says(c, one, 1, "INCR", "gone", rule=EXPIRY)
    await says(c, one, -1, "TTL", "gone", rule=EXPIRY)
    for wrong in (("EX", 0), ("EX", -1), ("PX", "soon"), ("EX", 2 ** 62),
                  ("ZZ", 1)):
        await says(c, one, "-ERR", "SET", "set", "3", *wrong)
    await says(c, one, "-ERR", "SET", "set", "3", "EX")
    await says(c, one, b"2", "GET", "set")
