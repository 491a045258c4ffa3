"""Lab 5, part B: the plain text port speaks of the same store."""

from __future__ import annotations

import asyncio
from typing import Any, Optional

from conclave import Failure, test

from .tests_words import (ALONE, BRISK, TEXT, Deposed, Lead, in_one_reign,
                          leader, others, says, version_of)


async def answers(c: Any, client: Any, wanted: str, line: str,
                  value: Optional[bytes] = None) -> bytes:
    """A request that is answered by one line: this one, or, if what is wanted
    ends with a blank, one that begins so. What follows that blank."""
    said = (await client.cmd(line, value)).decode(errors="replace")
    c.note(f"'{line[:60]}' is answered by '{said[:80]}'")
    holds = said.startswith(wanted) if wanted.endswith(" ") else said == wanted
    c.check(holds, expected=f"'{line[:60]}' is answered by {wanted}",
            observed=f"'{said[:80]}'", rule=TEXT)
    return said[len(wanted):].encode()


async def holds(c: Any, client: Any, line: str, value: Optional[bytes]
                ) -> bytes:
    """A get or getm that finds a value; None: that finds no key."""
    said, found = await client.get(line)
    c.note(f"'{line[:60]}' is answered by {said!r} and {str(found)[:40]}")
    wanted = "ERR_NOT_FOUND" if value is None else \
        f"VALUE ... {len(value)} and {value[:40]!r}"
    c.check(said == b"ERR_NOT_FOUND" if value is None else found == value,
            expected=f"'{line[:60]}' is answered by {wanted}",
            observed=f"{said!r} and {str(found)[:60]}", rule=TEXT)
    return said


async def version(c: Any, client: Any, line: str, value: bytes) -> int:
    """A set or cas that is done: the version written."""
    said = await answers(c, client, "OK ", line, value)
    c.check(said.isdigit(), expected="OK and the version written",
            observed=repr(said), rule=TEXT)
    return int(said)


@test("set, get, getm, cas and delete say what they did", part="B", points=1,
      nodes=1, config=ALONE, needs=("compare_and_set", "expires"), rule=TEXT)
async def text_words(c):
    """One node, asked in plain text; then in Redis' words about the same
    keys."""
    one = await leader(c)
    text = await c.text(one)
    await holds(c, text, "get k", None)
    await holds(c, text, "getm k", None)
    await answers(c, text, "ERR_NOT_FOUND", "delete k")
    first = await version(c, text, "set k 0 2", b"hi")
    said = await holds(c, text, "get k", b"hi")
    c.check(said == b"VALUE 2", expected="VALUE 2", observed=repr(said))
    said = await holds(c, text, "getm k", b"hi")
    c.check(said == b"VALUE %d 0 2" % first,
            expected=f"VALUE {first} 0 2: the version, no expiry, the length",
            observed=repr(said))
    c.check(await version_of(c, one, "k", b"hi") == first,
            expected="GETM shows the same version", observed="it does not")
    second = await version(c, text, f"cas k 0 {first} 3", b"two")
    c.check(second > first, expected=f"a version above {first}",
            observed=str(second))
    await answers(c, text, f"ERR_VERSION {second}", f"cas k 0 {first} 1", b"x")
    await answers(c, text, f"ERR_VERSION {second}", "cas k 0 0 1", b"x")
    await says(c, one, b"two", "GET", "k")
    await answers(c, text, "ERR_NOT_FOUND", f"cas no 0 {second} 1", b"x")
    await version(c, text, "cas no 0 0 1", b"x")
    await answers(c, text, "DELETED", "DELETE no")
    await holds(c, text, "get no", None)
    await _expiry(c, text)


async def _expiry(c, text):
    await version(c, text, "set mortal 1 1", b"x")
    await version(c, text, "set long 1000 1", b"x")
    said = (await holds(c, text, "getm long", b"x")).split()
    c.check(900 < int(said[2]) <= 1000, expected="up to 1000 s are left",
            observed=repr(said))
    kept = await version(c, text, "set kept 1000 1", b"x")
    await version(c, text, f"cas kept 0 {kept} 1", b"y")
    said = (await holds(c, text, "getm kept", b"y")).split()
    c.check(said[2] == b"0", expected="the key stays: 0 seconds",
            observed=repr(said))
    await c.sleep(1300)
    await holds(c, text, "get mortal", None)


@test("A value is as long as its line says; mistakes cost one request",
      part="B", points=1, nodes=1, config=ALONE, needs="text_words", rule=TEXT)
