"""Schedules: lines of a time and an order, and the same in words.

    1200000 partition leader rest     1.200 s  the leader is cut off from the
                                               rest

grader/sim/schedule.h and orders.h describe the lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Dict, List, NamedTuple, Sequence, Tuple

_CONFIG = "# config "  # begins lines of the configuration


class Action(NamedTuple):
    """Something that is done to a cluster."""

    at_us: int
    order: str


@dataclass
class Schedule:
    """A seed's cluster, and what is done to it."""

    config: str = ""              # text that the nodes are given
    actions: List[Action] = field(default_factory=list)

    @property
    def ids(self) -> Tuple[int, ...]:
        """Of the nodes."""
        return tuple(int(line.split(" ")[1])
                     for line in self.config.splitlines()
                     if line.startswith("node "))

    def number(self, name: str) -> int:
        """One of the configuration's."""
        return next(int(line.split(" ")[1])
                    for line in self.config.splitlines()
                    if line.startswith(name + " "))

    def logs(self) -> Dict[int, str]:
        """Node -> terms of the log that it starts with: "1,1,2"."""
        return {int(node): terms for node, terms in re.findall(
            r"^node (\d+) .*\blog=(\S+)", self.config, re.MULTILINE)}


def parse(text: str) -> Schedule:
    """What the simulator prints of a schedule."""
    schedule = Schedule()
    for line in text.split("\n"):
        if line.startswith(_CONFIG):
            schedule.config += line[len(_CONFIG):] + "\n"
        elif line and not line.startswith("#"):
            at, _, order = line.partition(" ")
            schedule.actions.append(Action(int(at), order))
    return schedule


def tell(actions: Sequence[Action]) -> List[str]:
    """All of them in words, what heals everything in one line."""
    lines: List[str] = []
    for number, action in enumerate(actions):
        if action.order.split(" ")[0] in ("heal", "clients") and all(
                _heals(one) for one in actions[number:]):
            lines.append(_timed(action.at_us, "all faults end, and every node "
                                "that is down starts"))
            break
        lines.append(_timed(action.at_us, words(action.order)))
    return lines


def _timed(at_us: int, text: str) -> str:
    return f"{at_us / 1e6:8.3f} s  {text}"


def _heals(action: Action) -> bool:
    word = action.order.split(" ")
    return word[0] in ("heal", "resume", "start", "disk") or \
        action.order.startswith("clients 0 ") or \
        word[0] == "crash" and word[-1] == "0"


def words(order: str) -> str:
    """One order in words."""
    name, *rest = order.split(" ")
    tell_it = _TELLS.get(name)
    try:
        return tell_it(rest) if tell_it else order
    except (IndexError, ValueError):
        return order


def _node(word: str) -> str:
    """A node of an order."""
    if word == "*":
        return "every node"
    if word == "leader":
        return "the leader"
    found = re.fullmatch(r"other:(\d+)", word)
    if found:
        return f"follower no. {int(found[1]) + 1}"
    return f"node {word}"


def _set(word: str) -> str:
    """A set of nodes."""
    if word == "rest":
        return "the rest"
    return " and ".join(_node(one) for one in word.split(","))


def _partition(rest: List[str]) -> str:
    if len(rest) == 2 and rest[1] == "rest":
        return f"{_set(rest[0])} cut off from the rest"
    return "the network falls apart into " + " | ".join(map(_set, rest))


def _link(rest: List[str]) -> str:
    frm, to, *faults = rest
    if (frm, to) == ("*", "*"):
        where = "on every link"
    elif to == "*":
        where = f"of what {_node(frm)} sends"
    elif frm == "*":
        where = f"of what is sent to {_node(to)}"
    else:
        where = f"of what {_node(frm)} sends to {_node(to)}"
    return f"{', '.join(map(_fault, faults))} {where}"


