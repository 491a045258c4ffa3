"""Lab 1, part C: groups, and a server that lasts."""

from __future__ import annotations

from typing import Any, Sequence

from conclave import Method

from .tests_words import (CALM, FAILED, GROUPS, LONG_MS, REFUSED, SERVICE,
                          Seat, around, begin, calls_again, check_answer,
                          cluster_test, linked, peer_test, served, short,
                          until_pending, until_served)


@cluster_test("A node says that it is well", part="C", points=1, nodes=2,
              rule=f"{SERVICE}, METHOD_HEALTH")
async def health(c):
    """The health method, asked by a peer and by the node itself."""
    await linked(c, 1, 2)
    for node in 2, 1:
        reply = await c.cmd(1, "RPC.CALL", node, "health", "")
        check_answer(c, reply, 1, "HEALTH_SERVING")


def result_of(c: Any, reply: Any) -> Any:
    """A group call's answer: verdict, agreed, {member: (outcome, reply)}."""
    good = isinstance(reply, list) and len(reply) % 3 == 2
    c.check(good, expected="a group call's result", observed=short(reply))
    return reply[0], reply[1], {
        reply[at]: (reply[at + 1], reply[at + 2])
        for at in range(2, len(reply), 3)}


async def join(c: Any, node: int, seats: Sequence[Seat]) -> None:
    """Makes a group of a node and seats."""
    check_answer(c, await c.cmd(node, "GROUP.ADD", node), b"OK",
                 "node 1 joins its own group")
    for seat in seats:
        order = await begin(c, node, "GROUP.ADD", seat.id)
        await seat.answer(await seat.asked(), status=1)
        check_answer(c, await order.answer(), b"OK", f"node {seat.id} joins")


@peer_test("Members are verified when they join", part="C", points=3,
           ids=[1, 2, 3, 4], peers=[2, 3, 4], needs="health",
           rule=f"{GROUPS}, await_group_add",
           hint="Call the health method first; look at the group again when "
                "its answer is there.")
async def group_members(c):
    """Node 2 is well and is added twice at the same time; node 3 refuses to
    say; nobody sits in node 4's place; node 9 does not exist. Then a member
    leaves while a call is under way."""
    two, three = await around(c, 1, 2, 3)
    await c.cmd(1, "GROUP.ADD", 1)
    orders = [await begin(c, 1, "GROUP.ADD", 2) for _ in range(2)]
    asked = [await two.asked() for _ in orders]
    c.check({one.method for one in asked} == {Method.HEALTH},
            expected="node 2 is asked for its health",
            observed=f"methods {[one.method for one in asked]}")
    for request in asked:
        await two.answer(request, status=1)
    for order in orders:
        check_answer(c, await order.answer(), b"OK", "node 2 joins")

    order = await begin(c, 1, "GROUP.ADD", 3)
    await three.answer(await three.asked(), outcome=REFUSED, text="leave me")
    check_answer(c, await order.answer(), "RPC_REFUSED", "node 3 does not join")
    reply = await c.cmd(1, "GROUP.ADD", 4, "TIMEOUT", LONG_MS)
    check_answer(c, reply, "RPC_UNREACHABLE", "node 4 is not there")
    reply = await c.cmd(1, "GROUP.ADD", 9)
    check_answer(c, reply, "BAD_BYTES", "node 9 is not of the configuration")
    check_answer(c, await c.cmd(1, "GROUP.MEMBERS"), [1, 2], "the members")

    order = await begin(c, 1, "GROUP.QUORUM", 2, "echo", "hi")
    request = await two.asked()
    await c.cmd(1, "GROUP.REMOVE", 2)
    check_answer(c, await c.cmd(1, "GROUP.MEMBERS"), [1], "the members")
    await two.answer(request, body=b"hi")
    verdict, agreed, _ = result_of(c, await order.answer())
    c.check((verdict, agreed) == (b"YES", 2), rule=GROUPS,
            expected="YES by both: a call keeps the members that it began with",
            observed=f"{short(verdict)}, {short(agreed)} agreed")


@cluster_test("A dead member keeps nobody from answering", part="C", points=3,
              nodes=4, needs="group_members", rule=GROUPS,
              hint="Ask every member in a coroutine of its own. An error is "
                   "an answer: it counts as a no.")
