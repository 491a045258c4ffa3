"""An asyncio loop on virtual time.

Time stands still while any task can run. When all of them wait, the loop asks
its clock to let time pass until the earliest timer, or until something comes
that a task may wait for, whichever is first. So a test that was written for
real time runs unchanged, takes no time while it waits, and tasks resume in one
order: by virtual time, and among equals in the order in which they were put to
wait.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from typing import Any, Callable, Coroutine, List, Optional

_RESOLUTION_S = 1e-6  # of virtual time


class Clock:
    """Who knows virtual time, and can let it pass."""

    now_us = 0

    def advance(self, until_us: Optional[int]) -> None:
        """Lets time pass until then (None: until anything happens) or until
        something has come; returns with now_us as late as it is."""
        raise NotImplementedError


class _Timer(asyncio.TimerHandle):
    """One that is rung in the order in which it was set, among equals."""

    __slots__ = ("_number",)

    def __init__(self, number: int, when: float, *rest: Any):
        super().__init__(when, *rest)
        self._number = number

    def __lt__(self, other: Any) -> bool:
        return (self._when, self._number) < (other._when, other._number)


class VirtualLoop(asyncio.BaseEventLoop):
    """The loop. It has no sockets, no signals and no threads."""

    def __init__(self, clock: Clock):
        super().__init__()
        self._clock = clock
        self._clock_resolution = _RESOLUTION_S
        self._selector = self  # whom the base class asks to wait
        self._timers = 0       # set so far

    def time(self) -> float:
        """Virtual seconds."""
        return self._clock.now_us / 1e6

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any,
                context: Any = None) -> asyncio.TimerHandle:
        """As the base class, but that equals keep their order."""
        self._timers += 1
        timer = _Timer(self._timers, when, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer

    def select(self, timeout_s: Optional[float]) -> List[Any]:
        """Waits, in virtual time."""
        if timeout_s is None:
            self._clock.advance(None)
        elif timeout_s > 0:
            wait_us = max(1, math.ceil(timeout_s * 1e6 - 1e-3))
            self._clock.advance(self._clock.now_us + wait_us)
        return []

    def _process_events(self, _: List[Any]) -> None:
        """There are none: the clock calls back by itself."""

    def _write_to_self(self) -> None:
        """Nobody sleeps whom it would have to wake."""


def run(clock: Clock, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Runs a coroutine to its end in a loop of its own: its result."""
    loop = VirtualLoop(clock)
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(work())
    finally:
        _end_tasks(loop)
        asyncio.set_event_loop(None)
        loop.close()


def _end_tasks(loop: VirtualLoop) -> None:
    """Cancels what a test has left behind."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left, timeout=1.0))
    for task in left:
        if task.done() and not task.cancelled():
            task.exception()  # has been looked at
