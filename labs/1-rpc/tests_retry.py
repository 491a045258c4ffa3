"""Lab 1, part B: interceptors, deadlines, calls tried again."""

from __future__ import annotations

from typing import Any, List, Set, Tuple

from conclave import Frame, Method

from .tests_words import (FAILED, INTERCEPTORS, REFUSED, RETRIES, around,
                          begin, check_answer, cluster_test, fields, linked,
                          peer_test, short, timed_out)


@cluster_test("Interceptors are asked in order and may answer themselves",
              part="B", points=3, nodes=2, rule=INTERCEPTORS,
              hint="await_next_server(rest) asks interceptor rest.next with "
                   "{rest.next + 1}, and behind the last one the handler.")
async def interceptors(c):
    """Two interceptors on each side put brackets around what the rest answers;
    then one of the server's refuses, and one of the client's answers."""
    await linked(c, 1, 2)
    for node, name in (1, "client-outer"), (1, "client-inner"), \
            (2, "server-outer"), (2, "server-inner"):
        await c.cmd(node, "INTERCEPT", name, "MARK")
    reply = await c.cmd(1, "RPC.CALL", 2, "echo", "hi")
    check_answer(c, reply, b"client-outer(client-inner(server-outer("
                           b"server-inner(hi))))", "all asked, in order")
    await c.cmd(1, "INTERCEPT", "client-outer", "OFF")
    await c.cmd(1, "INTERCEPT", "client-inner", "OFF")

    await c.cmd(2, "INTERCEPT", "server-outer", "REFUSE")
    reply = await c.cmd(1, "RPC.CALL", 2, "echo", "hi")
    c.check(reply == "RPC_REFUSED server-outer", observed=short(reply),
            expected="the outer interceptor's refusal: "
                     "RPC_REFUSED server-outer")
    seen = await c.cmd(2, "INTERCEPT.SEEN", "server-inner")
    check_answer(c, seen, 1, "requests that the inner interceptor saw")

    await c.cmd(1, "INTERCEPT", "client-inner", "ANSWER")
    reply = await c.cmd(1, "RPC.CALL", 2, "echo", "hi")
    check_answer(c, reply, b"client-inner", "the interceptor's own answer")
    await c.settle()
    asked = [one for one in c.frames if one.type == "REQUEST"]
    c.check(len(asked) == 2, observed=f"{len(asked)}", expected="2 requests on "
            "the wire: the third call was answered before it")


@peer_test("A request whose time is over is not run", part="B", points=2,
           ids=[1, 2], peers=[2],
           rule="labs/1-rpc/retry.h, await_serve",
           hint="Compare the deadline with the clock before anything else.")
async def expired(c):
    """An add with a budget of 0 ms, then one with time enough."""
    [seat] = await around(c, 1, 2)
    await seat.ask(Method.ADD, amount=1000, budget_ms=0)
    reply = await seat.call(Method.ADD, amount=5)
    c.check(reply.get("previous") == 0, observed=short(reply),
            expected="the add in time is the first to be executed: it finds 0")
    count = await c.cmd(1, "SERVICE.COUNTER")
    check_answer(c, count, 5, "the counter after one add of 5")


def operation(c: Any, frame: Frame) -> Tuple[int, int]:
    """Whose request it is, and its how-manieth."""
    values = fields(c, frame)
    return values["client"], values["sequence"]


@peer_test("Every attempt names the same operation", part="B", points=2,
           ids=[1, 2], peers=[2], rule=RETRIES,
           hint="Choose client and sequence before the first attempt. Another "
                "attempt follows RPC_TIMEOUT, RPC_UNREACHABLE and RPC_REFUSED, "
                "and nothing else.")