async def dead_members(c):
    """Node 4 is the first of a group of four, and is killed; the other three
    answer all the same. Then node 3 dies as well: three of four can no longer
    agree, two still can."""
    for node in 2, 3, 4:
        await linked(c, 1, node)
    for node in 4, 1, 2, 3:
        await c.cmd(1, "GROUP.ADD", node)
    await c.kill(4)
    result = await c.cmd(1, "GROUP.ALL", "echo", "hi", "TIMEOUT",
                         LONG_MS)
    verdict, agreed, answers = result_of(c, result)
    living = {node: answers.get(node) for node in (1, 2, 3)}
    c.check(all(one == (b"OK", b"hi") for one in living.values()),
            expected="nodes 1, 2 and 3 answer hi", observed=f"{living}")
    c.check((verdict, agreed) == (b"NO", 3), observed=f"{verdict}, {agreed}",
            expected="NO: three of four agreed")
    c.check(answers.get(4, (b"OK",))[0] != b"OK", observed=f"{answers.get(4)}",
            expected="an error for node 4")
    await c.kill(3)
    for need, wanted in (3, b"NO"), (2, b"YES"):
        result = await c.cmd(1, "GROUP.QUORUM", need, "echo", "hi", "TIMEOUT",
                             LONG_MS)
        verdict, _, answers = result_of(c, result)
        c.check(verdict == wanted, observed=f"{verdict}: {answers}",
                expected=f"{wanted.decode()} for {need} of 4, two of them dead")


@peer_test("The first answer ends the call", part="C", points=2,
           ids=[1, 2, 3, 4], peers=[2, 3, 4], needs="group_members",
           rule=f"{GROUPS}, await_group_quorum")
async def group_first(c):
    """Three members are asked at once; only node 3 ever answers. The others'
    calls are cancelled, and they are told."""
    seats = await around(c, 1, 2, 3, 4)
    await join(c, 1, seats)
    await c.cmd(1, "GROUP.REMOVE", 1)
    order = await begin(c, 1, "GROUP.QUORUM", 1, "echo", "anyone?", "TIMEOUT",
                        LONG_MS)
    asked = [await seat.asked() for seat in seats]
    await seats[1].answer(asked[1], body=b"me")
    verdict, agreed, answers = result_of(c, await order.answer())
    c.check((verdict, agreed, answers.get(3)) == (b"YES", 1, (b"OK", b"me")),
            expected="YES by one: node 3's answer, me",
            observed=f"{verdict}, {agreed}, {answers}")
    c.check({answers.get(one, [b"none"])[0] for one in (2, 4)}
            == {b"RPC_CANCELLED"}, observed=f"{answers}",
            expected="RPC_CANCELLED for nodes 2 and 4")
    for seat, request in (seats[0], asked[0]), (seats[2], asked[2]):
        frame = await seat.asked_on.recv_of("CANCEL", 10)
        c.check(frame.call_id == request.call_id, observed=f"{frame.call_id}",
                expected=f"a CANCEL of node {seat.id}'s call")
    check_answer(c, await c.cmd(1, "RPC.PENDING"), 0, "calls still pending")


@peer_test("Enough agree, though some are silent", part="C", points=2,
           ids=[1, 2, 3, 4, 5], peers=[2, 3, 4, 5], needs="group_members",
           rule=f"{GROUPS}, await_group_quorum",
           hint="Wait for the quorum's event, not for every member.")
async def quorum_yes(c):
    """Three of five must say yes: node 1 itself and node 3 do, node 2 says no,
    and with node 5's yes it is decided; node 4 never answers."""
    seats = await around(c, 1, 2, 3, 4, 5)
    await join(c, 1, seats)
    order = await begin(c, 1, "GROUP.QUORUM", 3, "echo", "yes", "AGREE", "yes",
                        "TIMEOUT", LONG_MS)
    asked = [await seat.asked() for seat in seats]
    await seats[0].answer(asked[0], body=b"no")
    await until_pending(c, 1, 3)
    for place in 1, 3:
        await seats[place].answer(asked[place], body=b"yes")
    verdict, agreed, answers = result_of(c, await order.answer())
    c.check((verdict, agreed) == (b"YES", 3), observed=f"{verdict}, {agreed}",
            expected="YES by three")
    c.check(answers.get(2) == (b"OK", b"no"), observed=f"{answers.get(2)}",
            expected="node 2's reply is there as well: no")


@peer_test("Enough refuse, though some are silent", part="C", points=3,
           ids=[1, 2, 3, 4, 5], peers=[2, 3, 4, 5], needs="group_members",
           rule=f"{GROUPS}, await_group_quorum",
           hint="NO as soon as need can no longer agree. A failed call is a "
                "no, whatever the error.")
