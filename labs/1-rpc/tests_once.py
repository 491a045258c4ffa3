"""Lab 1, part B: what counts once, counted by a remote adder."""

from __future__ import annotations

from typing import Any, Dict

from conclave import Method

from .tests_retry import operation
from .tests_words import (CALM, FAILED, LONG_MS, ONCE, REFUSED, around,
                          begin_all, check_answer, cluster_test, linked,
                          peer_test, served, short, until_served)


@cluster_test("An update counts once, whatever the network does", part="B",
              points=3, nodes=3, rule=ONCE, needs=["echo", "same_operation"],
              hint="A retry looks like a new request unless the server knows "
                   "its client and sequence, and the answer that it gave.")
async def exactly_once(c):
    """Nodes 1 and 2, four sessions each, add numbers to node 3's counter while
    frames are lost, doubled, late and out of order. The previous values that
    they are told must be those of a counter to which each number was added
    exactly once."""
    await linked(c, 1, 3)
    await linked(c, 2, 3)
    await c.link("*", "*", loss=0.12, dup=0.25, jitter_ms=3, reorder=(0.25, 12))
    adds = {node: [(node * 1000 + number, f"s{number % 4}")
                   for number in range(32)] for node in (1, 2)}
    orders = {node: await begin_all(c, node, [
        ("RPC.CALL", 3, "add", amount, "ATTEMPT", 50, "TIMEOUT", LONG_MS,
         "SESSION", session) for amount, session in adds[node]])
        for node in adds}
    told: Dict[int, int] = {}  # previous value -> amount
    for node in adds:
        for amount, session in adds[node]:
            previous = await orders[node].answer(40)
            c.check(type(previous) is int, observed=short(previous),
                    expected=f"session {session} of node {node} gets an answer "
                             f"to add {amount}")
            c.check(previous not in told, observed=f"{previous} twice",
                    expected="no two adds find the same previous value")
            told[previous] = amount
    total = 0
    for previous in sorted(told):
        c.check(previous == total, expected=f"some add found {total} in the "
                "counter: the sum of the amounts added before it",
                observed=f"none did; the next one found {previous}, so an "
                         "amount was not added exactly once")
        total += told[previous]
    await c.heal()
    count = await c.cmd(3, "SERVICE.COUNTER")
    check_answer(c, count, total, "the counter: each amount once")


@cluster_test("Updates count once, whatever is drawn", part="B", points=2,
              nodes=3, seeds=30, rule=ONCE, needs="exactly_once",
              hint="`--replay` shows which frames were lost, doubled or late "
                   "in this seed: follow one session's sequence through them.")
async def drawn_faults(c):
    """Each seed draws kinds of faults, and when they strike: loss, copies,
    delays, overtaking, pieces, cuts of one direction, resets, pauses. Two nodes
    add to the third's counter meanwhile. All heals; then every add must have
    been answered, and the counter must hold each once."""
    for node in (1, 2):
        await linked(c, node, 3)
    amounts = {node: [node * 1000 + number for number in range(24)]
               for node in (1, 2)}
    await bad_links(c)
    orders = {node: await begin_all(c, node, [
        ("RPC.CALL", 3, "add", amount, "ATTEMPT", 60, "TIMEOUT", LONG_MS,
         "SESSION", f"s{amount % 3}") for amount in amounts[node]])
        for node in amounts}
    for fault in c.rng.sample(FAULTS, c.rng.randint(1, len(FAULTS))):
        await c.sleep(c.rng.randint(0, 100))
        await fault(c)
    await c.sleep(c.rng.randint(0, 300))
    for node in c.ids:
        await c.resume(node)
    await c.heal()
    told = [await orders[node].answer(40) for node in amounts
            for _ in amounts[node]]
    c.check(all(type(one) is int for one in told), observed=short(told),
            expected="every add is told the value before it")
    c.check(len(set(told)) == len(told), observed=short(sorted(told)),
            expected="no two adds find the same value before them")
    total = sum(sum(one) for one in amounts.values())
    count = await c.cmd(3, "SERVICE.COUNTER")
    check_answer(c, count, total, "the counter: each amount once")


async def bad_links(c: Any) -> None:
    """Some or all links lose, double, delay or cut frames up."""
    drawn = {"loss": round(c.rng.uniform(0.05, 0.3), 2),
             "dup": round(c.rng.uniform(0.05, 0.5), 2),
             "jitter_ms": c.rng.randint(1, 80),
             "reorder": (0.3, c.rng.randint(5, 150)),
             "tail": (0.1, c.rng.randint(50, 900)),
             "chunk": c.rng.randint(1, 40)}
    kinds = c.rng.sample(sorted(drawn), c.rng.randint(1, 4))
    ends = c.rng.choice([("*", "*"), ("*", 3), (3, "*"), (1, 3), (3, 2)])
    await c.link(*ends, **{kind: drawn[kind] for kind in kinds})


