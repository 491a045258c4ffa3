"""Lab 1, part A: calls that end, whatever becomes of the peer."""

from __future__ import annotations

from conclave import Method, RespError, test

from .tests_words import (CALLS, CALM, FAILED, FRAMES, HANDLERS, LONG_MS,
                          MAX_BODY, MAX_ERROR, NO_METHOD, all_at_once, around,
                          begin, begin_all, calls_again, check_answer,
                          cluster_test, failed, fields, linked, peer_test,
                          served, short, timed_out, until_served)


@cluster_test("Ten thousand timeouts leave nothing behind", part="A", points=3,
              nodes=2, rule=CALLS,
              hint="Take a call out of the table on every way out of "
                   "await_rpc_call, not only when its reply comes.")
async def ten_thousand_timeouts(c):
    """10,000 calls over a link that drops everything; then it heals."""
    await linked(c, 1, 2)
    await c.cut_one_way(1, 2)
    reply = await c.cmd(1, "RPC.MANY", 2, "echo", "x", 10000, "TIMEOUT", 10,
                        "WINDOW", 2500, timeout_s=40)
    check_answer(c, reply, [b"RPC_TIMEOUT", 10000], "what came of 10,000 calls")
    check_answer(c, await c.cmd(1, "RPC.PENDING"), 0, "calls still pending")
    await c.heal()
    await calls_again(c, 1, 2)


@peer_test("A caller that gives up says so", part="A", points=2, ids=[1, 2],
           peers=[2], rule=CALLS,
           hint="When the caller's token fires, send CANCEL with the call's "
                "id, and leave the table.")
async def cancel_is_told(c):
    """A call is cancelled while node 2 keeps it waiting; node 2 then answers it
    all the same."""
    [seat] = await around(c, 1, 2)
    order = await begin(c, 1, "RPC.CALL", 2, "echo", "never mind", "NAME", "x")
    request = await seat.asked()
    check_answer(c, await c.cmd(1, "RPC.CANCEL", "x"), 1, "calls cancelled")
    check_answer(c, await order.answer(), "RPC_CANCELLED", "a cancelled call")
    frame = await seat.asked_on.recv(10)
    c.check((frame.type, frame.call_id) == ("CANCEL", request.call_id),
            rule=FRAMES, observed=f"{frame.type} with id {frame.call_id}",
            expected=f"a CANCEL with the call's id, {request.call_id}")
    await seat.answer(request, body=b"too late")
    check_answer(c, await c.cmd(1, "RPC.PENDING"), 0, "calls still pending")
    order = await begin(c, 1, "RPC.CALL", 2, "echo", "next")
    await seat.answer(await seat.asked(), body=b"next")
    check_answer(c, await order.answer(), b"next", "the next call's reply")


@peer_test("Work that nobody waits for is stopped", part="A", points=3,
           ids=[1, 2], peers=[2], rule=HANDLERS,
           hint="Serve each request in a coroutine under a token of its own; "
                "fire it on CANCEL, at the deadline, and when the stream ends.")
async def cancel_stops_work(c):
    """Node 2 asks node 1 to sleep for a minute. One request is cancelled, some
    have a budget of 100 ms, and two are on a stream that breaks; meanwhile
    other calls are served."""
    [seat] = await around(c, 1, 2)
    stream = await seat.peer.dial(1)
    first = await seat.ask(Method.SLEEP, delay_ms=LONG_MS)
    for _ in range(2):
        await seat.ask(Method.SLEEP, stream, delay_ms=LONG_MS)
    await until_served(c, 1, "sleep", [3, 0, 0], "three requests are served "
                       "at the same time",
                       "A handler that waits must not hold up other requests.")
    await seat.ask_on.send("CANCEL", Method.SLEEP, first)
    await until_served(c, 1, "sleep", [3, 1, 1], "a CANCEL stops one of them")

    async def deadline_stops_it() -> bool:
        await seat.ask(Method.SLEEP, delay_ms=LONG_MS, budget_ms=100)
        return (await served(c, 1, "sleep"))[2] > 1
    await c.until(deadline_stops_it, "a request with a budget of 100 ms is "
                  "stopped by its deadline", rule=HANDLERS, limit_s=10)
    reply = await seat.call(Method.ECHO, body=b"and else?")
    c.check(reply.get("body") == b"and else?", observed=short(reply),
            expected="other requests are served meanwhile")
    stream.reset()

    async def all_stopped() -> bool:
        begun, ended, cut_short = await served(c, 1, "sleep")
        return begun == ended == cut_short
    await c.until(all_stopped, "the end of a stream stops the requests that "
                  "came on it", rule=HANDLERS, limit_s=10)


@peer_test("A deadline travels with the work", part="A", points=3,
           ids=[1, 2, 3], peers=[1, 3],
           rule="docs/protocol.md, budget_ms; labs/1-rpc/rpc.h, await_rpc_call",
           hint="A handler runs under its request's deadline, and a call "
                "sends what is left of the nearest one, whoever set it.")
