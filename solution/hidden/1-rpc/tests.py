"""Lab 1, hidden: bodies, cuts and answers in an order that is drawn."""

from __future__ import annotations

from conclave_lab_1_rpc.tests_words import (CALLS, FRAMES, LONG_MS, around,
                                            begin, check_answer, cluster_test,
                                            linked, peer_test)


@cluster_test("Bodies of drawn lengths survive drawn cuts", points=5, nodes=2,
              seeds=12, needs="split_anywhere", rule=FRAMES)
async def drawn_lengths(c):
    """Calls with bodies of 0 bytes to 200 KiB, one after the other and side by
    side, over a link that delivers pieces of a drawn size."""
    await linked(c, 1, 2)
    await c.link("*", "*", chunk=c.rng.choice([1, 2, 3, 7, 64, 1000]))
    lengths = [c.rng.choice([0, 1, 2, 15, 16, 17, 255, 4095, 70_000])
               + c.rng.randint(0, 9) for _ in range(6)]
    if c.rng.random() < 0.2:
        lengths.append(200 * 1024)
    orders = []
    for number, length in enumerate(lengths):
        body = bytes([97 + number]) * length
        order = await begin(c, 1, "RPC.CALL", 2, "echo", body, "TIMEOUT",
                            LONG_MS)
        orders.append((order, body))
        if c.rng.random() < 0.5:
            check_answer(c, await order.answer(40), body, "the echo")
            orders.pop()
    for order, body in orders:
        check_answer(c, await order.answer(40), body, "the echo")


@peer_test("Answers in a drawn order, some twice, find their calls", points=5,
           ids=[1, 2], peers=[2], seeds=12, needs="any_order", rule=CALLS)
async def drawn_answers(c):
    """Node 2 has ten requests before it answers the first. Some answers come
    twice, with another body the second time: that call is over."""
    [seat] = await around(c, 1, 2)
    pairs = []
    for number in range(10):
        order = await begin(c, 1, "RPC.CALL", 2, "echo", f"ask {number}",
                            "TIMEOUT", LONG_MS)
        pairs.append((order, await seat.asked()))
    c.rng.shuffle(pairs)
    for number, (_, request) in enumerate(pairs):
        await seat.answer(request, body=b"answer %d" % number)
        if c.rng.random() < 0.4:
            await seat.answer(request, body=b"again")
    for number, (order, _) in enumerate(pairs):
        check_answer(c, await order.answer(), b"answer %d" % number,
                     "each call's own answer")
    check_answer(c, await c.cmd(1, "RPC.PENDING"), 0, "calls still pending")
