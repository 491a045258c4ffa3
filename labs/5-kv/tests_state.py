"""Lab 5, part A: what one node's state machine makes of commands."""

from __future__ import annotations

from conclave import RESTORE, test

from .tests_words import (ALONE, COMMANDS, STATE, VERSIONS, leader, number,
                          says, version_of)

KIB = 1024


@test("Keys are set, read and deleted", part="A", points=3, nodes=1,
      config=ALONE, rule=COMMANDS)
async def keys(c):
    """One node, one client: SET, GET, DEL, EXISTS, MGET, DBSIZE."""
    one = await leader(c)
    await says(c, one, 1, "DBSIZE")
    await says(c, one, None, "GET", "a")
    await says(c, one, b"OK", "SET", "a", "1")
    await says(c, one, b"OK", "SET", "b", "")
    await says(c, one, b"1", "GET", "a")
    await says(c, one, b"", "GET", "b")
    await says(c, one, b"OK", "SET", "a", "another")
    await says(c, one, [b"another", None, b"", b"another"],
               "MGET", "a", "no", "b", "a")
    await says(c, one, 3, "EXISTS", "a", "b", "no", "a")
    await says(c, one, 3, "DBSIZE")
    await says(c, one, 2, "DEL", "a", "no", "b", "a")
    await says(c, one, [None, None], "MGET", "a", "b")
    await says(c, one, 0, "DEL", "a")
    await says(c, one, 1, "DBSIZE")


@test("Counters count, and refuse what is no number", part="A", points=3,
      nodes=1, config=ALONE, needs="keys", rule=COMMANDS,
      hint="A refused command changes nothing, and makes no key.")
async def counters(c):
    """INCR, INCRBY, up to where a number of 64 bits ends."""
    one = await leader(c)
    await says(c, one, 1, "INCR", "n")
    await says(c, one, -9, "INCRBY", "n", "-10")
    await says(c, one, b"-9", "GET", "n")
    await says(c, one, b"OK", "SET", "most", str(2 ** 63 - 2))
    await says(c, one, 2 ** 63 - 1, "INCR", "most")
    await says(c, one, "-ERR", "INCR", "most")
    await says(c, one, b"%d" % (2 ** 63 - 1), "GET", "most")
    await says(c, one, b"OK", "SET", "least", str(-2 ** 63))
    await says(c, one, "-ERR", "INCRBY", "least", "-1")
    for text in ("word", "", " 1", "1.0", "9" * 30):
        await says(c, one, b"OK", "SET", "text", text)
        await says(c, one, "-ERR", "INCR", "text")
        await says(c, one, text.encode(), "GET", "text")
    await says(c, one, "-ERR", "INCRBY", "fresh", "word")
    await says(c, one, None, "GET", "fresh")


@test("APPEND appends, up to the longest value", part="A", points=2, nodes=1,
      config=ALONE, needs="keys", rule=COMMANDS)
async def appends(c):
    """Also to a key that is not there, and past 512 KiB."""
    one = await leader(c)
    await says(c, one, 2, "APPEND", "a", "xy")
    await says(c, one, 2, "APPEND", "a", "")
    await says(c, one, 5, "APPEND", "a", "zzz")
    await says(c, one, b"xyzzz", "GET", "a")
    large = b"v" * (512 * KIB)
    await says(c, one, b"OK", "SET", "large", large[1:])
    await says(c, one, 512 * KIB, "APPEND", "large", "v")
    await says(c, one, "-ERR", "APPEND", "large", "v")
    await says(c, one, large, "GET", "large")


@test("Keys and values hold any bytes", part="A", points=2, nodes=1,
      config=ALONE, needs="keys", rule=COMMANDS)
async def any_bytes(c):
    """All 256 of them, and what ends a line or a text in C."""
    one = await leader(c)
    every = bytes(range(256))
    for number_, key in enumerate((every, b"\0", b"\0\0", b"a\r\nb", b"")):
        await says(c, one, b"OK", "SET", key, every + b"%d" % number_)
    for number_, key in enumerate((every, b"\0", b"\0\0", b"a\r\nb", b"")):
        await says(c, one, every + b"%d" % number_, "GET", key)
    await says(c, one, 6, "DBSIZE")


@test("Versions rise with every write", part="A", points=2, nodes=1,
      config=ALONE, needs=("keys", "counters", "appends"), rule=VERSIONS)
