"""Lab 1, part A: frames, and replies that find their callers."""

from __future__ import annotations

from typing import Any

from conclave import Frame, Method, test
from conclave.frames import MAX_LENGTH, encode_frame, encode_request

from .tests_words import (CALLS, CALM, FRAMES, all_at_once, around, begin,
                          begin_all, check_answer, cluster_test, fields,
                          linked, peer_test, short, timed_out)


@test("A call is answered by the node that it names", part="A", points=2,
      nodes=2, config=CALM, rule=CALLS,
      hint="Begin with frame_put_header and link_send; then read the frames "
           "in rpc_stream_bytes. `--replay` shows every frame.")
async def echo(c):
    """Echoes in both directions, no faults; then a look at the frames."""
    await linked(c, 1, 2)
    await linked(c, 2, 1)
    for caller, callee, text in (1, 2, "hello"), (2, 1, "and back"), (1, 2, ""):
        reply = await c.cmd(caller, "RPC.CALL", callee, "echo", text)
        check_answer(c, reply, text.encode(), "the echo of what was sent")
    await c.settle()
    requests = [one for one in c.frames if one.type == "REQUEST"]
    c.check(len(requests) == 3, rule=FRAMES, expected="3 requests, one a call",
            observed=f"{len(requests)} requests")
    for request in requests:
        check_exchange(c, request)


def check_exchange(c: Any, request: Frame) -> None:
    """A request and its reply look as they should."""
    budget_ms = fields(c, request)["budget_ms"]
    c.check(1 <= budget_ms <= 20000, rule=FRAMES,
            expected="budget_ms is the time that is left: 1 to 20000",
            observed=f"budget_ms {budget_ms}")
    c.check(request.dialler == request.frm, rule=FRAMES,
            expected="requests travel on the stream that their sender dialled",
            observed=f"node {request.frm} sent one on the stream that node "
                     f"{request.dialler} dialled")
    c.check([one for one in c.frames if one.type == "REPLY"
             and one.stream == request.stream and one.method == request.method
             and one.call_id == request.call_id], rule=FRAMES,
            expected="a reply on the same stream, with the request's call id "
                     "and method", observed="none")


@cluster_test("Frames survive being cut anywhere", part="A", points=4, nodes=2,
              rule=FRAMES,
              hint="What rpc_stream_bytes gets may be a piece of a frame, or "
                   "three frames and a half. Keep the rest for next time.")
async def split_anywhere(c):
    """Echoes of many sizes, several at once, while the network cuts all bytes
    into pieces of 1 byte, up to 3, up to 64: a piece is not a frame."""
    await linked(c, 1, 2)
    for size, chunk in (40, 1), (400, 3), (3000, 64):
        await c.link("*", "*", chunk=chunk)
        bodies = [c.rng.randbytes(c.rng.randrange(size)) for _ in range(12)]
        replies = await all_at_once(
            c, 1, [("RPC.CALL", 2, "echo", body) for body in bodies])
        for body, reply in zip(bodies, replies):
            check_answer(c, reply, body, f"an echo in pieces of {chunk} bytes")
    await c.settle()
    c.check(not c.proxy.record.garbage, rule=FRAMES,
            expected="every byte on the wire belongs to a frame",
            observed="bytes that do not decode")


BAD_HEADS = (
    ("a length of 0xFFFFFFFF", 0xFFFFFFFF, 0xC5, 1),
    ("a length one above the limit", MAX_LENGTH + 1, 0xC5, 1),
    ("a length of 0", 0, 0xC5, 1),
    ("a length of 11, shorter than a header", 11, 0xC5, 1),
    ("the wrong magic", 32, 0xC4, 1),
    ("the unknown type 0", 32, 0xC5, 0),
    ("the unknown type 6", 32, 0xC5, 6),
)


@peer_test("A stream with bytes that are no frame is closed", part="A",
           points=4, ids=[1, 2], peers=[2], rule=FRAMES,
           hint="Check length, magic and type of a header before you wait for "
                "what follows it or make room for it; then link_close.")