async def deadline_travels(c):
    """Node 2's echo asks node 3 first, 100 ms after node 1 asked it with a
    budget of 60 s: it may pass on no more than is left. Then node 1 cancels,
    and node 3 must be told. Then a call under a deadline of its caller's."""
    one, three = await around(c, 2, 1, 3)
    await c.cmd(2, "SERVICE.FORWARD", 3, 100)
    call = await one.ask(Method.ECHO, body=b"pass it on")
    nested = await three.asked()
    budget_ms = fields(c, nested)["budget_ms"]
    c.check(1 <= budget_ms <= LONG_MS - 100,
            expected=f"a budget of at most {LONG_MS - 100} ms is left for the "
                     "nested call", observed=f"budget_ms {budget_ms}")
    await three.answer(nested, body=b"passed")
    reply = await one.answered(call)
    c.check(reply.get("body") == b"passed", expected="the nested call's reply "
            "comes back", observed=short(reply))

    call = await one.ask(Method.ECHO, body=b"and again")
    nested = await three.asked()
    await one.ask_on.send("CANCEL", Method.ECHO, call)
    frame = await three.asked_on.recv(10)
    c.check((frame.type, frame.call_id) == ("CANCEL", nested.call_id),
            expected="a handler that is cancelled cancels its own call",
            observed=f"{frame.type} with id {frame.call_id}")

    last = await timed_out(c, 2, three, "x", "TIMEOUT", LONG_MS, "WITHIN", 150)
    budget_ms = fields(c, last)["budget_ms"]
    c.check(1 <= budget_ms <= 150, observed=f"budget_ms {budget_ms}",
            expected="the budget is what is left of the caller's 150 ms")


@cluster_test("Errors come back as what they are", part="A", points=2, nodes=2,
              rule="docs/protocol.md, Frames (outcomes)",
              hint="A reply carries the handler's outcome, and behind it the "
                   "error's text instead of a body.")
async def errors(c):
    """An unknown method; a service that fails, with a text, with a long one,
    with none; and then a call that succeeds."""
    await linked(c, 1, 2)
    reply = await c.cmd(1, "RPC.CALL", 2, 999, "")
    check_answer(c, reply, "RPC_NO_METHOD", "a call of method 999")
    text = "disk 3 ist voll: 0 \u00b5B frei"
    reply = await c.cmd(1, "RPC.CALL", 2, "fail", text)
    c.check(reply == f"RPC_FAILED {text}" and isinstance(reply, RespError),
            expected=f"RPC_FAILED {text}", observed=short(reply))
    reply = await c.cmd(1, "RPC.CALL", 2, "fail", "a" * 600)
    c.check(reply == "RPC_FAILED " + "a" * MAX_ERROR, observed=short(reply),
            expected=f"RPC_FAILED and the first {MAX_ERROR} bytes of a long "
                     "text")
    reply = await c.cmd(1, "RPC.CALL", 2, "fail", "a" + "\u00b5" * 300)
    c.check(reply == "RPC_FAILED a" + "\u00b5" * 255, observed=short(reply),
            expected="a long text is cut between two characters of UTF-8")
    reply = await c.cmd(1, "RPC.CALL", 2, "fail", "")
    check_answer(c, reply, "RPC_FAILED", "a failure without a text")
    await c.settle()
    outcomes = [fields(c, one)["outcome"] for one in c.frames
                if one.type == "REPLY"]
    c.check(outcomes == [NO_METHOD] + 4 * [FAILED], rule=FRAMES,
            expected="outcomes -4, -6, -6, -6, -6 on the wire",
            observed=short(outcomes))
    check_answer(c, await c.cmd(1, "RPC.CALL", 2, "echo", "ok"), b"ok",
                 "a call after the errors")


@cluster_test("A body may be a megabyte, and not a byte more", part="A",
              points=2, nodes=2, rule="labs/1-rpc/rpc.h, RPC_MAX_BODY_BYTES")
async def large_bodies(c):
    """Two echoes of the largest body at once, cut into pieces, and one that is
    one byte too long: it must not leave the node."""
    await linked(c, 1, 2)
    await c.link("*", "*", chunk=60000)
    body = c.rng.randbytes(MAX_BODY)
    replies = await all_at_once(c, 1, 2 * [("RPC.CALL", 2, "echo", body)])
    for reply in replies:
        c.check(reply == body, expected=f"the echo of {MAX_BODY} bytes",
                observed=f"{len(reply)} other bytes"
                if isinstance(reply, bytes) else short(reply))
    reply = await c.cmd(1, "RPC.CALL", 2, "echo", body + b"!")
    check_answer(c, reply, "TOO_LARGE", "a body of one byte too many")
    await c.settle()
    asked = [one for one in c.frames if one.type == "REQUEST"]
    c.check(len(asked) == 2, expected="2 requests on the wire",
            observed=f"{len(asked)}")