async def versions(c):
    """SET, INCRBY, APPEND and CAS each give a key a higher version than any
    write before, to whatever key; reads and refused writes give none."""
    one = await leader(c)
    seen = 0
    for words, value in ((("SET", "k", "1"), b"1"), (("SET", "k", "1"), b"1"),
                         (("INCR", "k"), b"2"), (("APPEND", "k", "0"), b"20"),
                         (("SET", "other", "x"), None),
                         (("SET", "k", "text"), b"text")):
        reply = await c.cmd(one, *words)
        c.note(f"{words} is answered by {reply!r}")
        version = await version_of(c, one, "k" if value is not None else
                                   "other", value or b"x")
        c.check(version > seen, expected=f"a version above {seen} after "
                f"{' '.join(words)}", observed=f"version {version}")
        seen = version
    before = await version_of(c, one, "k", b"text")
    await says(c, one, "-ERR", "INCR", "k")
    await says(c, one, b"text", "GET", "k")
    await says(c, one, "-VERSION", "CAS", "k", before + 1, "other")
    after = await version_of(c, one, "k", b"text")
    c.check(after == before, expected=f"still version {before}: nothing was "
            "written", observed=f"version {after}")
    await says(c, one, 1, "DEL", "k")
    await says(c, one, None, "GETM", "k")
    await says(c, one, b"OK", "SET", "k", "back")
    again = await version_of(c, one, "k", b"back")
    c.check(again > before + 1, expected=f"a version above {before + 1}: DEL "
            "is a write, too, though nothing shows its version",
            observed=f"version {again}")


@test("CAS compares versions, not values", part="A", points=3, nodes=1,
      config=ALONE, needs="keys", rule=VERSIONS,
      hint="A value that has gone and come back has another version.")
async def compare_and_set(c):
    """A, B, A again: a CAS with the version of the first A must fail. Version
    0 stands for a key that is not there."""
    one = await leader(c)
    fresh = await number(c, one, "CAS", "k", 0, "A", rule=VERSIONS)
    c.check(await version_of(c, one, "k", b"A") == fresh,
            expected="CAS is answered by the new version",
            observed=f"it answered {fresh}, and GETM says otherwise")
    await says(c, one, "-VERSION", "CAS", "k", 0, "B")
    await says(c, one, b"OK", "SET", "k", "B")
    await says(c, one, b"OK", "SET", "k", "A")
    await says(c, one, "-VERSION", "CAS", "k", fresh, "C", rule=VERSIONS)
    await says(c, one, b"A", "GET", "k")
    latest = await version_of(c, one, "k", b"A")
    await says(c, one, "-VERSION", "CAS", "k", latest + 1, "C")
    written = await number(c, one, "CAS", "k", latest, "C", rule=VERSIONS)
    c.check(written > latest, expected=f"a version above {latest}",
            observed=f"{written}")
    await says(c, one, b"C", "GET", "k")
    await says(c, one, 1, "DEL", "k")
    await says(c, one, "-VERSION", "CAS", "k", written, "D")
    await says(c, one, None, "GET", "k")
    again = await number(c, one, "CAS", "k", 0, "A", rule=VERSIONS)
    c.check(again > written, expected=f"a version above {written}",
            observed=f"{again}: a client that still holds {fresh} would take "
                     "this key for that of before")


@test("A snapshot holds all of the state", part="A", points=3, nodes=1,
      config=ALONE, needs=("keys", "any_bytes"), rule=STATE,
      hint="Value, version, expiry, the last version given: what is missing?")
async def snapshot(c):
    """Keys are written, some deleted, the newest last; then a snapshot, a few
    more writes, and the power fails. All is there again, versions and expiry as well."""
    one = await leader(c)
    for step in range(40):
        await says(c, one, b"OK", "SET", f"key {step}", bytes([step]) * step)
    for step in range(0, 40, 3):
        await says(c, one, 1, "DEL", f"key {step}")
    await says(c, one, b"OK", "SET", "mortal", "x", "EX", 5000)
    before = [await c.cmd(one, "GETM", f"key {step}") for step in range(40)]
    await says(c, one, b"OK", "SET", "newest", "x")
    await says(c, one, 1, "DEL", "newest")
    await says(c, one, b"OK", "SNAPSHOT", rule=STATE)
    await says(c, one, b"OK", "SET", "later", "y")
    newest = await version_of(c, one, "later", b"y")
    for life in range(2):
        await c.restart(one)
        await leader(c)
        c.check(any(act.kind == RESTORE for act in c.acts(one)),
                expected="the node starts from its snapshot",
                observed="it restored none")
        after = [await c.cmd(one, "GETM", f"key {step}") for step in range(40)]
        wrong = [step for step in range(40) if before[step] != after[step]]
        c.check(not wrong, expected="every key has its value and its version",
                observed=f"of {len(wrong)} keys not; GETM key "
                         f"{wrong[0] if wrong else 0} was {before[wrong[0]]!r}"
                         f" and is {after[wrong[0]]!r}" if wrong else "")
        version = await version_of(c, one, "later", b"y")
        c.check(version == newest, expected="what was written after the "
                f"snapshot has version {newest}, as before",
                observed=f"version {version}", rule=VERSIONS)
        left = await number(c, one, "TTL", "mortal")
        c.check(0 < left <= 5000, expected="mortal has an expiry still",
                observed=f"TTL {left}", rule=STATE)
        await says(c, one, 40 - 14 + 3, "DBSIZE")
        if life == 0:
            await says(c, one, b"OK", "SNAPSHOT", rule=STATE)
