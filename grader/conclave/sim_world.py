"""The simulated world: a cluster in one process, on virtual time.

It offers what the proxy and the nodes' processes offer in the real world, so
that a test cannot tell them apart: world.py says what that is.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from . import layout
from .failure import Failure
from .frames import METHOD_NAMES
from .record import Act, Record, Violation
from .resp import Connection
from .sim_node import SimNode
from .sim_process import HASH, Simulator
from .sim_stream import SimPeer, SimWriter, new_reader
from .spec import Test

_CLUSTER = 1           # the number in its configuration: there is no other
_LISTEN_PORT = 1000    # names only: nothing listens here
_CLIENT_PORT = 2000
_TEXT_PORT = 3000
_RECORD = "FDLSGMBVP"  # kinds of line that record.py understands
MAX_FRAMES = 100_000   # in one test: ten times what any of ours takes


class SimWorld:
    """The cluster of one test."""

    name = "sim"

    def __init__(self, spec: Test, sim: Simulator, seed: int,
                 on_violation: Callable[[Violation], None],
                 on_fault: Callable[[BaseException], None],
                 has_acts: bool = False):
        self.record = Record(on_violation)
        self.config = layout.numbers(spec.config)
        self.offset_s = 0.0      # our clock minus the record's
        self.nodes: Dict[int, SimNode] = {}
        self.acts: List[str] = []   # at nodes' doors, if they are shown
        self.ids = spec.ids
        self.ends: List[Tuple[int, int, str]] = []  # (time_us, node, how)
        self._spec = spec
        self._has_acts = has_acts
        self._seed = seed
        self._on_fault = on_fault
        self._peers: Dict[int, SimPeer] = {}
        self._clients: Dict[int, Tuple[asyncio.StreamReader, SimWriter]] = {}
        self._description: List[str] = []
        self.advice: List[str] = []  # what nodes should not do
        self.sim = sim
        sim.hear = self._hear
        sim.on_fault = on_fault

    @property
    def now_us(self) -> int:
        return self.sim.now_us

    async def open(self) -> None:
        """Makes the cluster; nothing runs yet."""
        self.prepare(self.ids, self.text())

    def prepare(self, ids: Sequence[int], text: str) -> None:
        """The same with any configuration, for those who have no loop."""
        self.ids = tuple(ids)
        self.order("cluster", self._seed, text.encode().hex())
        self.order("watch", 1)
        self.order("logs", 1)
        self.order("acts", int(self._has_acts))
        for node in self.ids:
            if node not in self._spec.peers:
                self.nodes[node] = SimNode(node, self, self._on_fault)

    def text(self) -> str:
        """The configuration that the nodes are given."""
        places = {node: f"listen=sim:{_LISTEN_PORT + node} "
                        f"client={self.client_address(node)} "
                        f"text={self.text_address(node)}"
                  for node in self.ids}
        return layout.configuration(_CLUSTER, self.config, places,
                                    self._spec.logs)

    def client_address(self, node: int) -> str:
        """Where clients find a node, by its configuration."""
        return f"sim:{_CLIENT_PORT + node}"

    def text_address(self, node: int) -> str:
        """The same, for those who speak plain text."""
        return f"sim:{_TEXT_PORT + node}"

    def acts_of(self, node: int) -> List[Act]:
        """What a node did to its machine so far, all lives."""
        return self.record.acts.get(node, [])

    def order(self, *words: object) -> List[str]:
        """An order to the simulator, obeyed at once: the answer's words."""
        return self.sim.ask(*words)

    def post(self, *words: object) -> None:
        """One whose answer says nothing."""
        self.sim.post(*words)

    async def command(self, *words: object) -> None:
        """An order to the network, as the proxy takes it."""
        self.order(*words)

    async def settle(self) -> None:
        """The record is always up to date; others get their turn."""
        await asyncio.sleep(0)

    def connect(self, node: int, text: bool = False) -> Connection:
        """A client's connection to a node."""
        port = "text" if text else "resp"
        number = int((self.order("connect", node, port) or ["0"])[0])
        reader = new_reader()
        writer = SimWriter(self.post, ["send", number], ["hangup", number])
        self._clients[number] = (reader, writer)
        return Connection(reader, writer)  # type: ignore[arg-type]

    async def sit(self, seat: int) -> SimPeer:
        """Takes a node's place."""
        self.order("seat", seat)
        self._peers[seat] = SimPeer(seat, self)
        return self._peers[seat]

    def describe(self, node: int) -> List[str]:
        """What a node's coroutines wait for."""
        self._description = []
        self.order("describe", node)
        return self._description

    def trace_hash(self) -> str:
        """Of all that the nodes did at their doors; "" if there is none."""
        return (self.order(HASH) or [""])[0]

    async def look_around(self) -> None:
        """See World; the simulator does not wait to be asked."""

    async def close(self) -> Optional[Failure]:
        """Ends it. Nothing can be left behind."""
        self.sim.close()
        return None

    # What the simulator tells

    def _hear(self, line: str) -> None:
        kind, _, rest = line.partition(" ")
        if kind in _RECORD:
            self.record.feed(line)
            if kind == "F" and len(self.record.frames) == MAX_FRAMES:
                self._on_fault(self._flood())
        elif kind in self._HEARS:
            self._HEARS[kind](self, rest)

    def _flood(self) -> Failure:
        """The Failure for nodes that never stop sending."""
        last = self.record.frames[-1000:]
        kinds = Counter((METHOD_NAMES.get(one.method, "frame"), one.frm, one.to)
                        for one in last if one.type == "REQUEST")
        (name, frm, to), count = (kinds.most_common(1)
                                  or [(("frame", 0, 0), 0)])[0]
        return Failure(
            f"fewer than {MAX_FRAMES} frames in a test", f"there are as many "
            f"in {self.now_us / 1e6:.3f} s; of the last {len(last)} {count} "
            f"are requests {name} from node {frm} to node {to}", node=frm,
            hint="What is sent again as soon as it is answered, or fails, goes "
                 "round for ever. What should it wait for?")

    def _client(self, rest: str) -> None:
        _, number, data = rest.split(" ")
        reader, writer = self._clients[int(number)]
        if data == "closed":
            writer.ended()
            reader.feed_eof()
        else:
            reader.feed_data(bytes.fromhex(data))

    def _seat_up(self, rest: str) -> None:
        _, seat, stream, other, _ = rest.split(" ")
        incarnation = next((one.incarnation
                            for one in reversed(self.record.streams)
                            if (one.frm, one.to) == (int(other), int(seat))), 0)
        self._peers[int(seat)].heard_up(int(stream), int(other), incarnation)

    def _seat_bytes(self, rest: str) -> None:
        _, seat, stream, data = rest.split(" ")
        self._peers[int(seat)].heard_bytes(int(stream), bytes.fromhex(data))

    def _seat_down(self, rest: str) -> None:
        _, seat, stream = rest.split(" ")
        self._peers[int(seat)].heard_end(int(stream))

    def _node_ended(self, rest: str) -> None:
        at, node, end, how = (rest + " ").split(" ", 3)
        self.ends.append((int(at), int(node), f"{end}: {how.strip()}"))
        self.nodes[int(node)].heard_end(end, how.strip())

    def _node_line(self, rest: str) -> None:
        at, node, topic, term, text = (rest + " ").split(" ", 4)
        self.nodes[int(node)].heard_line(int(at), topic, term, text.rstrip())

    def _advice(self, rest: str) -> None:
        at, node, text = rest.split(" ", 2)
        self.nodes[int(node)].heard_advice(int(at), text)
        self.advice.append(f"node {node} {text}")

    def _waits(self, rest: str) -> None:
        self._description.append(rest.partition(" ")[2])

    def _act(self, rest: str) -> None:
        self.acts.append(rest)

    _HEARS = {"C": _client, "U": _seat_up, "R": _seat_bytes, "E": _seat_down,
              "X": _node_ended, "T": _node_line, "N": _advice, "W": _waits,
              "A": _act}
