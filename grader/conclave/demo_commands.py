"""What can be typed into the demo, and what it does.

Each command is a method of Commands; its first line of documentation is its
line in `help`. A command that makes no sense is answered by one sentence.
"""

from __future__ import annotations

import asyncio
import re
import shlex
from typing import Any, Awaitable, Callable, Dict, List, Optional, Sequence

from .demo_client import READS, WRITES, Follower, NoAnswer, Watch
from .demo_cluster import CONFIG, DemoCluster
from .demo_loading import LoadProcess
from .failure import GraderError
from .resp import RespError

LEADER_LIMIT_S = 30.0     # for `wait`, unless told else
MOST_DELAY_MS = 10_000
MOST_CLIENTS = 512
MOST_WAIT_S = 3600.0
_LOG_LINES = 15
_TIMEOUT_MS = CONFIG["rpc_timeout_ms"]
_POLL_S = 0.05

Say = Callable[[str], None]

_HELP = """\
set KEY VALUE, get KEY      and del incr incrby append cas getm mget exists ttl
                            dbsize: asked of the leader, whoever that is
@2 get KEY                  asked of node 2 only
kill 2                      kill -9; `leader` names the one that leads
restart 2                   starts it again on what its disk holds; or: all
pause 1, resume 1           SIGSTOP, SIGCONT
partition 1 2 | 3 4 5       cuts all links between the two sides
cut 1 > 3, cut 1 3          what 1 sends to 3 is dropped; or both ways
slow 2 200                  200 ms on every link to and from node 2; 0: none
heal                        all links are perfect again
load 64, load 0             64 clients write; 0 stops them and reads it all back
status, log 2               the nodes as they are; what node 2 has said
wait, sleep 2               until there is a leader; two seconds
patience 60                 how many seconds are waited for an answer, or by
                            `wait`; 10 and 30 if nothing is said
quit                        stops every node, as Ctrl-C does"""


class Refused(Exception):
    """One sentence on what is wrong with a command."""


class Quit(Exception):
    """The demo is over."""