async def garbage(c):
    """Node 2's streams send headers that cannot be true, the first announcing
    4 GiB, followed by a good request. The stream is closed at once, what came
    after is not believed, and another stream goes on working."""
    [seat] = await around(c, 1, 2)
    late = encode_frame("REQUEST", Method.ADD, 99,
                        encode_request(Method.ADD, amount=1000))
    for what, length, magic, kind in BAD_HEADS:
        stream = await seat.peer.dial(1)
        await seat.call(Method.ECHO, stream, body=b"all is well")
        c.note(f"a stream of node 2 sends a header with {what}")
        await stream.send_raw(length.to_bytes(4, "little")
                              + bytes([magic, kind, 33, 0])
                              + (7).to_bytes(8, "little") + late)
        await stream.closed(10)
        reply = await seat.call(Method.ECHO, body=b"still here")
        c.check(reply.get("body") == b"still here",
                expected="the other stream still works", observed=short(reply))
    counter = await c.cmd(1, "SERVICE.COUNTER")
    c.check(counter == 0, expected="nothing behind a bad header is believed",
            observed=f"add was executed: the counter is {short(counter)}")


@peer_test("Replies find their calls in any order", part="A", points=3,
           ids=[1, 2], peers=[2], rule=CALLS,
           hint="A reply belongs to the pending call with its call id, not to "
                "the oldest one.")
async def any_order(c):
    """Twenty calls at once; node 2 answers them in a random order."""
    [seat] = await around(c, 1, 2)
    order = await begin_all(c, 1, [("RPC.CALL", 2, "echo", f"call {i}")
                                   for i in range(20)])
    asked = [await seat.asked() for _ in range(20)]
    ids = {one.call_id for one in asked}
    c.check(len(ids) == 20, rule=FRAMES, observed=f"{len(ids)} different ones",
            expected="20 calls under way have 20 different call ids")
    c.rng.shuffle(asked)
    for request in asked:
        body = fields(c, request).get("body", b"")
        await seat.answer(request, body=body.upper())
    for i in range(20):
        check_answer(c, await order.answer(), f"CALL {i}".encode(),
                     f"the reply to call {i}")


@cluster_test("A hundred calls at once over a bad network", part="A", points=1,
              nodes=3, rule=CALLS)
async def many_at_once(c):
    """Two nodes call the third, 50 calls at once each, over links that delay
    and reorder frames and cut them into pieces."""
    await linked(c, 1, 3)
    await linked(c, 2, 3)
    await c.link("*", "*", jitter_ms=5, reorder=(0.3, 10), chunk=50)
    orders = [await begin_all(c, node, [
        ("RPC.CALL", 3, "echo", f"{node}/{i}") for i in range(50)])
        for node in (1, 2)]
    for node, order in zip((1, 2), orders):
        for i in range(50):
            check_answer(c, await order.answer(30), f"{node}/{i}".encode(),
                         f"the reply to call {i} of node {node}")


@peer_test("A reply that comes too late is dropped", part="A", points=3,
           ids=[1, 2], peers=[2], rule=CALLS,
           hint="When a call ends, for whatever reason, it leaves the table; "
                "a reply with an id that is not there is dropped.")
async def late_reply(c):
    """A call times out. While the next one waits, node 2 answers the first one,
    then a call that never was, then the second, twice."""
    [seat] = await around(c, 1, 2)
    first = await timed_out(c, 1, seat, "first", "TIMEOUT", 100)
    order = await begin(c, 1, "RPC.CALL", 2, "echo", "second")
    second = await seat.asked()
    await seat.answer(first, body=b"the answer to first")
    await seat.asked_on.send("REPLY", Method.ECHO, second.call_id + 4096,
                             bytes(4) + b"the answer to nothing")
    await seat.answer(second, body=b"the answer to second")
    await seat.answer(second, body=b"the same again")
    check_answer(c, await order.answer(), b"the answer to second",
                 "the second call gets its own reply")

    order = await begin(c, 1, "RPC.CALL", 2, "echo", "third")
    await seat.answer(await seat.asked(), body=b"the answer to third")
    check_answer(c, await order.answer(), b"the answer to third",
                 "the third call gets its own reply")
    check_answer(c, await c.cmd(1, "RPC.PENDING"), 0, "calls still pending")
