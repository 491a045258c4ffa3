"""Lab 1, the warm-up: order of steps, never their speed."""

from __future__ import annotations

from conclave import test

from .tests_words import WARMUP, check_steps, steps_of


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