async def text_bytes(c):
    """Line ends, commands and all 256 bytes in values; bytes that come one by
    one; noreply; requests that are wrong, and good ones behind them."""
    one = await leader(c)
    text = await c.text(one)
    every = bytes(range(256))
    for value in (b"", b"\r\n", b"a\r\nget k\r\n", every, b"v" * (512 << 10)):
        await version(c, text, f"set k 0 {len(value)}", value)
        await holds(c, text, "get k", value)
    slow = await c.text(one)
    for byte in b"set slow 0 4\r\n\r\nx\n\r\nget slow\r\n":
        await slow.send(bytes([byte]))
    said = await slow.line()
    c.check(said.startswith(b"OK "), expected="OK", observed=repr(said))
    c.check(await slow.line() == b"VALUE 4", expected="VALUE 4",
            observed="not so")
    c.check(await slow.value(4) == b"\r\nx\n", expected="the value as it was "
            "sent, byte by byte", observed="another one")
    # Silent ones are done or refused, and either way nothing is said; but who
    # gets the line itself wrong is told.
    await text.send(b"set q 0 1 noreply\r\n1\r\ncas q 0 999999 1 noreply\r\n2"
                    b"\r\n")
    await holds(c, text, "get q", b"1")
    await answers(c, text, "ERR_CMD_ERR", "set q x 1 noreply", b"3")
    long = "k" * 1025
    for line, value in ((f"get {long}", None), (f"set {long} 0 1", b"x"),
                        (f"set k 0 {(512 << 10) + 1}", bytes((512 << 10) + 1)),
                        ("set k soon 1", b"x"), ("set k -1 1", b"x"),
                        (f"set k {2 ** 62} 1", b"x"), ("cas k 0 x 1", b"x"),
                        ("get", None), ("get a b", None), ("incr k", None),
                        ("", None)):
        await answers(c, text, "ERR_CMD_ERR", line, value)
    await text.send(b"get q\nget q\r\n")
    said = await text.line()
    c.check(said == b"ERR_CMD_ERR", expected="ERR_CMD_ERR for a line that ends "
            "without CR", observed=repr(said))
    c.check(await text.line() == b"VALUE 1" and await text.value(1) == b"1",
            expected="the line behind it is answered", observed="it is not")
    await holds(c, text, "get k", b"v" * (512 << 10))
    await _lost_count(c, one)


async def _lost_count(c, one):
    """Nobody knows where the next request begins: the connection ends."""
    for data in (b"set k 0\r\n", b"set k 0 x\r\n", b"set k 0 1\r\nxyz\r\n",
                 b"set k 0 9999999\r\n", b"x" * 3000):
        text = await c.text(one)
        await text.send(data)
        said = await text.line()
        c.check(said == b"ERR_CMD_ERR", expected=f"{data[:20]!r} is answered "
                "by ERR_CMD_ERR", observed=repr(said), rule=TEXT)
        await text.closed()


@test("Followers redirect those who speak plain text, too", part="B", points=1,
      nodes=3, config=BRISK, needs=("text_words", "redirects"), rule=TEXT)
async def text_redirect(c):
    """Followers are asked; a hundred requests are sent at once to the leader;
    it is cut off, and asked; the others name the next one."""
    await all_name_it(c)

    async def at_once(one, turn):
        text = await c.text(one)
        for step in range(50):
            await text.send(b"set k 0 2 noreply\r\n%02d\r\nget k\r\n" % step)
        for step in range(50):
            said = await text.line()
            found = await text.value(2) if said == b"VALUE 2" else None
            check_steady(c, found == b"%02d" % step, f"{said!r}, {found!r}",
                         f"each get sees the set before it: {step:02d}")
        return one, text

    old, text = await in_one_reign(c, at_once)
    await c.isolate(old)
    stuck = asyncio.ensure_future(text.cmd("set k 0 3", b"old", timeout_s=60))
    await c.sleep(20)
    await leader(c, among=others(c, old))
    await c.heal()
    said = await stuck
    c.check(said.startswith((b"ERR_INTERNAL", b"ERR_REDIRECT")),
            expected="a set that its leader lost: ERR_INTERNAL",
            observed=repr(said), node=old)
    await all_name_it(c)

    async def reads(one, turn):
        said, found = await (await c.text(one)).get("get k")
        check_steady(c, found == b"49", f"{said!r}, {found!r}",
                     "get k is answered by VALUE 2 and 49")

    await in_one_reign(c, reads)


def check_steady(c: Any, holds: bool, observed: str, expected: str) -> None:
    """What holds as long as one node leads. (A set that says nothing may have
    been refused to another leader's end.)"""
    if not holds:
        raise Deposed(expected, observed, rule=TEXT)


async def all_name_it(c):
    """In the end all who do not lead say where the leader's text port is, to
    whatever is asked; and nothing where noreply is."""
    lead = Lead(c)
    texts = {node: await c.text(node) for node in c.ids}

    async def so():
        await lead.find()
        return all([await redirects(c, lead, node, texts[node])
                    for node in others(c, lead.node)])

    await c.until(so, rule=TEXT, what="all who do not lead answer by the text "
                  "port of who does")


async def redirects(c: Any, lead: Lead, node: int, text: Any) -> bool:
    """Whether a node names the leader's text port."""
    wanted = f"ERR_REDIRECT {c.text_address(lead.node)}"
    told = []
    for line, value in (("get k", None), ("set other 0 1", b"x"),
                        ("delete other", None)):
        said = (await text.cmd(line, value)).decode(errors="replace")
        if not said.startswith(("ERR_REDIRECT ", "ERR_INTERNAL")):
            await lead.was_deposed(Failure(
                f"node {node}, which does not lead, redirects who asks",
                f"it answered '{line}' by '{said[:80]}'", rule=TEXT,
                node=node))
        told.append(said)
        await text.send(b"set other 0 1 noreply\r\nx\r\n")
    return told == [wanted] * 3