class Commands:
    """Obeys one line after the other."""

    def __init__(self, cluster: DemoCluster, watch: Watch, load: LoadProcess,
                 say: Say, show: Callable[[], None]):
        self._cluster = cluster
        self._watch = watch
        self._load = load
        self._say = say
        self._show = show
        self._client = Follower({node: cluster.client_address(node)
                                 for node in cluster.ids})
        self._leader_limit_s = LEADER_LIMIT_S
        self._commands: Dict[str, Callable[[List[str]], Awaitable[None]]] = {
            "help": self._help, "kill": self._kill, "restart": self._restart,
            "pause": self._pause, "resume": self._resume,
            "partition": self._partition, "cut": self._cut,
            "slow": self._slow, "heal": self._heal, "load": self._set_load,
            "status": self._status, "log": self._log, "wait": self._wait,
            "sleep": self._sleep, "patience": self._patience,
            "quit": self._quit, "exit": self._quit}

    async def obey(self, line: str) -> None:
        """Says what came of it. Quit at the end."""
        text = line.strip()
        if not text or text.startswith("#"):
            return
        name, rest = (text.split(None, 1) + [""])[:2]
        try:
            if name.startswith("@"):
                await self._look_for_leader([name[1:]])
                await self._ask_one(name[1:], _words(rest))
            elif name.upper() in READS | WRITES:
                await self._ask(_words(text))
            elif name.lower() in self._commands:
                words = re.sub(r"([|>])", r" \1 ",
                               rest.replace(",", " ")).split()
                await self._look_for_leader(words)
                await self._commands[name.lower()](words)
            else:
                raise Refused(f"'{name[:40]}' is no command: `help` lists them")
        except (Refused, NoAnswer) as error:
            self._say(str(error))
        except GraderError as error:
            self._say(f"that did not work: {error}")

    # The store

    async def _ask(self, words: List[str]) -> None:
        node, reply = await self._client.ask(words)
        self._say(f"{_shown(reply)}   (node {node})")

    async def _ask_one(self, node: str, words: List[str]) -> None:
        if not words:
            raise Refused("`@2 get KEY` asks node 2 and nobody else")
        self._say(_shown(await self._client.ask_one(self._node(node), words)))

    # Nodes

    async def _look_for_leader(self, words: Sequence[str]) -> None:
        """Whoever says `leader` means who leads now, not at the last look; or
        if nobody does, who is elected next."""
        if "leader" not in words:
            return
        loop = asyncio.get_running_loop()
        over_s = loop.time() + self._client.limit_s
        await self._watch.look()
        while not self._watch.leader() and loop.time() < over_s:
            await asyncio.sleep(_POLL_S)
            await self._watch.look()

    def _node(self, word: str) -> int:
        """A node's id. Refused if it is none."""
        if word == "leader":
            leader = self._watch.leader()
            if not leader:
                raise Refused("nobody leads now: name a node")
            return leader
        if _number(word) not in self._cluster.ids:
            raise Refused(f"'{word[:40]}' is no node: there are "
                          f"{_list(self._cluster.ids)}")
        return int(word)

    def _nodes(self, words: Sequence[str], usage: str) -> List[int]:
        """Some nodes, or all."""
        if not words:
            raise Refused(usage)
        if list(words) == ["all"]:
            return list(self._cluster.ids)
        return list(dict.fromkeys(self._node(word) for word in words))

    async def _kill(self, words: List[str]) -> None:
        for node in self._nodes(words, "`kill 2` kills node 2"):
            if self._cluster.state(node) == "down":
                self._say(f"node {node} is down already")
                continue
            await self._cluster.kill(node)
            self._say(f"node {node} is killed; `restart {node}` starts it "
                      "again")

    async def _restart(self, words: List[str]) -> None:
        nodes = self._nodes(words, "`restart 2` starts node 2 again")
        for node in nodes:
            await self._cluster.kill(node)
        wrong = await self._cluster.start(nodes)
        for node in nodes:
            self._say(f"node {node} does not start: {wrong[node]}"
                      if node in wrong else f"node {node} runs again")

    async def _pause(self, words: List[str]) -> None:
        for node in self._nodes(words, "`pause 1` stops node 1 as it stands"):
            if self._cluster.state(node) != "up":
                self._say(f"node {node} is {self._cluster.state(node)} "
                          "already")
                continue
            self._cluster.pause(node)
            self._say(f"node {node} stands still; `resume {node}` lets it go "
                      "on")

    async def _resume(self, words: List[str]) -> None:
        for node in self._nodes(words, "`resume 1` lets node 1 go on"):
            if self._cluster.state(node) != "paused":
                self._say(f"node {node} is not paused")
                continue
            self._cluster.resume(node)
            self._say(f"node {node} goes on")

    # The network

    async def _partition(self, words: List[str]) -> None:
        usage = "`partition 1 2 | 3 4 5` parts nodes 1 and 2 from the others"
        sides = [self._nodes(side.split(), usage)
                 for side in " ".join(words).split("|")]
        if len(sides) == 1:
            sides.append([node for node in self._cluster.ids
                          if node not in sides[0]])
        named = [node for side in sides for node in side]
        for node in named:
            if named.count(node) > 1:
                raise Refused(f"node {node} cannot be on two sides")
        sides += [[node] for node in self._cluster.ids if node not in named]
        sides = [side for side in sides if side]
        await self._cluster.partition(sides)
        self._say("the network has parted: "
                  + " | ".join(map(_list, sides)) + "; `heal` mends it")

    async def _cut(self, words: List[str]) -> None:
        ends = [self._node(word) for word in words if word != ">"]
        if len(ends) != 2 or ends[0] == ends[1] or \
                (">" in words and words[1:2] != [">"]):
            raise Refused("`cut 1 > 3` drops what 1 sends to 3, `cut 1 3` what "
                          "either sends to the other")
        one, other = ends
        if ">" in words:
            await self._cluster.cut([(one, other)])
            self._say(f"what {one} sends to {other} is dropped; `heal` mends "
                      "it")
        else:
            await self._cluster.cut([(one, other), (other, one)])
            self._say(f"{one} and {other} do not reach each other; `heal` "
                      "mends it")

    async def _slow(self, words: List[str]) -> None:
        usage = "`slow 2 200` delays all from and to node 2 by 200 ms"
        if len(words) != 2 or _number(words[1]) < 0:
            raise Refused(usage)
        node, delay_ms = self._node(words[0]), _number(words[1])
        if delay_ms > MOST_DELAY_MS:
            raise Refused(f"a delay has {MOST_DELAY_MS} ms at most")
        links = [link for link in self._cluster.faults.links() if node in link]
        await self._cluster.slow(links, delay_ms)
        if not delay_ms:
            self._say(f"node {node}'s links are fast again")
            return
        late = "" if 2 * delay_ms < _TIMEOUT_MS else \
            f"; no node waits so long for an answer ({_TIMEOUT_MS} ms there " \
            "and back), so it is as good as cut off, and if it leads, nobody " \
            "is served until `heal` or its end"
        self._say(f"all from and to node {node} takes {delay_ms} ms longer"
                  + late)

    async def _heal(self, words: List[str]) -> None:
        if words:
            raise Refused("`heal` stands alone: it mends every link")
        await self._cluster.heal()
        stopped = [f"{node} is {self._cluster.state(node)}"
                   for node in self._cluster.ids
                   if self._cluster.state(node) != "up"]
        self._say("every link is perfect again"
                  + (f" (node {', node '.join(stopped)})" if stopped else ""))

    # The rest

    async def _set_load(self, words: List[str]) -> None:
        clients = _number(words[0]) if len(words) == 1 else -1
        if not 0 <= clients <= MOST_CLIENTS:
            raise Refused("`load 64` writes from 64 connections at once (at "
                          f"most {MOST_CLIENTS}), `load 0` stops that")
        if self._load.is_running:
            self._say("the load ends, and reads back what it wrote")
            self._say(await self._load.stop())
        elif not clients:
            raise Refused("there is no load: `load 64` starts one")
        if clients:
            self._load.start(clients)
            self._say(f"{clients} clients write, each its own key, the next "
                      "number when the last is acknowledged; one Python "
                      "process makes this load, and is its limit")

    async def _status(self, _: List[str]) -> None:
        await self._watch.look()
        self._show()
        if self._load.is_running:
            self._say(self._load.text())

    async def _log(self, words: List[str]) -> None:
        if len(words) != 1:
            raise Refused("`log 2` shows the last lines that node 2 wrote")
        lines = self._cluster.nodes[self._node(words[0])].log.last(_LOG_LINES)
        self._say("\n".join(lines) or "it has said nothing")

    async def _wait(self, _: List[str]) -> None:
        loop = asyncio.get_running_loop()
        limit_s = loop.time() + self._leader_limit_s
        while loop.time() < limit_s:
            await self._watch.look()
            leader = self._watch.leader()
            if leader:
                self._say(f"node {leader} leads in term "
                          f"{self._watch.health[leader].term}")
                return
            await asyncio.sleep(_POLL_S)
        self._say(f"there was no leader for {self._leader_limit_s:g} s: is "
                  "there a majority that can talk?")

    async def _sleep(self, words: List[str]) -> None:
        await asyncio.sleep(
            _seconds(words, "`sleep 2` does nothing for two seconds"))

    async def _patience(self, words: List[str]) -> None:
        seconds = _seconds(words, "`patience 60` waits so many seconds for an "
                           "answer")
        if not seconds:
            raise Refused("`patience 0` would wait for no answer at all")
        self._client.limit_s = self._leader_limit_s = seconds
        self._say(f"an answer, or a leader, is waited for {seconds:g} s long")

    async def _help(self, _: List[str]) -> None:
        self._say(_HELP)

    async def _quit(self, _: List[str]) -> None:
        raise Quit()

    def close(self) -> None:
        self._client.close()


