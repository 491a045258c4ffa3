"""`c`, what a test is given: a cluster to drive, break and watch.

    await c.cut(1, 2)
    reply = await c.cmd(1, "RPC.CALL", 2, "echo", "hi")
    c.check(isinstance(reply, RespError), expected=..., observed=...)

Ids are of nodes; "*" stands for all of them where a fault says from and to.
What a test does becomes a numbered step of its story, shown when it fails.
"""

from __future__ import annotations

import asyncio
import inspect
import random
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple, \
    Union

from . import leader as leaders
from .client import Client, describe, describe_reply
from .disk_words import DiskWords
from .failure import Failure, GraderError
from .frames import Frame
from .kv_client import Storing
from .patience import POLL_S, PROGRESS_LIMIT_S, START_PING_LIMIT_S, Patience
from .peer import Peer
from .place import Place as NodePlace
from .proposing import Proposing
from .proxy import set_words
from .record import StreamEvent, Violation
from .resp import Word
from .spec import Test
from .story import Story
from .text_client import TextClient
from .world import World

Place = Union[int, str]  # a node's id, or "*"


class Cluster(Proposing, Storing, DiskWords):
    """The nodes of one test, the network between them, and the record."""

    def __init__(self, spec: Test, world: World, seed: int, random_seed: int,
                 raft: bool, trouble: "asyncio.Future[Any]"):
        super().__init__()
        self.ids = spec.ids                        # all, seats included
        self.seed = seed                           # as on the command line
        self.rng = random.Random(random_seed)      # of the seed and the test
        self.config = dict(world.config)           # the numbers in effect
        self.story = Story()
        self.nodes = world.nodes
        self.proxy = world                         # its network: orders, record
        self.trouble = trouble                     # ends the test when set
        self._spec = spec
        self._peers: Dict[int, Peer] = {}
        self._clients: List[Client] = []           # all that were opened
        self._idle: Dict[int, List[Client]] = {}   # those to be used again
        self._raft = raft                          # its nodes hold elections
        self._fastest = 0.0                        # clock noted so far

    # Nodes

    def _node(self, node: int) -> NodePlace:
        if node not in self.nodes:
            why = "it plays itself" if node in self.ids else "does not exist"
            raise GraderError(f"the test asks for node {node}, which {why}")
        return self.nodes[node]

    async def start(self, node: Optional[int] = None, wall_offset_ms: int = 0,
                    rate: Optional[float] = None) -> None:
        """Starts a node (all of them: None) and waits until it serves."""
        chosen = [self._node(node)] if node is not None \
            else [one for one in self.nodes.values() if not one.alive]
        for one in chosen:
            terms = self._spec.logs.get(one.id)
            if one.lives == 0 and terms:
                await self.proxy.command("note", one.id, "log",
                                         ",".join(map(str, terms)))
            await self.proxy.command("note", one.id, "start", one.lives + 1)
            clock = rate if rate is not None \
                else self._spec.clocks.get(one.id, 1.0)
            await self._note_rate(clock)
            one.launch(wall_offset_ms, clock)
            self._step(_start_text(one, wall_offset_ms, clock))
        await asyncio.gather(*(self._serves(one) for one in chosen))

    async def _note_rate(self, rate: float) -> None:
        """Tells the checker of Raft's timing and the fastest clock."""
        if self._raft and rate > self._fastest:
            self._fastest = max(1.0, rate)
            config = self.config
            await self.proxy.command(
                "note", "*", "raft", config["heartbeat_ms"],
                config["election_min_ms"], config["election_max_ms"],
                self._fastest)

    async def _serves(self, node: NodePlace) -> None:
        await node.came_up()
        try:
            with self.story.quiet():
                await self.cmd(node.id, "PING",
                               timeout_s=START_PING_LIMIT_S)
            node.serves = True
        except Failure as failure:
            failure.at_start = True
            raise

    async def kill(self, node: int) -> None:
        """kill -9: what it had not synced is lost."""
        await self._node(node).kill()
        await self.proxy.command("note", node, "kill")
        self._step(f"node {node} is killed (kill -9)")

    async def restart(self, node: int, wall_offset_ms: int = 0,
                      rate: Optional[float] = None) -> None:
        """Kills a node if it lives, and starts it on the same data."""
        if self._node(node).alive:
            await self.kill(node)
        await self.start(node, wall_offset_ms, rate)

    async def terminate(self, node: int) -> None:
        """SIGTERM: the node should drain and end; see exited."""
        self._node(node).terminate()
        self._step(f"node {node} is told to stop (SIGTERM)")

    async def exited(self, node: int) -> int:
        """Waits for the end of a node that was told to stop: its status."""
        status = await self._node(node).exited()
        self._step(f"node {node} has ended with status {status}")
        return status

    async def pause(self, node: int) -> None:
        """SIGSTOP: nothing in the node moves, its streams stay open."""
        await self.proxy.command("note", node, "pause")
        self._node(node).pause()
        self._step(f"node {node} is paused (SIGSTOP)")

    async def resume(self, node: int) -> None:
        self._node(node).resume()
        await self.proxy.command("note", node, "resume")
        self._step(f"node {node} goes on (SIGCONT)")

    async def jump_wall(self, node: int, ms: int) -> None:
        """The node's wall clock jumps ahead, or back if ms is negative."""
        await self._node(node).jump_wall(ms)
        self._step(f"node {node}'s wall clock jumps by {ms / 1000:+g} s")

    def alive(self, node: int) -> bool:
        return self._node(node).alive

    def address(self, node: int) -> str:
        """Where clients find a node, in the words of its MOVED."""
        return self.proxy.client_address(node)

    def text_address(self, node: int) -> str:
        """The same for plain text, in the words of its ERR_REDIRECT."""
        return self.proxy.text_address(node).replace(":", " ")

    def serves(self, node: int) -> bool:
        """Whether a node runs and has answered since its start."""
        return self.alive(node) and self._node(node).serves

    # Clients

    async def client(self, node: int) -> Client:
        """A connection of the test's own."""
        client = await Client.open(self._node(node))
        self._clients.append(client)
        return client

    async def text(self, node: int) -> TextClient:
        """A connection of the test's own to the plain text port."""
        client = await TextClient.open(self._node(node))
        self._clients.append(client)
        return client

    async def cmd(self, node: int, *words: Word,
                  timeout_s: Optional[float] = None) -> Any:
        """A command to a node: bytes, int, None, list, or a RespError."""
        idle = self._idle.setdefault(node, [])
        client = None
        while idle and client is None:
            candidate = idle.pop()
            if candidate.usable:
                client = candidate
            else:
                candidate.close()
        if client is None:
            client = await self.client(node)
        try:
            reply = await client.cmd(*words, timeout_s=timeout_s)
        except BaseException:
            client.close()
            self._step(f"node {node}: {describe(words)} -> no answer")
            raise
        idle.append(client)
        self._step(f"node {node}: {describe(words)} -> {describe_reply(reply)}")
        return reply

    async def status(self, node: int) -> Dict[str, Any]:
        """What a node says of itself: advice, unless a test is about that."""
        reply = await self.cmd(node, "STATUS")
        if not isinstance(reply, list) or len(reply) % 2:
            raise Failure("STATUS is answered by names and values",
                          f"node {node} answered {describe_reply(reply)}",
                          node=node)
        words = [one.decode() if isinstance(one, bytes) else one
                 for one in reply]
        return dict(zip(words[::2], map(_whole_number, words[1::2])))

    # Faults

    async def link(self, frm: Place, to: Place, **faults: Any) -> None:
        """Sets faults of the link FROM -> TO; those not named stay."""
        words = [f"{name}={_fault_value(value)}"
                 for name, value in faults.items()]
        await self.proxy.command("link", frm, to, *words)
        self._step(f"link {frm} -> {to}: {' '.join(words)}")

    async def cut(self, one: Place, other: Place) -> None:
        """Drops all between two nodes, in both directions."""
        await self.proxy.command("link", one, other, "cut=1")
        await self.proxy.command("link", other, one, "cut=1")
        self._step(f"nodes {one} and {other} are cut off from each other")

    async def cut_one_way(self, frm: Place, to: Place) -> None:
        """Drops all that one node sends to another."""
        await self.proxy.command("link", frm, to, "cut=1")
        self._step(f"what {frm} sends to {to} is dropped")

    async def partition(self, *sets: Sequence[int]) -> None:
        """Cuts every link between sets; a node in none of them is alone."""
        await self.proxy.command("partition", *set_words(sets))
        self._step("the network falls apart into "
                   + " and ".join(str(list(one)) for one in sets))

    async def isolate(self, node: int) -> None:
        """Cuts a node off from all others, who keep each other."""
        others = [one for one in self.ids if one != node]
        await self.proxy.command("partition", *set_words([[node], others]))
        self._step(f"node {node} is cut off from all others")

    async def heal(self) -> None:
        """Makes every link perfect again."""
        await self.proxy.command("heal")
        self._step("the network heals")

    async def reset(self, frm: Place, to: Place) -> None:
        """Resets the streams that FROM dialled to TO."""
        await self.proxy.command("reset", frm, to)
        self._step(f"streams from {frm} to {to} are reset")

    # Watching

    @property
    def frames(self) -> List[Frame]:
        """All frames that the proxy has told of so far; see settle."""
        return self.proxy.record.frames

    @property
    def streams(self) -> List[StreamEvent]:
        """Streams that came and went, in order."""
        return self.proxy.record.streams

    def is_up(self, frm: int, to: int) -> bool:
        """Whether a stream that one node dialled to another is up."""
        return self.proxy.record.is_up(frm, to)

    async def settle(self) -> None:
        """Waits until the record holds all that the proxy has read so far."""
        await self.proxy.settle()

    def leaders_by_term(self) -> Dict[int, Set[int]]:
        """Who sent AppendEntries in each term."""
        return leaders.leaders_by_term(self.frames)

    async def wait_for_leader(self, among: Optional[Sequence[int]] = None,
                              above_term: int = 0,
                              unlike: Optional[int] = None,
                              limit_s: Optional[float] = None
                              ) -> Tuple[int, int]:
        """(leader, term): a majority answers its AppendEntries from now on."""
        await self.settle()
        watch = leaders.LeaderWatch(self.frames, len(self.ids),
                                    len(self.frames))
        patience = Patience(limit_s or PROGRESS_LIMIT_S)
        while not patience.over():
            found = watch.leader(among, above_term, unlike)
            if found is not None:
                self._step(f"node {found[0]} leads in term {found[1]}")
                return found
            await asyncio.sleep(POLL_S)
        wanted = "a leader" + (f" among {list(among)}" if among else "") \
            + (f" in a term above {above_term}" if above_term else "") \
            + (f" other than node {unlike}" if unlike is not None else "")
        raise Failure(f"{wanted}, followed by a majority of {len(self.ids)} "
                      "nodes", f"none within {patience.limit_s:g} s; "
                      + watch.terms_seen())

    # The test's own

    async def sleep(self, ms: float) -> None:
        """Lets time pass; in the real world no verdict may depend on how
        much that is."""
        await asyncio.sleep(ms / 1000)

    def now_ms(self) -> float:
        """The time now, on the clock of the frames' time_us."""
        now_s = asyncio.get_running_loop().time()
        return (now_s - self.proxy.offset_s) * 1000

    async def until(self, check: Callable[[], Any], what: str = "progress",
                    rule: Optional[str] = None, hint: Optional[str] = None,
                    limit_s: Optional[float] = None) -> Any:
        """Polls (a plain or an async function) until truthy; returns that."""
        patience = Patience(limit_s or PROGRESS_LIMIT_S)
        with self.story.quiet():
            while True:
                value = check()
                if inspect.isawaitable(value):
                    value = await value
                if value or patience.over():
                    break
                await asyncio.sleep(POLL_S)
        if not value:
            raise Failure(what, f"no progress: not seen within "
                          f"{patience.limit_s:g} s", rule=rule, hint=hint)
        self._step(f"seen: {what}")
        return value

    def check(self, holds: Any, expected: str, observed: str,
              rule: Optional[str] = None, hint: Optional[str] = None,
              node: Optional[int] = None) -> None:
        """Fails the test unless something holds."""
        if not holds:
            raise Failure(expected, observed, rule=rule, hint=hint, node=node)

    def note(self, text: str) -> None:
        """A step of the story."""
        self._step(text)

    async def peer(self, seat: int) -> Peer:
        """Sits in a node's place (one of the test's peers=)."""
        if seat not in self._spec.peers:
            raise GraderError(f"the test plays node {seat}, but peers= does "
                              "not name it")
        if seat not in self._peers:
            self._peers[seat] = await self.proxy.sit(seat)
            self._step(f"the test sits in node {seat}'s place")
        return self._peers[seat]

    # For the runner

    def fault(self, error: BaseException) -> None:
        """Something is wrong with us, or with a node: the test ends."""
        if not self.trouble.done():
            self.trouble.set_result(error)

    def violated(self, violation: Violation) -> None:
        """An invariant was broken; what the test itself plays is exempt."""
        if violation.node not in self._spec.peers:
            self.fault(Failure(violation.expected, violation.observed,
                               rule=violation.rule, node=violation.node))

    async def close(self) -> None:
        """Lets go of connections and seats; processes are the runner's."""
        for client in self._clients:
            client.close()
        for peer in self._peers.values():
            await peer.close()

    def _step(self, text: str) -> None:
        self.story.add(self.now_ms(), text)


def _start_text(node: NodePlace, wall_offset_ms: int, rate: float) -> str:
    text = f"node {node.id} starts"
    if node.lives > 1:
        text += f" again (start {node.lives})"
    if wall_offset_ms:
        text += f", its wall clock {wall_offset_ms:+d} ms off"
    if rate != 1.0:
        text += f", its clock {(rate - 1) * 100:+.0f} % fast"
    return text


def _fault_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (tuple, list)):
        return ",".join(str(one) for one in value)
    return str(value)


def _whole_number(value: Any) -> Any:
    """A number for digits in text; anything else as it is."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return value