async def same_operation(c):
    """Node 2 refuses the first attempt, is silent at the second and answers the
    third; it fails the session's next call; then come another session and a
    call without one."""
    [seat] = await around(c, 1, 2)
    attempts: List[Frame] = []
    first: Set[Tuple[int, int]] = set()  # the first call's operation

    async def third_time_lucky(number: int, request: Frame) -> None:
        attempts.append(request)
        if number == 1:
            await seat.answer(request, outcome=REFUSED, text="try again")
        elif number > 2:
            await seat.answer(request, previous=41)

    async def fail(_: int, request: Frame) -> None:
        if operation(c, request) not in first:  # a straggler may be
            attempts.append(request)
            await seat.answer(request, outcome=FAILED, text="never again")

    order = await begin(c, 1, "RPC.CALL", 2, "add", 1, "ATTEMPT", 200,
                        "SESSION", "a")
    reply = await seat.answers(order, third_time_lucky)
    check_answer(c, reply, 41, "the third attempt's reply")
    first.update(operation(c, one) for one in attempts)
    c.check(len(first) == 1 and min(first)[1] > 0,
            expected="all attempts of a call carry one client and one "
                     "sequence above 0", observed=f"{sorted(first)}")
    c.check(len({one.call_id for one in attempts}) == len(attempts),
            expected="each attempt is a call with an id of its own",
            observed=f"call ids {[one.call_id for one in attempts]}")

    attempts.clear()
    call = ("RPC.CALL", 2, "add", 1, "ATTEMPT", 10000)
    reply = await seat.answers(await begin(c, 1, *call, "SESSION", "a"), fail)
    c.check(reply == "RPC_FAILED never again" and len(attempts) == 1,
            expected="RPC_FAILED never again: a final answer, one attempt",
            observed=f"{short(reply)} after {len(attempts)} attempts")
    client, sequence = min(first)
    c.check(operation(c, attempts[0]) > (client, sequence)
            and operation(c, attempts[0])[0] == client,
            expected=f"the session's next call has client {client} and a "
                     f"sequence above {sequence}",
            observed=f"client and sequence {operation(c, attempts[0])}")

    await seat.answers(await begin(c, 1, *call, "SESSION", "b"), fail)
    await seat.answers(await begin(c, 1, *call), fail)
    c.check(len(attempts) == 3, expected="one attempt each",
            observed=f"{len(attempts) - 1} attempts of two calls")
    c.check(operation(c, attempts[1])[0] not in (0, client),
            expected="another session is another client",
            observed=f"client {operation(c, attempts[1])[0]} again")
    c.check(operation(c, attempts[2])[1] == 0,
            expected="a call without a session has sequence 0",
            observed=f"sequence {operation(c, attempts[2])[1]}")


@peer_test("Retries back off, but not for ever", part="B", points=2,
           ids=[1, 2], peers=[2], clocks={1: 10.0}, rule=RETRIES,
           hint="The pause is random between 0 and a bound; the bound doubles "
                "from RETRY_BASE_MS to RETRY_CAP_MS and stays there.")
async def backoff(c):
    """Node 2 refuses 30 attempts at once and answers the next. Without pauses
    that takes no time; without a cap on them it takes years. Node 1's clock
    runs ten times as fast, so that we need not wait for the pauses."""
    [seat] = await around(c, 1, 2)
    times_us: List[int] = []

    async def refuse_30(number: int, request: Frame) -> None:
        if number <= 30:
            await seat.answer(request, outcome=REFUSED, text="busy")
        else:
            await seat.answer(request, body=b"at last")

    order = await begin(c, 1, "RPC.CALL", 2, "echo", "x", "TIMEOUT", 600000,
                        "ATTEMPT", 100000)
    check_answer(c, await seat.answers(order, refuse_30), b"at last",
                 "the reply to attempt 31, within 600 s of node 1's time")
    await c.settle()
    times_us = [one.time_us for one in c.frames if one.type == "REQUEST"]
    # 24 pauses are random up to 500 ms: together under 1.7 s of node 1's time
    # once in 10^11 tests. A slow machine only makes them longer.
    took_ms = (times_us[-1] - times_us[0]) / 1000 * 10
    c.check(took_ms >= 1700, observed=f"{took_ms:.0f} ms",
            expected="30 pauses take at least 1700 ms of node 1's time")


@peer_test("A retry ends at the overall deadline", part="B", points=3,
           ids=[1, 2], peers=[2], rule=RETRIES,
           hint="One scope with the overall deadline around all attempts and "
                "pauses: then no attempt can outlive it.")
async def retry_deadline(c):
    """Node 2 never answers. 400 ms are given to attempts of 120 ms: four can
    begin, the fourth with at most 40 ms; then 200 ms to an attempt of 5 s."""
    [seat] = await around(c, 1, 2)
    await timed_out(c, 1, seat, "x", "TIMEOUT", 400, "ATTEMPT", 120)
    budgets = budgets_ms(c)
    c.check(len(budgets) <= 4 and all(
                1 <= one <= max(1, min(120, 400 - 120 * number))
                for number, one in enumerate(budgets)),
            expected="budgets of at most 120, 120, 120 and 40 ms",
            observed=f"budgets of {budgets} ms")
    await timed_out(c, 1, seat, "x", "TIMEOUT", 200, "ATTEMPT", 5000)
    await c.sleep(50)
    await c.settle()
    late = budgets_ms(c)[len(budgets):]
    c.check(len(late) == 1 and 1 <= late[0] <= 200,
            expected="one attempt with a budget of at most 200 ms",
            observed=f"attempts with budgets of {late} ms")


def budgets_ms(c: Any) -> List[int]:
    """The budgets of all requests so far."""
    return [fields(c, one)["budget_ms"] for one in c.frames
            if one.type == "REQUEST"]