async def quorum_no(c):
    """Three of five must say yes: node 2 says no, node 3 fails, node 4's stream
    breaks. That is a NO, though node 5 never answers."""
    seats = await around(c, 1, 2, 3, 4, 5)
    await join(c, 1, seats)
    order = await begin(c, 1, "GROUP.QUORUM", 3, "echo", "yes", "AGREE", "yes",
                        "TIMEOUT", LONG_MS)
    asked = [await seat.asked() for seat in seats]
    await seats[0].answer(asked[0], body=b"no")
    await seats[1].answer(asked[1], outcome=FAILED, text="out of order")
    seats[2].asked_on.reset()
    verdict, agreed, answers = result_of(c, await order.answer())
    c.check((verdict, agreed) == (b"NO", 1), observed=f"{verdict}, {agreed}",
            expected="NO, by node 1's yes alone")
    c.check(answers.get(2) == (b"OK", b"no"), expected="node 2's reply: no",
            observed=f"{answers.get(2)}")
    c.check(answers.get(3) == (b"RPC_FAILED", b"out of order"),
            expected="node 3's error: RPC_FAILED out of order",
            observed=f"{answers.get(3)}")
    c.check(answers.get(4, [b"none"])[0] == b"RPC_UNREACHABLE",
            expected="RPC_UNREACHABLE for node 4",
            observed=f"{answers.get(4)}")


@peer_test("The caller counts once, in groups of even size", part="C",
           points=2, ids=[1, 2, 3, 4], peers=[2, 3, 4], needs="group_members",
           rule=f"{GROUPS}, await_group_quorum; event.h, struct quorum",
           hint="The caller is a member like any other: it is asked, and "
                "has one vote.")
async def even_sizes(c):
    """Groups of two and of four, the caller among them, which always says yes:
    2 of 2 and 3 of 4 are a majority, 1 of 2 and 2 of 4 are not."""
    seats = await around(c, 1, 2, 3, 4)

    async def vote(need: int, words: Sequence[bytes]) -> Any:
        order = await begin(c, 1, "GROUP.QUORUM", need, "echo", "yes", "AGREE",
                            "yes", "TIMEOUT", LONG_MS)
        asked = [await seat.asked() for seat, _ in zip(seats, words)]
        for place, word in enumerate(words):
            await until_pending(c, 1, len(words) - place)
            await seats[place].answer(asked[place], body=word)
        return result_of(c, await order.answer())[:2]

    def check_vote(got: Any, verdict: bytes, agreed: int, what: str) -> None:
        c.check(got == (verdict, agreed), observed=f"{got[0]} by {got[1]}",
                expected=f"{verdict.decode()} by {agreed} for {what}")

    await join(c, 1, seats[:1])
    check_vote(await vote(2, [b"no"]), b"NO", 1, "one no among two")
    check_vote(await vote(2, [b"yes"]), b"YES", 2, "two of two")
    for seat in seats[1:]:
        order = await begin(c, 1, "GROUP.ADD", seat.id)
        await seat.answer(await seat.asked(), status=1)
        await order.answer()
    check_vote(await vote(3, [b"no", b"yes", b"no"]), b"NO", 2, "two of four")
    check_vote(await vote(3, [b"no", b"yes", b"yes"]), b"YES", 3,
               "three of four")


@peer_test("Too much at once is refused", part="C", points=2, ids=[1, 2],
           peers=[2], needs="health", config={**CALM, "serve_max": 4},
           rule=f"{SERVICE}, admission")
async def overload(c):
    """Four requests wait at the gate, as many as may be served at once. Five
    more are refused, with a text; health is not. When the gate opens, the four
    are answered and a new one is served."""
    [seat] = await around(c, 1, 2)
    await c.cmd(1, "SERVICE.GATE", "CLOSED")
    calls = [await seat.ask(Method.ECHO, body=b"in")
             for _ in range(4)]
    await until_served(c, 1, "echo", [4, 0, 0], "four requests are served")
    for _ in range(5):
        reply = await seat.call(Method.ECHO, body=b"out")
        c.check(reply.get("outcome") == REFUSED and reply.get("text"),
                observed=short(reply),
                expected="RPC_REFUSED, and a text that says why")
    reply = await seat.call(Method.HEALTH)
    c.check(reply.get("status") == 1, observed=short(reply),
            expected="health is answered: serving")
    check_answer(c, await c.cmd(1, "SERVICE.BUSY"), 4, "requests being served")
    await c.cmd(1, "SERVICE.GATE", "OPEN")
    for call in calls:
        reply = await seat.answered(call)
        c.check(reply.get("body") == b"in", expected="the four are answered",
                observed=short(reply))
    reply = await seat.call(Method.ECHO, body=b"in again")
    c.check(reply.get("body") == b"in again", observed=short(reply),
            expected="there is room again")
    check_answer(c, await c.cmd(1, "SERVICE.BUSY"), 0, "requests being served")


