"""Words for the tests of lab 1: rules, replies, peers, orders."""

from __future__ import annotations

import asyncio
from typing import Any, Awaitable, Callable, Dict, List, Optional, Sequence

from conclave import Failure, Frame, RespError, test
from conclave.frames import OUTCOMES
from conclave.resp import encode_command

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
