"""Lab 5, part B: many commands on one connection, and bad ones."""

from __future__ import annotations

import asyncio
import itertools

from conclave import follow, leads, test
from conclave.resp import encode_command

from .tests_words import (BRISK, COMMANDS, FRONT, SLOW, WRITES, check_answer,
                          in_one_reign, leader, says, word_of)


@test("Commands that come together are done, and answered, in their order",
      part="B", points=2, nodes=3, config=BRISK, needs="store_agrees",
      rule=WRITES,
      hint="Each is proposed before the next one is looked at; a read behind a "
           "write on one connection sees that write.")
async def pipelined(c):
    """Four hundred commands of one connection at once: counters, writes, some
    that are refused, and reads between them."""
    async def at_once(one, turn):
        client = await c.client(one)
        batch, wanted = [], []
        for step in range(1, 101):
            batch += [encode_command("INCR", f"n {turn}"),
                      encode_command("SET", f"k {turn}", f"value {step}"),
                      encode_command("INCR", f"k {turn}"),
                      encode_command("GET", f"k {turn}")]
            wanted += [step, b"OK", "ERR", b"value %d" % step]
        await client.send(b"".join(batch))
        for place, want in enumerate(wanted):
            reply = await client.reply()
            check_answer(c, (word_of(reply) or reply) == want, reply,
                         observed=f"{reply!r}", node=one,
                         expected=f"answer {place + 1} of 400: {want!r}")
        await says(c, one, b"100", "GET", f"n {turn}")

    await in_one_reign(c, at_once)


@test("A read behind a write that is not committed yet waits for it",
      part="B", points=1, peers=[2, 3], config=SLOW, needs="pipelined",
      worlds=("sim",), rule=WRITES,
      hint="A connection's next command begins when await_kv has returned from "
           "the one before. Does it return too early?")
async def in_turn(c):
    """A connection sends SET, and GET in a packet of its own while nobody has
    stored the SET; then the followers store it. In the simulated world, where
    followers may keep quiet without being given up."""
    two, three = await follow(c, 2, 3)
    await leads(c, two, three, limit_s=10)
    await leader(c)
    two.holding = three.holding = True
    client = await c.client(1)
    replies = []

    async def read():
        while len(replies) < 3:
            replies.append(await client.reply())

    task = asyncio.ensure_future(read())
    for words in (("SET", "k", "new"), ("GET", "k"), ("DEL", "k")):
        await client.send(encode_command(*words))
        await c.sleep(50)
    c.check(not replies, expected="no answer while no follower has stored SET",
            observed=f"{replies!r}", node=1)
    await two.release()
    await three.release()
    await task
    c.check(replies == [b"OK", b"new", 1], expected="OK, then the value that "
            "was set, then 1", observed=f"{replies!r}", node=1)


@test("Two connections do not wait for each other's replies", part="B",
      points=1, nodes=3, config=BRISK, needs="pipelined", rule=FRONT)
async def connections(c):
    """Ten connections, thirty commands each, all at once: every counter is
    raised by everybody, and every client's answers rise."""
    async def at_once(one, turn):
        async def client():
            mine = await c.client(one)
            await mine.send(b"".join([encode_command("INCR", f"n {turn}")]
                                     * 30))
            return [await mine.reply() for _ in range(30)]

        answers = await asyncio.gather(*(client() for _ in range(10)))
        for reply in itertools.chain(*answers):
            check_answer(c, isinstance(reply, int), reply, node=one,
                         expected="a client's answers are numbers",
                         observed=f"{reply!r}")
        return answers

    answers = await in_one_reign(c, at_once)
    for mine in answers:
        c.check(mine == sorted(mine), expected="a client's answers are "
                "numbers that rise", observed=f"{mine[:8]!r} ...")
    together = sorted(reply for mine in answers for reply in mine)
    c.check(together == list(range(1, 301)), expected="300 INCRs are answered "
            "by 1 to 300, each once", observed=f"{len(set(together))} "
            "different answers", rule=COMMANDS)


@test("Bytes may come in any pieces; bad commands change nothing", part="B",
      points=2, nodes=1, config=dict(BRISK), needs="any_bytes", rule=FRONT)
async def pieces(c):
    """A command byte by byte; commands with too many words, too few, too long
    ones; bytes that are no command."""
    one = await leader(c)
    client = await c.client(one)
    for byte in encode_command("SET", "slow", b"a\r\n\0b"):
        await client.send(bytes([byte]))
    c.check(await client.reply() == b"OK", expected="OK", observed="not so")
    client.close()
    await says(c, one, b"a\r\n\0b", "GET", "slow")
    large = b"v" * (512 << 10)
    await says(c, one, b"OK", "SET", "large", large)
    await says(c, one, large, "GET", "large")
    for words in (("SET", "large", large + b"v"), ("SET", "k" * 1025, "x"),
                  ("GET",), ("GET", "a", "b"), ("SET", "a"), ("CAS", "a", "b"),
                  ("CAS", "a", "b", "c"), ("INCRBY", "a"), ("NO SUCH", "a"),
                  ("REQ", "x", 1, "SET", "a", "1"), ("REQ", 1, 1, "NO", "a"),
                  ("REQ", 1, 0, "SET", "a", "1"), ("", "")):
        await says(c, one, "-ERR", *words, rule=FRONT)
    await says(c, one, b"OK", "SET", "k" * 1024, "x")
    bad = await c.client(one)
    await bad.send(b"*1\r\n$-5\r\nGET\r\n" + b"\xff" * 300)
    c.check(word_of(await bad.reply()) == "ERR", expected="bytes that are no "
            "command are answered by an error", observed="not so", node=one)
    await says(c, one, 4, "DBSIZE")
