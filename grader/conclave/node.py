"""One node of a cluster, over all its lives: starts, kills, restarts."""

from __future__ import annotations

import asyncio
import os
import pathlib
import shlex
import signal
from typing import Callable, Dict, List, Sequence, Tuple

from . import ports, process, reaper, safe_file, sandbox_watch
from .failure import CRASHED, FAILED, Failure, GraderError
from .patience import POLL_S, PROGRESS_LIMIT_S, Patience, within
from .place import (GAVE_UP, HOUSE_RULE, START_RULE, Place,
                    at_its_start)
from .process import Process
from .resp import Connection
from .sandbox import NODE, OPEN, Sandbox

FATAL_STATUS = 71         # it said that it cannot go on: handout/uv/uv_host.h
WALL_OFFSET = ".wall-offset-ms"  # see handout/uv/folder.h
WRAPPER = "NODE_WRAPPER"  # in the environment: what to run nodes under


class Node(Place):
    """A node of the real world: a process."""

    def __init__(self, node_id: int, binary: pathlib.Path, config: pathlib.Path,
                 data: pathlib.Path, client_address: str, sanitized: bool,
                 on_trouble: Callable[[Failure], None], acts: bool = True,
                 text_address: str = "", sandbox: Sandbox = OPEN,
                 connect: Sequence[int] = (), bind: Sequence[int] = ()):
        super().__init__(node_id, on_trouble)
        self.client_address = client_address
        self.text_address = text_address  # for plain text
        self.pids: List[int] = []     # of all lives
        self._binary = binary
        self._config = config
        self._data = data
        self._sanitized = sanitized
        self._acts = acts             # its host writes them down: they grow
        self._wall_ms = 0             # how far its wall clock is off
        self._sandbox = sandbox
        self._ports = (connect, bind) # that it needs

    def launch(self, wall_offset_ms: int, rate: float) -> None:
        """Starts a process; see came_up."""
        self.begin()
        self._wall_ms = wall_offset_ms
        self._data.mkdir(exist_ok=True)
        words = shlex.split(os.environ.get(WRAPPER, ""))
        words += [str(self._binary), "--config", str(self._config), "--id",
                 str(self.id), "--data", str(self._data), "--incarnation",
                 str(self.lives)] + ["--acts"] * self._acts
        if wall_offset_ms:
            words += ["--wall-offset-ms", str(wall_offset_ms)]
        if rate != 1.0:
            words += ["--clock-rate", str(rate)]
        info = process.Info() if self._sandbox.is_monitored else None
        connect, bind = self._ports
        self._sandbox.hand_over(self._data)
        try:
            self.process = Process(
                f"node {self.id}", self._sandbox.wrap(
                    words, NODE, readable=[self._binary, self._config],
                    writable=[self._data], connect=connect, bind=bind,
                    folder=self._data,
                    info_fd=info.write_fd if info else None,
                    sanitized=self._sanitized),
                self._data, process.environment({}),
                reaper.limit_child(self._sanitized), self._ended, self.log,
                self._sandbox, info)
        except OSError as error:
            raise GraderError(f"node {self.id} cannot be started: {error}") \
                from error
        self.pids.append(self.process.pid)

    async def came_up(self) -> None:
        """Waits until it is ready. A Failure if it does not become so."""
        running = self.running()
        try:
            if await within(PROGRESS_LIMIT_S, asyncio.shield(running.ready)):
                return
        except asyncio.TimeoutError:
            raise Failure("a node that starts prints `ready`",
                          f"node {self.id} was not ready within "
                          f"{PROGRESS_LIMIT_S:g} s", rule=START_RULE,
                          node=self.id, at_start=True) from None
        await asyncio.shield(running.ended)
        raise self._obituary(running)

    async def connect(self, text: bool = False) -> Connection:
        """A client's connection. OSError if it refuses."""
        address = self.text_address if text else self.client_address
        return await Connection.open(*ports.split(address))

    def _ended(self, ended: Process) -> None:
        """Its process is gone: trouble, unless we asked for it."""
        self.ends.append((asyncio.get_running_loop().time(),
                          ended.status or 0))
        if ended.status == FATAL_STATUS and self.may_give_up:
            self.last_words = self._last_words()
            return
        if ended.ending and (ended.status or 0) >= 0:
            return
        if ended.ending and ended.status in (-signal.SIGKILL, -signal.SIGTERM):
            return
        ours = process.barrier_failed(ended) if self._sandbox else ""
        self._on_trouble(self._obituary(ended) if not ours else GraderError(
            f"the sandbox did not let node {self.id} begin: {ours}"))

    def _last_words(self) -> str:
        """The sentence of a node that could not go on."""
        said = [line.text for line in self.log.lines()
                if line.text.startswith(f"node {self.id}: ")]
        return said[-1].split(": ", 1)[1] if said else ""

    def _obituary(self, ended: Process) -> Failure:
        """The Failure for an end that nobody asked for."""
        ending = process.explain_end(ended, self._binary)
        hint = None
        if ended.status == FATAL_STATUS and self._last_words():
            ending = process.Ending(False, f"{GAVE_UP}: {self._last_words()}")
        elif "endless loop" in ending.text:
            hint = ("Every loop needs an await_... that really waits: nothing "
                    "else runs until then.")
        elif ending.crashed:
            hint = ("Often a pointer that is NULL, freed, or kept across an "
                    "await_...: grade with FLAVOUR=asan in the environment, "
                    "and the sanitizer says which.")
        elif ended.over:
            hint = "What grows without end, and what should have bounded it?"
        elif ended.flooded:
            hint = "A loop that logs and never waits?"
        else:
            hint = "Lab code never ends the process; only the host does."
        up = self.serves
        return Failure(
            "a node runs until it is stopped" if up else
            "a node starts and prints `ready`",
            f"node {self.id} "
            + (ending.text if up else at_its_start(ending.text)),
            rule=HOUSE_RULE if up else START_RULE, hint=hint,
            status=CRASHED if ending.crashed else FAILED, node=self.id,
            at_start=not up)

    async def kill(self) -> None:
        """kill -9, and waits for the end."""
        if self.process is None or not self.process.alive:
            return
        self.process.ending = True
        self.process.signal(signal.SIGKILL)
        await asyncio.shield(self.process.ended)

    def pause(self) -> None:
        """SIGSTOP."""
        self.running().paused = True
        self.running().signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self.running().paused = False
        self.running().signal(signal.SIGCONT)

    async def jump_wall(self, ms: int) -> None:
        """Its wall clock jumps; see handout/uv/folder.h. It has when this
        returns, unless the node is paused: then it does as it goes on."""
        self._wall_ms += ms
        self.disk_write(WALL_OFFSET, f"{self._wall_ms}\n".encode())
        running = self.running()
        running.signal(signal.SIGUSR2)
        patience = Patience(PROGRESS_LIMIT_S)
        while running.alive and not running.paused \
                and (self._data / WALL_OFFSET).exists():
            if patience.over():
                raise Failure("a node's host minds its signals", f"node "
                              f"{self.id} did not set its clock within "
                              f"{PROGRESS_LIMIT_S:g} s", rule=HOUSE_RULE,
                              node=self.id)
            await asyncio.sleep(POLL_S)

    def terminate(self) -> None:
        """SIGTERM."""
        self.running().ending = True
        self.running().signal(signal.SIGTERM)

    async def exited(self) -> int:
        """Waits for the end of a node that was told to stop; its status."""
        running = self.running()
        try:
            return await within(PROGRESS_LIMIT_S, asyncio.shield(running.ended))
        except asyncio.TimeoutError:
            raise no_end_after_sigterm(self.id) from None

    # Its folder holds what is durable; what begins with a dot is the host's.

    def disk_files(self) -> Dict[str, int]:
        sizes = {}
        for path in sorted(self._data.glob("[!.]*")):
            try:
                sizes[path.name] = path.lstat().st_size
            except FileNotFoundError:
                continue  # the node has removed it meanwhile
        return sizes

    def disk_use(self) -> Tuple[int, int]:
        """Files in its folder, and the bytes that they take."""
        return sandbox_watch.use_of(self._data)

    def disk_read(self, name: str) -> bytes:
        return safe_file.read(self._data / name)

    def disk_write(self, name: str, data: bytes) -> None:
        self._data.mkdir(exist_ok=True)
        safe_file.write(self._data / name, data)
        self._sandbox.hand_over(self._data)

    def disk_drop(self, name: str) -> None:
        (self._data / name).unlink()


def no_end_after_sigterm(node: int) -> Failure:
    """The Failure for a node that was told to stop and goes on."""
    return Failure("a node ends after SIGTERM once it has drained",
                   f"node {node} still ran {PROGRESS_LIMIT_S:g} s later",
                   rule="labs/1-rpc/service.h, drain", node=node)
