"""A node of the simulated world: what node.py is in the real one."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Callable, Dict, List

from .failure import CRASHED, FAILED, Failure
from .node import no_end_after_sigterm
from .patience import PROGRESS_LIMIT_S, within
from .place import (GAVE_UP, HOUSE_RULE, START_RULE, Place,
                    at_its_start)
from .process import LogLine
from .resp import Connection

if TYPE_CHECKING:
    from .sim_world import SimWorld

STOPPED_STATUS = 0   # of a node that was told to stop, and did
KILLED_STATUS = -9   # as the real world's
_ENDS = ("stopped", "killed")  # that may be asked for
_CRASHES = re.compile(r"crashed|endless loop|abort\(\)|assertion|overflow")


class SimLife:
    """From a node's start to its end."""

    def __init__(self) -> None:
        self.alive = True
        self.ending = False   # the test asked for its end
        self.paused = False
        self.ended: "asyncio.Future[int]" = \
            asyncio.get_running_loop().create_future()

    def cpu_s(self) -> float:
        """No real time counts here."""
        return 0.0

    def wants_cpu(self) -> bool:
        """Nor does this."""
        return False

    def end(self, status: int) -> None:
        self.alive = False
        if not self.ended.done():
            self.ended.set_result(status)


class SimNode(Place):
    """A node of the simulator."""

    def __init__(self, node_id: int, world: "SimWorld",
                 on_trouble: Callable[[Failure], None]):
        super().__init__(node_id, on_trouble)
        self._world = world
        self._how = "has ended"       # its latest end that nobody asked for

    def launch(self, wall_offset_ms: int, rate: float) -> None:
        """Starts it."""
        self.begin()
        self.process = SimLife()
        self._world.order("start", self.id, self.lives, rate, wall_offset_ms)

    async def came_up(self) -> None:
        """A start takes no time. A Failure if it has ended already."""
        if not self.alive:
            raise self._obituary(self._how)

    async def connect(self, text: bool = False) -> Connection:
        """A client's connection."""
        return self._world.connect(self.id, text)

    async def kill(self) -> None:
        """kill -9."""
        if self.alive:
            self.running().ending = True
            self._world.order("kill", self.id)

    def pause(self) -> None:
        self.running().paused = True
        self._world.order("pause", self.id)

    def resume(self) -> None:
        self.running().paused = False
        self._world.order("resume", self.id)

    async def jump_wall(self, ms: int) -> None:
        self._world.order("wall", self.id, ms)

    def terminate(self) -> None:
        """As SIGTERM: it should drain and end."""
        self.running().ending = True
        self._world.order("terminate", self.id)

    async def exited(self) -> int:
        """Waits for the end of a node that was told to stop; its status."""
        try:
            return await within(PROGRESS_LIMIT_S,
                                asyncio.shield(self.running().ended))
        except asyncio.TimeoutError:
            raise no_end_after_sigterm(self.id) from None

    def disk_files(self) -> Dict[str, int]:
        words = self._world.order("files", self.id)
        return {name: int(size) for name, size in zip(words[::2], words[1::2])}

    def disk_read(self, name: str) -> bytes:
        data = "".join(self._world.order("file", self.id, name))
        return bytes.fromhex(data) if data != "-" else b""

    def disk_write(self, name: str, data: bytes) -> None:
        self._world.order("put", self.id, name, data.hex() or "-")

    def disk_drop(self, name: str) -> None:
        self._world.order("drop", self.id, name)

    def disk_counts(self) -> List[int]:
        return [int(word) for word in self._world.order("diskcount", self.id)]

    # What the simulator tells

    def heard_end(self, end: str, how: str) -> None:
        """It has ended: trouble, unless that was asked for."""
        life = self.process
        if life is None:
            return
        status = STOPPED_STATUS if end == "stopped" else KILLED_STATUS
        life.end(status)
        self.ends.append((asyncio.get_running_loop().time(), status))
        if end == "fatal" and self.may_give_up:
            self.last_words = how
            return
        if end in _ENDS and (life.ending or end == "killed"):
            return
        self._how = f"{GAVE_UP}: {how}" if end == "fatal" else how
        self._on_trouble(self._obituary(self._how))

    def heard_line(self, at_us: int, topic: str, term: str, text: str) -> None:
        """A line of its log, as the real host prints it."""
        line = f"{at_us / 1e6:.6f}  n{self.id}  t{term}  {topic:<8}  {text}"
        self.log.add(LogLine(at_us / 1e6, line))

    def heard_advice(self, at_us: int, text: str) -> None:
        """It did what is allowed and unwise."""
        self.log.add(LogLine(at_us / 1e6, f"advice: {text}"))

    def waits(self) -> List[str]:
        """What each of its coroutines waits for."""
        return self._world.describe(self.id) if self.alive else []

    def _obituary(self, how: str) -> Failure:
        """The Failure for an end that nobody asked for."""
        parts = how.split(" /")
        for place in parts[1:]:  # a backtrace
            self.log.add(LogLine(self._world.now_us / 1e6, place.rstrip()))
        fatal = how.startswith(GAVE_UP)
        crashed = not fatal and bool(_CRASHES.search(how))
        hint = None  # the test's own
        if "endless loop" in how:
            hint = ("Every loop needs an await_... that really waits: nothing "
                    "else runs until then.")
        elif "failed an assertion" in how:
            hint = ("What the assertion takes for granted is not so: read it, "
                    "and follow the values in it back to where they come from.")
        elif "asked for more than" in how:
            hint = "What grows without end, and what should have bounded it?"
        elif crashed:
            hint = ("Often a pointer that is NULL, freed, or kept across an "
                    "await_...: grade with FLAVOUR=asan in the environment, "
                    "and the sanitizer says which.")
        elif not fatal:
            hint = "Lab code never ends the process; only the host does."
        where = "".join(parts[1:2]).strip()
        observed = parts[0] + (f" ({where})" if where else "")
        return Failure(
            "a node runs until it is stopped" if self.serves else
            "a node starts and serves",
            f"node {self.id} " + (observed if self.serves
                                  else at_its_start(observed)),
            rule=HOUSE_RULE if self.serves else START_RULE, hint=hint,
            status=CRASHED if crashed else FAILED, node=self.id,
            at_start=not self.serves)