async def one_way(c: Any) -> None:
    """A direction is cut, for the requests or for the replies."""
    node = c.rng.choice([1, 2])
    await c.cut_one_way(*c.rng.sample([node, 3], 2))


async def broken_streams(c: Any) -> None:
    """A node's streams are reset, or everybody's."""
    await c.reset(c.rng.choice(["*", 1, 2]), 3)


async def sleeper(c: Any) -> None:
    """A node is paused, for longer than an attempt takes."""
    node = c.rng.choice(c.ids)
    await c.pause(node)
    await c.sleep(c.rng.randint(20, 250))
    await c.resume(node)


FAULTS = [bad_links, bad_links, one_way, broken_streams, sleeper]


@peer_test("What was done is answered, not done again", part="B", points=3,
           ids=[1, 2], peers=[2], rule=ONCE,
           hint="Keep the latest sequence of each client with its outcome and "
                "reply; an error is an answer too.")
async def remembered(c):
    """Node 2 asks for the same operation again, on the same stream and on
    another; for the next one; for the old one; and for one that fails. Requests
    without a sequence are executed each time."""
    [seat] = await around(c, 1, 2)
    other = await seat.peer.dial(1)
    one = {"client": 99, "sequence": 1, "amount": 5}
    for stream in None, None, other:
        reply = await seat.call(Method.ADD, stream, **one)
        c.check(reply.get("previous") == 0, observed=short(reply),
                expected="the same operation gets the same answer: 0")
    check_answer(c, await c.cmd(1, "SERVICE.COUNTER"), 5, "the counter")
    reply = await seat.call(Method.ADD, client=99, sequence=2, amount=1)
    c.check(reply.get("previous") == 5, expected="the next operation finds 5",
            observed=short(reply))
    reply = await seat.call(Method.ADD, **one)
    c.check(reply.get("outcome") == REFUSED, observed=short(reply),
            expected="an old sequence is refused: RPC_REFUSED")
    reply = await seat.call(Method.ADD, client=98, sequence=1, amount=1)
    c.check(reply.get("previous") == 6, observed=short(reply),
            expected="sequence 1 of another client is another operation")
    for _ in range(2):
        reply = await seat.call(Method.FAIL, client=97, sequence=1, body=b"no")
        c.check((reply.get("outcome"), reply.get("text")) == (FAILED, "no"),
                expected="RPC_FAILED no, both times", observed=short(reply))
    await seat.call(Method.ECHO, client=97, body=b"")
    await seat.call(Method.ECHO, client=97, body=b"")
    counts = [(await served(c, 1, name))[0] for name in ("add", "fail", "echo")]
    c.check(counts == [3, 1, 2], observed=f"{counts}",
            expected="3 adds, 1 fail and 2 echoes were executed")


@peer_test("A duplicate waits for the first execution", part="B", points=3,
           ids=[1, 2], peers=[2], rule=ONCE,
           hint="Remember the operation before you run it; run it under no "
                "token; who asks again meanwhile waits for its end.")
async def duplicate_waits(c):
    """While an add waits at the gate, the same request arrives twice more, once
    on another stream, and the stream of the first one breaks. Another add's
    deadline passes while it waits at the gate: that one is run to its end too.
    """
    [seat] = await around(c, 1, 2)
    await c.cmd(1, "SERVICE.GATE", "CLOSED")
    first = await seat.peer.dial(1)
    other = await seat.peer.dial(1)
    one = {"client": 7, "sequence": 1, "amount": 5}
    two = {"client": 8, "sequence": 1, "amount": 3}
    await seat.ask(Method.ADD, first, **one)
    await until_served(c, 1, "add", [1, 0, 0], "the first execution begins")
    again = [await seat.ask(Method.ADD, **one), await seat.ask(
        Method.ADD, other, **one)]

    async def another_begins() -> bool:
        await seat.ask(Method.ADD, budget_ms=100, **two)
        return await served(c, 1, "add") != [1, 0, 0]
    await c.until(another_begins, "another client's add begins", limit_s=10)
    check_answer(c, await served(c, 1, "add"), [2, 0, 0],
                 "executions of add: the duplicates wait")
    first.reset()
    await c.sleep(150)
    await c.cmd(1, "SERVICE.GATE", "OPEN")
    for call, stream in zip(again, (None, other)):
        reply = await seat.answered(call, stream)
        c.check(reply.get("previous") == 0, observed=short(reply),
                expected="a duplicate gets the first execution's answer: 0")
    reply = await seat.call(Method.ADD, **two)
    c.check(reply.get("previous") == 5, observed=short(reply),
            expected="the add whose deadline had passed was executed to its "
                     "end, after the first one: 5")
    await until_served(c, 1, "add", [2, 2, 0], "two executions in all")
    check_answer(c, await c.cmd(1, "SERVICE.COUNTER"), 8, "the counter")


