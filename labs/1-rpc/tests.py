"""Lab 1: tests and points.

The warm-up and part A up to the first echo come first; most of the rest needs
that echo. Where precision is wanted, one real node meets the test itself in
everybody else's place (a Seat), frame by frame. No verdict asks how fast
anything was: services wait at a gate that the test opens, replies come when
the test sends them, and what must happen has a generous limit.
"""

from __future__ import annotations

import asyncio
from typing import Any, Awaitable, Callable, Dict, List, Optional, Sequence, \
    Set, Tuple

from conclave import Failure, Frame, Lab, Method, RespError, test
from conclave.frames import MAX_LENGTH, OUTCOMES, encode_frame, \
    encode_request
from conclave.resp import encode_command

LAB = Lab(
    name="rpc", folder="1-rpc", title="Lab 1: RPC", hours="18-26",
    parts={"warmup": "five shapes that coroutines take",
           "A": "one call: frames, replies, deadlines, cancelling",
           "B": "a call that counts once: interceptors, retries, sessions",
           "C": "many peers, and a server that lasts: groups, overload, drain"},
    binary="node-rpc", stages=["rpc"])

# Keepalive stays out of the way of tests that are not about it.
CALM = {"keepalive_ms": 3600000}
LONG_MS = 60000               # a deadline that no test waits for
MAX_BODY = 1048576 - 32       # RPC_MAX_BODY_BYTES
MAX_ERROR = 512               # RPC_MAX_ERROR_BYTES
NO_METHOD, REFUSED, FAILED = -4, -5, -6

WARMUP = "labs/1-rpc/warmup.h"
FRAMES = "docs/protocol.md, Frames"
CALLS = "labs/1-rpc/rpc.h, await_rpc_call"
HANDLERS = "labs/1-rpc/rpc.h, rpc_handler"
INTERCEPTORS = "labs/1-rpc/retry.h, interceptors"
RETRIES = "labs/1-rpc/retry.h, await_call_retry"
ONCE = "labs/1-rpc/retry.h, once_start (at most once: Birrell & Nelson, 1984)"
GROUPS = "labs/1-rpc/group.h"
SERVICE = "labs/1-rpc/service.h"


# ---- Words for the tests --------------------------------------------------

def failed(reply: Any, outcome: str) -> bool:
    """Whether a command was answered with the error of this name."""
    return isinstance(reply, RespError) and reply.text.split(" ")[0] == outcome


def steps_of(reply: Any) -> List[str]:
    """A warm-up's answer: the result, then the steps."""
    if not isinstance(reply, list):
        return [repr(reply)]
    return [one.decode(errors="replace") if isinstance(one, bytes) else str(one)
            for one in reply]


def check_steps(c: Any, reply: Any, holds: Callable[[List[str]], bool],
                expected: str) -> None:
    """A warm-up's steps are in order."""
    steps = steps_of(reply)
    try:
        good = holds(steps)
    except (ValueError, IndexError):  # a step is missing
        good = False
    c.check(good, expected=expected, observed="; ".join(steps))


def check_answer(c: Any, reply: Any, wanted: Any, what: str,
                 hint: Optional[str] = None) -> None:
    """A command was answered just so; wanted may name an error."""
    good = failed(reply, wanted) if isinstance(wanted, str) else reply == wanted
    c.check(good and not (isinstance(reply, RespError)
                          and not isinstance(wanted, str)),
            expected=f"{what}: {short(wanted)}", observed=short(reply),
            hint=hint)


def short(value: Any) -> str:
    """A value for people; a frame's fields with the outcome's name first."""
    if isinstance(value, dict):
        outcome = OUTCOMES.get(value.get("outcome", 0), "an unknown outcome")
        text = ", ".join([outcome] + [f"{name} {short(one)}" for name, one
                                      in value.items() if name != "outcome"])
    elif isinstance(value, bytes):
        text = repr(value)[1:]
    else:
        text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 120 else f"{text[:100]}... ({len(text)} long)"


class Order:
    """A command that a node works on while the test goes on."""

    def __init__(self, client: Any):
        self.client = client

    async def answer(self, timeout_s: Optional[float] = None) -> Any:
        """Its reply, when it has ended."""
        return await self.client.reply(timeout_s)


async def begin(c: Any, node: int, *words: Any) -> Order:
    """Gives a command and does not wait for its end."""
    client = await c.client(node)
    await client.send(encode_command(*words))
    c.note(f"node {node}: {short(' '.join(str(one) for one in words))} begins")
    return Order(client)


