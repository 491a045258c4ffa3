"""The network of a test: runs the proxy, gives it orders, reads its record."""

from __future__ import annotations

import asyncio
import pathlib
from typing import Callable, Dict, Optional, Sequence, Tuple

from . import process, reaper
from .failure import GraderError
from .patience import within
from .record import Record, Violation

_START_LIMIT_S = 20.0
_ANSWER_LIMIT_S = 20.0
_MAX_CONTROL_LINE = 1 << 16
_READ_BYTES = 1 << 18
_CALIBRATIONS = 3


class Proxy:
    """The proxy's process and the two connections to it."""

    def __init__(self, folder: pathlib.Path,
                 on_violation: Callable[[Violation], None],
                 on_fault: Callable[[Exception], None]):
        self.record = Record(on_violation)
        self.process: Optional[process.Process] = None
        self.offset_s = 0.0           # our clock minus the proxy's
        self._folder = folder
        self._control = folder / "proxy"
        self._on_fault = on_fault
        self._lock = asyncio.Lock()
        self._marks = 0
        self._streams: Optional[Tuple[asyncio.StreamReader,
                                      asyncio.StreamWriter]] = None
        self._watching: Optional["asyncio.Task[None]"] = None
        self._closing = False
        self._grew = asyncio.Event()  # the record has new lines

    async def start(self, binary: pathlib.Path, seed: int, cluster: int,
                    nodes: Dict[int, Tuple[str, str]],
                    watched: bool = True) -> None:
        """Runs it; nodes are id -> (where peers dial it, where it listens).
        Not watched, it keeps no record, however long it runs."""
        words = [str(binary), "--control", str(self._control), "--seed",
                 str(seed), "--cluster", str(cluster)]
        for node, (listen, target) in sorted(nodes.items()):
            words += ["--node", f"{node}={listen},{target}"]
        self.process = process.Process(
            "proxy", words, self._folder, process.environment({}),
            reaper.limit_child(sanitized=True), self._ended, process.Log())
        try:
            if not await within(_START_LIMIT_S, self.process.ready):
                raise GraderError(self._obituary())
        except asyncio.TimeoutError:
            raise GraderError("the proxy did not become ready") from None
        self._streams = await self._connect()
        if not watched:
            return
        self._watching = asyncio.ensure_future(self._watch())
        await self._calibrate()

    async def _connect(self) -> Tuple[asyncio.StreamReader,
                                      asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(str(self._control),
                                                  limit=_MAX_CONTROL_LINE)

    def _obituary(self) -> str:
        assert self.process is not None
        said = " / ".join(self.process.log.last(3)) or "it said nothing"
        return f"the proxy ended (status {self.process.status}): {said}"

    def _ended(self, _: process.Process) -> None:
        if not self._closing:
            self._on_fault(GraderError(self._obituary()))

    async def command(self, *words: object) -> None:
        """One order. GraderError if the proxy refuses it."""
        line = " ".join(str(word) for word in words)
        async with self._lock:
            if self._streams is None:
                raise GraderError("the proxy is not running")
            reader, writer = self._streams
            try:
                writer.write(line.encode() + b"\n")
                answer = await within(_ANSWER_LIMIT_S, reader.readline())
            except (OSError, ValueError, asyncio.TimeoutError) as error:
                raise GraderError(
                    f"the proxy did not answer '{line}': {error}") from error
        if answer.strip() != b"ok":
            said = answer.decode(errors="replace").strip() or "nothing"
            raise GraderError(f"the proxy answered '{line}' with: {said}")

    async def settle(self) -> None:
        """Waits until the record holds all that the proxy has read so far."""
        self._marks += 1
        text = f"settle-{self._marks}"
        await self.command("mark", text)
        try:
            await within(_ANSWER_LIMIT_S, self._seen(text))
        except asyncio.TimeoutError:
            raise GraderError("the proxy's record stands still") from None

    async def _seen(self, mark: str) -> None:
        while mark not in self.record.marks:
            self._grew.clear()
            await self._grew.wait()

    async def _calibrate(self) -> None:
        """Finds how our clock and the proxy's differ, from round trips."""
        loop = asyncio.get_running_loop()
        best = float("inf")
        for _ in range(_CALIBRATIONS):
            before = loop.time()
            self._marks += 1
            text = f"clock-{self._marks}"
            await self.command("mark", text)
            width = loop.time() - before
            await self._seen(text)
            if width < best:
                best = width
                self.offset_s = (before + width / 2
                                 - self.record.marks[text] / 1e6)

    async def _watch(self) -> None:
        try:
            reader, writer = await self._connect()
            writer.write(b"watch\n")
            rest = b""
            while True:
                data = await reader.read(_READ_BYTES)
                if not data:
                    break
                lines = (rest + data).split(b"\n")
                rest = lines.pop()
                for line in lines:
                    self.record.feed(line.decode(errors="replace"))
                self._grew.set()
            writer.close()
        except (OSError, GraderError) as error:
            self._on_fault(error)

    async def close(self) -> None:
        """Ends it."""
        self._closing = True
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        if self._streams is not None:
            self._streams[1].close()
        if self.process is not None:
            self.process.kill_group()
            await asyncio.wait({self.process.ended}, timeout=10)


def set_words(sets: Sequence[Sequence[int]]) -> Sequence[str]:
    """Sets of nodes as the proxy's words: "1,2" "3,4,5"."""
    return [",".join(str(node) for node in one) for one in sets]