@peer_test("A full table refuses, it does not forget", part="B", points=2,
           ids=[1, 2], peers=[2], config={**CALM, "once_max": 8,
                                          "once_keep_ms": 3600000}, rule=ONCE,
           hint="Only a client that has been silent for once_keep_ms may be "
                "forgotten; while there is none, a new one must wait.")
async def table_full(c):
    """The table holds eight clients, to be kept for an hour. Eight come, then
    twelve more; then the first eight retry, slow as they are."""
    [seat] = await around(c, 1, 2)
    for client in range(1, 9):
        await seat.call(Method.ADD, client=client, sequence=1, amount=1)
    for client in range(9, 21):
        reply = await seat.call(Method.ADD, client=client, sequence=1, amount=1)
        c.check(reply.get("outcome") == REFUSED, observed=short(reply),
                expected=f"client {client} is refused: the table is full")
    check_answer(c, await c.cmd(1, "ONCE.COUNT"), 8, "clients remembered")
    for client in range(1, 9):
        reply = await seat.call(Method.ADD, client=client, sequence=1, amount=1)
        c.check(reply.get("previous") == client - 1, observed=short(reply),
                expected=f"client {client} retries and gets its answer: "
                         f"{client - 1}")
    reply = await seat.call(Method.ADD, client=3, sequence=2, amount=1)
    c.check(reply.get("previous") == 8, observed=short(reply),
            expected="client 3's next add is the ninth to be executed")


@peer_test("A client that has fallen silent makes room", part="B", points=1,
           ids=[1, 2], peers=[2], config={**CALM, "once_max": 2,
                                          "once_keep_ms": 100}, rule=ONCE)
async def makes_room(c):
    """Two clients fill the table and are not heard of again; a third one tries
    until it is served. The table never holds more than two."""
    [seat] = await around(c, 1, 2)
    for client in 1, 2:
        await seat.call(Method.ADD, client=client, sequence=1, amount=1)

    async def has_room() -> bool:
        reply = await seat.call(Method.ADD, client=3, sequence=1, amount=1)
        return reply.get("previous") == 2
    await c.until(has_room, "a third client is served", limit_s=10)
    count = await c.cmd(1, "ONCE.COUNT")
    c.check(count in (1, 2), observed=f"{short(count)}",
            expected="one or two clients remembered")


@peer_test("A client that is being served is not forgotten", part="B",
           points=1, ids=[1, 2], peers=[2],
           config={**CALM, "once_max": 1, "once_keep_ms": 50}, rule=ONCE,
           hint="A record that a coroutine holds must stay, however old.")
async def busy_is_kept(c):
    """The table holds one client, whose add waits at the gate for longer than
    once_keep_ms. Another client is refused meanwhile; then the first one's
    add ends, once."""
    [seat] = await around(c, 1, 2)
    await c.cmd(1, "SERVICE.GATE", "CLOSED")
    call = await seat.ask(Method.ADD, client=1, sequence=1, amount=5)
    await until_served(c, 1, "add", [1, 0, 0], "the first add is at the gate")
    await c.sleep(150)
    reply = await seat.call(Method.ADD, client=2, sequence=1, amount=1,
                            budget_ms=300)
    c.check(reply.get("outcome") == REFUSED, observed=short(reply),
            expected="client 2 is refused: client 1 is being served")
    await c.cmd(1, "SERVICE.GATE", "OPEN")
    reply = await seat.answered(call)
    c.check(reply.get("previous") == 0, observed=short(reply),
            expected="client 1's add finds 0")
    check_answer(c, await c.cmd(1, "SERVICE.COUNTER"), 5, "the counter")


@cluster_test("A restarted node is another client", part="B", points=1, nodes=3,
              rule="labs/1-rpc/retry.h, struct rpc_session",
              needs=["echo", "same_operation"],
              hint="Make the number of node_id, node_incarnation and a count.")
async def another_client(c):
    """Sessions of two nodes, before and after a restart, each add 1: none may
    be taken for a retry of another's."""
    count = 0
    for round_ in range(2):
        for node in 1, 2:
            await linked(c, node, 3)
            for session in "ab":
                reply = await c.cmd(node, "RPC.CALL", 3, "add", 1, "ATTEMPT",
                                    5000, "SESSION", session)
                check_answer(c, reply, count, "the add finds the counter at")
                count += 1
        if round_ == 0:
            await c.restart(1)
            await c.restart(2)
    await c.settle()
    clients = {operation(c, one)[0] for one in c.frames
               if one.type == "REQUEST" and one.method == Method.ADD}
    c.check(len(clients) == 8, observed=f"{len(clients)}",
            expected="8 sessions, 8 client numbers")