async def all_at_once(c: Any, node: int, commands: Sequence[Sequence[Any]]
                      ) -> List[Any]:
    """Many commands side by side; their replies, in this order."""
    order = await begin_all(c, node, commands)
    return [await order.answer(30) for _ in commands]


async def begin_all(c: Any, node: int, commands: Sequence[Sequence[Any]]
                    ) -> Order:
    """Many commands side by side; answer() gives one reply after the other."""
    client = await c.client(node)
    await client.send(b"".join(encode_command(*one) for one in commands))
    c.note(f"node {node}: {len(commands)} commands begin, the first: "
           f"{short(' '.join(str(one) for one in commands[0]))}")
    return Order(client)


async def linked(c: Any, frm: int, to: int) -> None:
    """Waits until a node says that its stream to another is up."""
    async def is_up() -> bool:
        return await c.cmd(frm, "RPC.UP", to) == 1
    await c.until(is_up, f"node {frm} has a stream to node {to}", limit_s=10,
                  rule="labs/1-rpc/rpc.h, rpc_start",
                  hint="rpc_start dials every peer; rpc_stream_up says when a "
                       "stream is up. One that ends, for its peer had not "
                       "started yet, has to be dialled again.")


async def calls_again(c: Any, frm: int, to: int) -> None:
    """Waits until an echo comes back."""
    async def comes_back() -> bool:
        return await c.cmd(frm, "RPC.CALL", to, "echo", "again") == b"again"
    await c.until(comes_back, f"node {frm} can call node {to} again",
                  hint="When a stream is down the node must open a new one, "
                       "and use it once it is up.")


async def until_pending(c: Any, node: int, count: int) -> None:
    """Waits until a node waits for so many replies: the others are there."""
    async def is_so() -> bool:
        return await c.cmd(node, "RPC.PENDING") == count
    await c.until(is_so, f"node {node} waits for {count} more replies",
                  limit_s=10, rule=CALLS)


async def served(c: Any, node: int, method: str) -> List[int]:
    """What became of a service's requests: begun, ended, cut short."""
    reply = await c.cmd(node, "SERVICE.SERVED", method)
    return reply if isinstance(reply, list) else [0, 0, 0]


async def until_served(c: Any, node: int, method: str, wanted: List[int],
                       what: str, hint: Optional[str] = None) -> None:
    """Waits until a service's counts are these, and no more."""
    seen: List[List[int]] = []

    async def is_so() -> bool:
        seen.append(await served(c, node, method))
        return any(now > end for now, end in zip(seen[-1], wanted)) \
            or seen[-1] == wanted
    await c.until(is_so, what, rule=HANDLERS, hint=hint, limit_s=10)
    c.check(seen[-1] == wanted, rule=HANDLERS, hint=hint, expected=what,
            observed=f"{method} on node {node}: {seen[-1][0]} begun, "
                     f"{seen[-1][1]} ended, {seen[-1][2]} of them cut short")


def fields(c: Any, frame: Frame) -> Dict[str, Any]:
    """A frame's fields. A Failure if it does not decode."""
    c.check(frame.msg is not None, rule=FRAMES,
            expected=f"a {frame.type} of method {frame.method} as "
                     "docs/protocol.md draws it",
            observed=f"a payload of {frame.size} bytes that does not decode")
    return frame.msg or {}


