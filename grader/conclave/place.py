"""A node's place in a cluster, over all its lives, in either world.

node.py puts a process there, sim_node.py a node of the simulator.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Protocol, Tuple

from .failure import Failure, GraderError
from .process import Log
from .resp import Connection

HOUSE_RULE = "a node runs until it is stopped (handout/node/host.h)"
START_RULE = "a node starts and says `ready` (handout/uv)"
GAVE_UP = "gave up"  # it called node_fatal; its sentence follows


def at_its_start(how: str) -> str:
    """How a node ended that had not come up yet."""
    if how.startswith(GAVE_UP):
        return f"{GAVE_UP} at its start{how[len(GAVE_UP):]}"
    return f"{how} at its start"


class Life(Protocol):
    """From a start of a node to its end."""

    ending: bool    # the test asked for its end
    paused: bool

    @property
    def alive(self) -> bool: ...

    def cpu_s(self) -> float:
        """CPU time used so far; 0 if that is not known."""

    def wants_cpu(self) -> bool:
        """Whether it computes, or would; False if that is not known."""


@dataclass
class Asked:
    """What a client asked a node, by the loop's clock."""

    text: str                        # the command
    began_s: float
    ended_s: Optional[float] = None  # None: there was no answer
    reply: str = ""

    def is_answered(self, reply: str) -> None:
        self.ended_s = asyncio.get_running_loop().time()
        self.reply = reply


class Place:
    """What tests and reports know of a node."""

    def __init__(self, node_id: int, on_trouble: Callable[[Failure], None]):
        self.id = node_id
        self.log = Log()              # of all lives, one after the other
        self.lives = 0                # starts so far: its incarnation
        self.ends: List[Tuple[float, int]] = []  # (when, status) of all lives
        self.asked: List[Asked] = []  # by clients, for the timeline
        self.serves = False           # it has answered since its start
        self.may_give_up = False      # it may end itself with a sentence
        self.last_words = ""          # with which it did
        self.process: Any = None      # its latest Life
        self._on_trouble = on_trouble

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.alive

    def running(self) -> Any:
        """Its Life. A GraderError if the test never started it."""
        if self.process is None:
            raise GraderError(f"the test talks to node {self.id} before it "
                              "started it")
        return self.process

    def is_asked(self, text: str) -> Asked:
        """A client asks something: remembered until it is answered."""
        self.asked.append(Asked(text, asyncio.get_running_loop().time()))
        return self.asked[-1]

    def begin(self) -> None:
        """A new life is about to begin."""
        if self.alive:
            raise GraderError(f"the test starts node {self.id} twice")
        self.lives += 1
        self.serves = False
        self.last_words = ""

    def waits(self) -> List[str]:
        """What its coroutines wait for, if that can be told."""
        return []

    # What each world does in its own way

    def launch(self, wall_offset_ms: int, rate: float) -> None:
        """Starts it; see came_up."""
        raise NotImplementedError

    async def came_up(self) -> None:
        """Waits until it is ready. A Failure if it does not become so."""
        raise NotImplementedError

    async def connect(self, text: bool = False) -> Connection:
        """A client's connection, to the plain text port if so asked. OSError
        if it refuses."""
        raise NotImplementedError

    async def kill(self) -> None:
        """kill -9, and waits for the end."""
        raise NotImplementedError

    def pause(self) -> None:
        """SIGSTOP, or what comes to the same."""
        raise NotImplementedError

    def resume(self) -> None:
        """SIGCONT."""
        raise NotImplementedError

    async def jump_wall(self, ms: int) -> None:
        """Its wall clock jumps."""
        raise NotImplementedError

    def terminate(self) -> None:
        """SIGTERM: it should drain and end."""
        raise NotImplementedError

    async def exited(self) -> int:
        """Waits for the end of a node that was told to stop; its status."""
        raise NotImplementedError

    # Its disk: what is durable of it; see disk_words.py

    def disk_files(self) -> Dict[str, int]:
        """Names of files, and their sizes in bytes."""
        raise NotImplementedError

    def disk_read(self, name: str) -> bytes:
        """All of a file."""
        raise NotImplementedError

    def disk_write(self, name: str, data: bytes) -> None:
        """A file, made if need be, holds just this. The node is down."""
        raise NotImplementedError

    def disk_drop(self, name: str) -> None:
        """A file is gone. The node is down."""
        raise NotImplementedError

    def disk_counts(self) -> List[int]:
        """Writes, bytes written and syncs so far, where they are counted."""
        raise GraderError("only the simulator counts what is done to a disk")