def _seconds(words: Sequence[str], usage: str) -> float:
    """The only word, as a number. Refused if it is none."""
    try:
        (seconds,) = map(float, words)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MOST_WAIT_S:
        raise Refused(usage)
    return seconds


def _number(word: str) -> int:
    """What a few decimal digits say; -1 if the word is something else."""
    is_number = word.isascii() and word.isdigit() and len(word) < 10
    return int(word) if is_number else -1


def _words(text: str) -> List[str]:
    """Words of a command to the store; quotes hold together."""
    try:
        return shlex.split(text)
    except ValueError:
        raise Refused("a quote has no end") from None


def _list(nodes: Sequence[int]) -> str:
    return " ".join(map(str, nodes))


def _shown(reply: Any, depth: int = 0) -> str:
    """As redis-cli shows it."""
    if reply is None:
        return "(nil)"
    if isinstance(reply, RespError):
        return f"(error) {reply}"
    if isinstance(reply, int):
        return f"(integer) {reply}"
    if isinstance(reply, list):
        lines = [f"{at}) {_shown(one, depth + 1)}"
                 for at, one in enumerate(reply, 1)]
        return ("\n" + "   " * depth).join(lines) or "(empty array)"
    text: Optional[str] = None
    if isinstance(reply, bytes):
        text = reply.decode(errors="replace")
    return str(reply) if text is None else \
        text if text == "OK" else f'"{_printable(text)}"'


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else repr(one)[1:-1]
                   for one in text)
