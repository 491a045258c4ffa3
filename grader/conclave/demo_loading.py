"""The process that makes the demo's load (demo_load.py): its start, what it
last said, its end."""

from __future__ import annotations

import asyncio
import pathlib
import signal
import sys
from typing import Any, Dict, List, Optional

from . import demo_load, process, reaper

_END_LIMIT_S = 60.0       # for what was written to be read back
_SOURCE = pathlib.Path(__file__).resolve().parents[1]


class LoadProcess:
    """One at a time, or none."""

    def __init__(self, addresses: List[str]):
        self._addresses = addresses
        self._process: Optional[process.Process] = None

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def start(self, clients: int) -> None:
        words = [sys.executable, "-B", "-m", "conclave.demo_load",
                 str(clients), *self._addresses]
        self._process = process.Process(
            "load", words, _SOURCE,
            process.environment({"PYTHONPATH": str(_SOURCE)}),
            reaper.limit_child(sanitized=True), lambda _: None, process.Log())

    def _last(self) -> Dict[str, Any]:
        said = self._process.log.last(1) if self._process else []
        return demo_load.told(said[0]) if said else {}

    def text(self) -> str:
        """How it goes, in a line; empty if there is none."""
        if self._process is None:
            return ""
        if not self._process.alive:
            return "the load has died: `load 0` tells why"
        facts = self._last()
        if "ops" not in facts:
            return "the load starts" if not facts else "the load ends"
        if not facts["ops"]:
            return f"load: {facts['clients']} clients, no answers now " \
                   f"({facts['total']:,} before)"
        return (f"load: {facts['clients']} clients, {facts['ops']:,} writes/s, "
                f"median {facts['p50_ms']} ms, 99 % in {facts['p99_ms']} ms")

    async def stop(self) -> str:
        """Ends it; what it found when it read everything back."""
        assert self._process is not None
        running = self._process
        await asyncio.wait({running.ready}, timeout=_END_LIMIT_S)
        running.signal(signal.SIGTERM)
        await asyncio.wait({running.ended}, timeout=_END_LIMIT_S)
        facts = self._last()
        self.kill()
        if "acknowledged" not in facts:
            said = " / ".join(running.log.last(2))
            return f"the load did not end well: {said or 'it said nothing'}"
        text = (f"{facts['acknowledged']:,} writes to {facts['keys']} keys "
                "were acknowledged; ")
        if facts["lost"]:
            return text + f"LOST are some in {', '.join(facts['lost'])}"
        if facts["read"] < facts["keys"]:
            return text + (f"{facts['read']} keys could be read back and hold "
                           "them, the others nobody answers for now")
        return text + "all of them are there"

    def kill(self) -> None:
        """Ends it at once."""
        if self._process is not None:
            self._process.signal(signal.SIGKILL)
            self._process = None
