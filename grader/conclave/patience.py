"""Time limits that a busy machine cannot break.

No verdict may depend on how fast the machine is. So a limit counts only time in
which the grader itself was awake: it looks at the clock every few milliseconds,
and a look that comes late counts as two looks, however late it comes. In the
simulated world the clock is virtual, and no look is ever late.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Awaitable

POLL_S = 0.02              # how often we look
PROGRESS_LIMIT_S = 20.0    # for something that must happen, unless told else
COMMAND_LIMIT_S = 25.0     # for an answer to a client; a call may take 20 s
START_PING_LIMIT_S = 10.0  # for a fresh node to answer its first PING
TEST_LIMIT_S = 60.0        # for a whole test


def _now_s() -> float:
    """The running loop's clock: of real time, or of virtual time."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:  # there is none
        return time.monotonic()


class Patience:
    """A limit, used up by looking at the clock."""

    def __init__(self, limit_s: float, poll_s: float = POLL_S):
        self.limit_s = limit_s
        self.poll_s = poll_s
        self.used_s = 0.0
        self._last = _now_s()

    def over(self) -> bool:
        """Counts the time since the last look; whether the limit is reached."""
        now = _now_s()
        self.used_s += min(now - self._last, 2 * self.poll_s)
        self._last = now
        return self.used_s >= self.limit_s


async def within(limit_s: float, awaitable: Awaitable[Any]) -> Any:
    """Awaits, for a limit at most; then asyncio.TimeoutError."""
    task = asyncio.ensure_future(awaitable)
    patience = Patience(limit_s, 5 * POLL_S)
    try:
        while not patience.over():
            done, _ = await asyncio.wait({task}, timeout=patience.poll_s)
            if done:
                return task.result()
        raise asyncio.TimeoutError()
    finally:
        await _put_down(task)


async def _put_down(task: "asyncio.Future[Any]") -> None:
    """Cancels a task if it still runs, and waits for its end."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1.0)
    if task.done() and not task.cancelled():
        task.exception()  # has been looked at