@peer_test("No more than the rate is served", part="C", points=1, ids=[1, 2],
           peers=[2], needs="health", config={**CALM, "serve_rate": 20},
           clocks={1: 10.0}, rule=f"{SERVICE}, admission",
           hint="A bucket of serve_rate tokens, refilled by the clock: work "
                "out how many have come since the last request.")
async def rate(c):
    """A burst of 150 requests meets a full bucket of 20; node 1's clock runs
    ten times as fast as ours. Refused ones are not run, health is always
    served, and after a while there are tokens again."""
    [seat] = await around(c, 1, 2)
    await c.sleep(150)  # over a second for node 1: the bucket is full
    began_ms = c.now_ms()
    calls = [await seat.ask(Method.ECHO, body=b"x")
             for _ in range(150)]
    outcomes = [(await seat.answered(call))["outcome"] for call in calls]
    took_s = (c.now_ms() - began_ms) / 1000 * 10
    good = outcomes.count(0)
    most = 20 + int(took_s * 20) + 1
    c.check(20 <= good <= most, observed=f"{good} were served",
            expected=f"20 to {most} of 150 requests are served")
    c.check(good + outcomes.count(REFUSED) == 150,
            expected="all others are refused: RPC_REFUSED",
            observed=f"outcomes {sorted(set(outcomes))}")
    reply = await seat.call(Method.HEALTH)
    c.check(reply.get("status") == 1, observed=short(reply),
            expected="health is answered: serving")
    check_answer(c, await served(c, 1, "echo"), [good, good, 0],
                 "echoes that were run")

    async def is_served() -> bool:
        return (await seat.call(Method.ECHO, body=b"y"))["outcome"] == 0
    await c.until(is_served, "a request is served again", limit_s=10)


@peer_test("A node that leaves finishes what it began", part="C", points=3,
           ids=[1, 2, 3], peers=[1, 3], needs="health",
           config={**CALM, "drain_ms": LONG_MS},
           rule=f"{SERVICE}, await_service_drain",
           hint="Refuse what is new, go on with what is under way, and wait "
                "until nothing is being served.")
async def drain(c):
    """Node 2 serves two echoes, for whose answers it has asked node 3, when it
    is told to stop (SIGTERM). It says that it drains, refuses new requests,
    answers the two when node 3 has, and ends with status 0."""
    one, three = await around(c, 2, 1, 3)
    await c.cmd(2, "SERVICE.FORWARD", 3)
    calls = [await one.ask(Method.ECHO, body=b"slow")
             for _ in range(2)]
    asked = [await three.asked() for _ in calls]
    await c.terminate(2)

    async def is_draining() -> bool:
        return (await one.call(Method.HEALTH)).get("status") == 2
    await c.until(is_draining, "health says draining", limit_s=10)
    for method in Method.ECHO, Method.ADD:
        reply = await one.call(method)
        c.check(reply["outcome"] == REFUSED, observed=short(reply),
                expected="a new request is refused: RPC_REFUSED")
    c.check(c.alive(2), expected="node 2 waits for what is under way",
            observed="it has ended")
    for request in asked:
        await three.answer(request, body=b"at last")
    for call in calls:
        reply = await one.answered(call)
        c.check(reply.get("body") == b"at last", observed=short(reply),
                expected="both requests under way are answered")
    status = await c.exited(2)
    c.check(status == 0, expected="node 2 ends with status 0",
            observed=f"status {status}")


@cluster_test("A silent peer is noticed", part="C", points=2, nodes=2,
              needs="health", config={"keepalive_ms": 150},
              rule=f"{SERVICE}, keepalive",
              hint="One coroutine a peer: sleep, and await_rpc_ping if the "
                   "peer is up. No PONG: close the stream, which fails its "
                   "calls and dials anew.")
async def keepalive(c):
    """Two nodes ping each other. Then all that node 2 sends stays under way:
    its stream is up and silent. Node 1's call must not wait for its deadline.
    When the network has healed, calls go through again."""
    await linked(c, 1, 2)

    def two_pongs() -> bool:
        pongs = [one.stream for one in c.frames if one.type == "PONG"
                 and one.to == 1 and one.dialler == 1]
        return any(pongs.count(stream) >= 2 for stream in pongs)
    await c.until(two_pongs, "two PINGs of node 1 are answered on one stream",
                  limit_s=10)
    await c.link(2, 1, clog=1)
    reply = await c.cmd(1, "RPC.CALL", 2, "echo", "?", "TIMEOUT", LONG_MS)
    check_answer(c, reply, "RPC_UNREACHABLE", "a call to a silent peer")
    await c.heal()
    await calls_again(c, 1, 2)