def _fault(word: str) -> str:
    name, _, value = word.partition("=")
    first, _, second = value.partition(",")
    if name in ("loss", "dup"):
        what = "lost" if name == "loss" else "doubled"
        return f"{float(first):.0%} is {what}"
    if name == "tail":
        return f"{float(first):.0%} is up to {second} ms late"
    if name == "reorder":
        return f"{float(first):.0%} is overtaken, held for up to {second} ms"
    told = {"cut=1": "all is lost", "clog=1": "all is held back",
            "cut=0": "nothing is cut", "clog=0": "nothing is held back"}
    if word in told:
        return told[word]
    plain = {"delay_ms": f"a delay of {value} ms",
             "jitter_ms": f"up to {value} ms more",
             "chunk": f"pieces of at most {value} bytes"}
    return plain.get(name, word)


def _crash(rest: List[str]) -> str:
    node, point, count = rest
    if count == "0":
        return f"{_node(node)} is not to crash at a {point} any more"
    what = {"send": "frame that it sends", "write": "write to its disk",
            "sync": "sync that it issues", "synced": "sync that ends",
            "apply": "entry that it applies"}[point]
    return f"{_node(node)} will crash at {what} no. {count} from now"


def _start(rest: List[str]) -> str:
    return "every node that is down starts" if rest[0] == "*" \
        else f"{_node(rest[0])} starts"


def _clients(rest: List[str]) -> str:
    count, pause_ms = rest
    if count == "0":
        return "clients propose nothing any more"
    return (f"{count} client{'s' * (count != '1')} begin{'s' * (count == '1')} "
            f"to propose, each about every {pause_ms} ms")


def _propose(rest: List[str]) -> str:
    node, count, size = rest
    what = "a command" if count == "1" else f"{count} commands"
    return f"{what} of {size} bytes {'is' if count == '1' else 'are'} " \
           f"proposed to {_node(node)}"


def _disk(rest: List[str]) -> str:
    node, *settings = rest
    return f"the disk of {_node(node)}: " + ", ".join(map(_setting, settings))


def _setting(word: str) -> str:
    name, _, value = word.partition("=")
    first, _, second = value.partition(",")
    if name == "full":
        return "room as usual" if int(value) >= 1 << 30 \
            else f"room for {value} bytes"
    if name == "fail_at":
        return "no sync is to fail" if value == "0" \
            else f"sync no. {value} from now fails"
    if name == "torn_at":
        return "no crash is to tear it" if value == "-1" \
            else f"the next crash tears it after {value} bytes"
    if name == "slow":
        return "no sync is slow" if float(first) == 0 \
            else f"{float(first):.0%} of syncs take up to {second} ms more"
    if name in ("torn", "fail"):
        told = {"torn": "of crashes leave a part of what was not synced",
                "fail": "of syncs fail"}[name]
        return f"{float(first):.0%} {told}"
    return {"room": f"room for {value} bytes more"}.get(name, word)


_TELLS = {
    "partition": _partition,
    "link": _link,
    "crash": _crash,
    "start": _start,
    "bridge": lambda rest: f"{_set(rest[1])} and {_set(rest[2])} hear each "
                           f"other through {_node(rest[0])} only",
    "star": lambda rest: f"all hear {_node(rest[0])} only",
    "mend": lambda rest: "the cuts are mended",
    "heal": lambda rest: "every link is perfect again",
    "reset": lambda rest: f"streams from {_node(rest[0])} to "
                          f"{_node(rest[1])} are reset",
    "kill": lambda rest: f"{_node(rest[0])} is killed",
    "pause": lambda rest: f"{_node(rest[0])} is paused",
    "resume": lambda rest: f"{_node(rest[0])} goes on",
    "terminate": lambda rest: f"{_node(rest[0])} is told to stop",
    "rate": lambda rest: f"the clock of {_node(rest[0])} runs at "
                         f"{float(rest[1]):.0%}",
    "wall": lambda rest: f"the wall clock of {_node(rest[0])} jumps by "
                         f"{float(rest[1]) / 1000:+.1f} s",
    "jitter": lambda rest: f"alarms of {_node(rest[0])} ring up to "
                           f"{int(rest[1]) / 1000:g} ms late",
    "disk": _disk,
    "clients": _clients,
    "propose": _propose,
    "powercut": lambda rest: "what if the power went out everywhere, now?",
}
