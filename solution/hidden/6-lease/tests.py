"""Leases, hidden: a voter's life that is drawn, judged by a model of it."""

from __future__ import annotations

from conclave import test
from conclave.seat import sit
from conclave_lab_6_lease.tests_words import (NEAR_MS, PROMISE, PROMISE_MS,
                                              WATCH, granted, refused)


@test("A voter whose life is drawn keeps each promise and no more", points=5,
      peers=[2, 3], config=WATCH, worlds=("sim",), seeds=6, needs="ends",
      rule=PROMISE)
async def drawn_promises(c):
    """Leaders that are heard, and one that is deposed; pauses, restarts, and
    candidates in between."""
    leader, other = await sit(c, 2, 3)
    own, led = 0, False
    heard_ms, asked = c.now_ms(), 0
    while asked < 12:
        what = c.rng.choice(["beat", "beat", "old", "wait", "wait", "restart",
                             "ask", "ask"])
        if what == "beat":
            own, led = own + (not led), True
            await leader.append(own)
            heard_ms = c.now_ms()
        elif what == "old" and own > 1:
            await other.append(own - 1)
        elif what == "wait":
            await c.sleep(c.rng.choice([300, 900, 1500, 2200]))
        elif what == "restart":
            await c.kill(1)
            await c.start(1)
            heard_ms = c.now_ms()
            leader, other = await sit(c, 2, 3)
        elif what == "ask":
            asked += 1
            if abs(c.now_ms() - heard_ms - PROMISE_MS) < NEAR_MS:
                await c.sleep(2 * NEAR_MS)
            term = own + c.rng.randint(1, 3)
            if c.now_ms() - heard_ms < PROMISE_MS:
                await refused(c, other, term, own, "the promise stands")
            else:
                await granted(c, other, term, "the promise is over")
                own, led = term, False