@cluster_test("A node calls itself without the network", part="A", points=1,
              nodes=2, rule=CALLS,
              hint="link_to(node_id()) is a link too: hand its frames over "
                   "instead of writing them to a stream.")
async def calls_itself(c):
    """With every link cut, node 1 calls its own services: a success, an unknown
    method, and a timeout that stops the handler. No frame is seen."""
    await c.isolate(1)
    reply = await c.cmd(1, "RPC.CALL", 1, "echo", "me")
    check_answer(c, reply, b"me", "an echo of one's own")
    reply = await c.cmd(1, "RPC.CALL", 1, 999, "")
    check_answer(c, reply, "RPC_NO_METHOD", "one's own method 999")

    async def deadline_stops_it() -> bool:
        reply = await c.cmd(1, "RPC.CALL", 1, "sleep", LONG_MS, "TIMEOUT", 100)
        check_answer(c, reply, "RPC_TIMEOUT", "a sleep that takes too long")
        begun, ended, cut_short = await served(c, 1, "sleep")
        return begun == ended == cut_short > 0
    await c.until(deadline_stops_it, "its deadline stops one's own handler",
                  limit_s=10)
    check_answer(c, await c.cmd(1, "RPC.PENDING"), 0, "calls still pending")
    await c.settle()
    c.check(not [one for one in c.frames if one.type == "REQUEST"],
            expected="no request on the network", observed="there are some")


@cluster_test("Calls fail when their stream breaks, and go on anew", part="A",
              points=2, nodes=2, rule=CALLS,
              hint="rpc_stream_down answers every call of that stream with "
                   "RPC_UNREACHABLE; forget the stream, open another. A "
                   "stream that is down must never count as up again.")
async def resets(c):
    """Ten calls wait when their stream is reset. Then streams are reset fifteen
    times in quick succession, some while they are being dialled."""
    await linked(c, 1, 2)
    await c.cmd(2, "SERVICE.GATE", "CLOSED")
    order = await begin_all(c, 1, 10 * [
        ("RPC.CALL", 2, "echo", "x", "TIMEOUT", LONG_MS)])
    await until_served(c, 2, "echo", [10, 0, 0], "ten requests are served")
    await c.reset(1, 2)
    for _ in range(10):
        check_answer(c, await order.answer(), "RPC_UNREACHABLE",
                     "a call whose stream was reset")
    check_answer(c, await c.cmd(1, "RPC.PENDING"), 0, "calls still pending")
    await c.cmd(2, "SERVICE.GATE", "OPEN")
    await calls_again(c, 1, 2)
    for _ in range(15):
        await c.reset("*", "*")
        reply = await c.cmd(1, "RPC.CALL", 2, "echo", "x", "TIMEOUT", LONG_MS)
        c.check(reply == b"x" or failed(reply, "RPC_UNREACHABLE"),
                expected="x or RPC_UNREACHABLE", observed=short(reply))
    await calls_again(c, 1, 2)
    await calls_again(c, 2, 1)
    check_answer(c, await c.cmd(1, "RPC.PENDING"), 0, "calls still pending")


@test("Nodes start in any order, die and come back", part="A", points=2,
      nodes=2, start=False, config=CALM, needs="echo", rule=CALLS)
async def comes_back(c):
    """Node 1 calls node 2 before that has started, after it has, when it has
    been killed, and when it is back."""
    async def is_unreachable() -> bool:
        reply = await c.cmd(1, "RPC.CALL", 2, "echo", "?", "TIMEOUT", LONG_MS)
        return failed(reply, "RPC_UNREACHABLE")
    await c.start(1)
    await c.until(is_unreachable, "a call to a node that has not started "
                  "fails with RPC_UNREACHABLE, without waiting", limit_s=10)
    await c.start(2)
    await calls_again(c, 1, 2)
    await calls_again(c, 2, 1)
    await c.kill(2)
    await c.until(is_unreachable, "a call to a dead node fails with "
                  "RPC_UNREACHABLE, without waiting", limit_s=10)
    await c.start(2)
    await calls_again(c, 1, 2)
    await calls_again(c, 2, 1)


@peer_test("A PING is answered at once", part="A", points=1, ids=[1, 2],
           peers=[2], rule="docs/protocol.md, PING")
async def pings(c):
    """Node 2 pings while node 1 serves a request that waits."""
    [seat] = await around(c, 1, 2)
    await c.cmd(1, "SERVICE.GATE", "CLOSED")
    call = await seat.ask(Method.ECHO, body=b"later")
    await seat.ask_on.send("PING", 0, 7777)
    frame = await seat.ask_on.recv(10)
    c.check((frame.type, frame.call_id, frame.size) == ("PONG", 7777, 0),
            expected="an empty PONG with call id 7777, before the echo",
            observed=f"{frame.type} with call id {frame.call_id}")
    await c.cmd(1, "SERVICE.GATE", "OPEN")
    reply = await seat.answered(call)
    c.check(reply.get("body") == b"later", expected="then the echo",
            observed=short(reply))
