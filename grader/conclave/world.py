"""What a test's cluster stands on, in the real and in the simulated world.

    real   real_world.py   a process a node, TCP through the proxy, real time
    sim    sim_world.py    one simulator for all, virtual time

A Cluster drives nothing but these; a test cannot tell them apart, except that
in the simulated world time does not pass by itself.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Protocol

from .failure import Failure
from .peer import Peer
from .place import Place
from .record import Act, Record


class World(Protocol):
    """The nodes of one test, and the network between them."""

    name: str                  # REAL or SIM
    record: Record             # what the network saw
    offset_s: float            # the loop's clock minus the record's
    config: Dict[str, int]     # the numbers in effect

    @property
    def nodes(self) -> Mapping[int, Place]: ...

    async def open(self) -> None:
        """Makes the network; no node runs yet."""

    async def command(self, *words: object) -> None:
        """An order to the network: grader/proxy/control.h, sim/orders.h."""

    async def settle(self) -> None:
        """Waits until the record holds all that was seen so far."""

    async def sit(self, seat: int) -> Peer:
        """Takes a node's place, for the test to play."""

    def client_address(self, node: int) -> str:
        """Where clients find a node, by its configuration."""

    def text_address(self, node: int) -> str:
        """The same, for those who speak plain text."""

    def acts_of(self, node: int) -> List[Act]:
        """What a node's host has recorded of it so far, all lives."""

    async def look_around(self) -> None:
        """A test has failed: lets nodes that are stuck be found out."""

    async def close(self) -> Optional[Failure]:
        """Ends all; a Failure if a node has left something behind."""