class Seat:
    """A node's place that the test sits in, beside one real node."""

    def __init__(self, c: Any, number: int, node: int):
        self.c = c
        self.id = number
        self.node = node
        self.calls = 0
        self.replies: Dict[int, Frame] = {}

    async def sit(self) -> None:
        self.peer = await self.c.peer(self.id)

    async def link(self) -> None:
        """One stream each way."""
        self.asked_on = await self.peer.accept(self.node, 10)
        self.ask_on = await self.peer.dial(self.node)

    async def asked(self) -> Frame:
        """The next request of the node, with fields that decode."""
        frame = await self.asked_on.recv_of("REQUEST")
        fields(self.c, frame)
        return frame

    async def answer(self, request: Frame, **values: Any) -> None:
        await self.asked_on.reply(request, **values)

    async def ask(self, method: int, stream: Any = None, **values: Any) -> int:
        """Sends a request; its call id."""
        self.calls += 1
        values.setdefault("budget_ms", LONG_MS)
        await (stream or self.ask_on).request(method, self.calls, **values)
        return self.calls

    async def answered(self, call_id: int, stream: Any = None
                       ) -> Dict[str, Any]:
        """The fields of the reply to a call; other replies are kept."""
        while call_id not in self.replies:
            frame = await (stream or self.ask_on).recv_of("REPLY")
            self.replies[frame.call_id] = frame
        return fields(self.c, self.replies.pop(call_id))

    async def call(self, method: int, stream: Any = None, **values: Any
                   ) -> Dict[str, Any]:
        """A request and its reply."""
        return await self.answered(await self.ask(method, stream, **values),
                                   stream)

    async def answers(self, order: Order,
                      answer: Callable[[int, Frame], Awaitable[None]]
                      ) -> Any:
        """Answers each request (numbered from 1) until an order has ended; its
        reply."""
        ended = asyncio.ensure_future(order.answer(30))
        count = 0
        while True:
            asked = asyncio.ensure_future(self.asked())
            await asyncio.wait({ended, asked},
                               return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                asked.cancel()
                await asyncio.wait({asked})
                return ended.result()
            count += 1
            try:
                await answer(count, asked.result())
            except Failure:
                ended.cancel()
                raise


async def timed_out(c: Any, node: int, seat: Seat, *words: Any) -> Frame:
    """A call to a seat that is not answered and times out; its request. One
    that a stalled machine keeps from being sent at all is made again."""
    for _ in range(5):
        before = len(c.frames)
        reply = await c.cmd(node, "RPC.CALL", seat.id, "echo", *words)
        check_answer(c, reply, "RPC_TIMEOUT", "a call that nobody answers")
        await c.settle()
        if any(one.type == "REQUEST" and one.to == seat.id
               for one in c.frames[before:]):
            break
    return await seat.asked()


async def around(c: Any, node: int, *seats: int) -> List[Seat]:
    """Sits down in some places, starts the node, and links up with it."""
    taken = [Seat(c, seat, node) for seat in seats]
    for seat in taken:
        await seat.sit()
    await c.start()
    for seat in taken:
        await seat.link()
        await linked(c, node, seat.id)
    return taken


def peer_test(title: str, **spec: Any) -> Callable[[Any], Any]:
    """A test in which node 1 meets seats: see around."""
    spec.setdefault("config", CALM)
    spec.setdefault("needs", "echo")
    return test(title, kind="peer", start=False, **spec)


def cluster_test(title: str, **spec: Any) -> Callable[[Any], Any]:
    """A test of real nodes alone."""
    spec.setdefault("config", CALM)
    spec.setdefault("needs", "echo")
    return test(title, **spec)


# ---- Warm-up --------------------------------------------------------------

@test("await_all starts everything at once and waits for all of it",
      part="warmup", points=2, nodes=1, rule=f"{WARMUP}, await_all",
      hint="co_spawn_under starts each piece; count down as they end. On a "
           "cancel, fire the pieces' token and still wait until all have "
           "ended: they use your stack.")
async def warmup_all(c):
    """Four pieces that can only end in another order than they began; then the
    caller is cancelled while two of them still run."""
    reply = await c.cmd(1, "WARMUP.ALL", "0,-6,0,-2", "2,0,3,1")
    check_steps(c, reply, lambda steps: (
        steps[0] == "OK" and set(steps[1:5]) == {f"start {i}" for i in range(4)}
        and steps[5:10] == ["end 2", "end 0", "end 3", "end 1", "returned"]
        and steps[10:] == ["outcome 0: OK", "outcome 1: RPC_FAILED",
                           "outcome 2: OK", "outcome 3: RPC_UNREACHABLE"]),
        "all four start, end as 2, 0, 3, 1, and each outcome is in its place")

    reply = await c.cmd(1, "WARMUP.ALL", "0,0,-6,0", "2,0", 2)
    check_steps(c, reply, lambda steps: (
        steps[0] == "RPC_CANCELLED"
        and steps[5:7] == ["end 2", "end 0"]
        and set(steps[7:9]) == {"cancelled 1", "cancelled 3"}
        and steps[9] == "returned"
        and {"outcome 1: RPC_CANCELLED", "outcome 2: RPC_FAILED"} <= set(steps)
    ), "cancelled after 2 and 0 have ended: 1 and 3 are cancelled too and have "
       "ended when it returns RPC_CANCELLED")


@test("await_race stops when the first has won", part="warmup", points=2,
      nodes=1, rule=f"{WARMUP}, await_race",
      hint="A failed piece does not win. When one has won, cancel the rest "
           "and wait until they have ended.")
async def warmup_race(c):
    """The first piece to end fails, the second wins, two others hang; then a
    race that everybody loses."""
    reply = await c.cmd(1, "WARMUP.RACE", "-6,0,0,0", "0,2")
    check_steps(c, reply, lambda steps: (
        steps[0] == "2" and steps[5:7] == ["end 0", "end 2"]
        and set(steps[7:9]) == {"cancelled 1", "cancelled 3"}
        and steps[9] == "returned"),
        "piece 2 wins, 1 and 3 are cancelled and have ended, then it returns 2")

    reply = await c.cmd(1, "WARMUP.RACE", "-6,-2,-5", "1,2,0")
    check_steps(c, reply, lambda steps: (
        steps[0] == "RPC_FAILED"
        and steps[4:] == ["end 1", "end 2", "end 0", "returned"]),
        "all three fail, so it returns RPC_FAILED")


@test("await_ticks keeps time, even behind a late tick", part="warmup",
      points=2, nodes=1, rule=f"{WARMUP}, await_ticks",
      hint="Tick k is due at start + k * period_ms. Sleep until then, not for "
           "a period.")
async def warmup_ticks(c):
    """Tick 2 takes two and a half periods itself: tick 3 is overdue and must
    come at once. Then the caller is cancelled in tick 3."""
    reply = await c.cmd(1, "WARMUP.TICKS", 40, 6, 2, -1)
    check_steps(c, reply, lambda steps: (
        steps == ["OK"] + [f"tick {k}" for k in range(1, 7)] + ["returned"]),
        "ticks 1 to 6, none too early, none late because tick 2 was")

    reply = await c.cmd(1, "WARMUP.TICKS", 10, 6, -1, 3)
    check_steps(c, reply, lambda steps: (
        steps == ["RPC_CANCELLED", "tick 1", "tick 2", "tick 3", "returned"]),
        "cancelled in tick 3: no tick 4, and it returns RPC_CANCELLED")


@test("await_retry pauses twice as long each time, up to the cap",
      part="warmup", points=2, nodes=1, rule=f"{WARMUP}, await_retry",
      hint="Pauses: base, 2 * base, ... never above the cap, and none behind "
           "the last attempt.")
async def warmup_retry(c):
    """Work that fails four times, work that never succeeds, and a caller that
    is cancelled."""
    reply = await c.cmd(1, "WARMUP.RETRY", 9, 30, 70, "-6,-6,-6,-2,0", -1)
    check_steps(c, reply, lambda steps: (
        steps == ["OK"] + [f"attempt {k}" for k in range(5)] + ["returned"]),
        "attempts 0 to 4, the last succeeds; pauses of 30, 60, 70 and 70 ms")

    reply = await c.cmd(1, "WARMUP.RETRY", 3, 5, 100, "-6,-6,-5,0", -1)
    check_steps(c, reply, lambda steps: (
        steps == ["RPC_REFUSED", "attempt 0", "attempt 1", "attempt 2",
                  "returned"]),
        "three attempts and no more; the last one's outcome, RPC_REFUSED")

    reply = await c.cmd(1, "WARMUP.RETRY", 5, 5, 100, "-6,-6,-6,0", 1)
    check_steps(c, reply, lambda steps: (
        steps == ["RPC_CANCELLED", "attempt 0", "attempt 1", "returned"]),
        "cancelled in attempt 1: no attempt 2, and it returns RPC_CANCELLED")


@test("A future is worked out beside its owner", part="warmup", points=2,
      nodes=1, rule=f"{WARMUP}, struct future",
      hint="future_start spawns the work and returns; its end sets an event "
           "that any number may wait for.")
async def warmup_future(c):
    """The owner goes on, gives up waiting once while the work goes on, and a
    neighbour waits for the same future."""
    steps = steps_of(await c.cmd(1, "WARMUP.FUTURE", "-5"))
    before = ["OK", "owner goes on", "work 0 begins",
              "owner in a hurry: RPC_TIMEOUT", "work may end", "work ends"]
    c.check(steps[:6] == before and sorted(steps[6:]) == [
            "neighbour: RPC_REFUSED", "owner again: RPC_REFUSED",
            "owner: RPC_REFUSED"],
            expected="the owner goes on, a wait of its own ends early, the "
                     "work ends once with RPC_REFUSED, and all who ask get it",
            observed="; ".join(steps))


# ---- Part A: one call -----------------------------------------------------

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


# ---- Part B: a call that counts once --------------------------------------

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


@peer_test("Every attempt names the same operation", part="B", points=3,
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


@cluster_test("An update counts once, whatever the network does", part="B",
              points=4, nodes=3, rule=ONCE, needs=["echo", "same_operation"],
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


# ---- Part C: many peers, and a server that lasts --------------------------

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
