"""What became of nodes and links over time, told from a test's record.

Everything here is worked out from what the grader saw: frames, its own orders
to the network, starts and ends of processes. What a node says of itself plays
no part. The timeline page draws it.

    for turn in roles(record.frames)[2]:    # node 2's
        print(turn.time_us, turn.role, turn.term)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, FrozenSet, Iterable, List, Sequence, Set, Tuple

from .frames import Frame, Method

FOLLOWER = "follower"
CANDIDATE = "candidate"
LEADER = "leader"

Link = Tuple[int, int]     # (from, to)
Order = Tuple[int, str]    # (time_us, the words of an order to the network)
_TOGETHER_US = 2_000       # orders alike this close are one act of the test
_RAFT = (Method.REQUEST_VOTE, Method.APPEND_ENTRIES, Method.INSTALL_SNAPSHOT)


@dataclass(frozen=True)
class Turn:
    """From now on a node is known to be this."""

    time_us: int
    role: str    # FOLLOWER, CANDIDATE or LEADER
    term: int
    frame: int   # number of the frame that shows it


def roles(frames: Iterable[Frame]) -> Dict[int, List[Turn]]:
    """Each node's turns, from the frames that it sent itself."""
    turns: Dict[int, List[Turn]] = {}
    for frame in frames:
        shown = _shown_role(frame)
        if shown is None:
            continue
        role, term = shown
        mine = turns.setdefault(frame.frm, [])
        last = mine[-1] if mine else None
        if role == "" and last is not None and last.term >= term:
            continue  # an answer in its own term says nothing new
        role = role or FOLLOWER
        if last is None or (last.role, last.term) != (role, term):
            if last is None or term >= last.term:
                mine.append(Turn(frame.time_us, role, term, frame.n))
    return turns


def _shown_role(frame: Frame) -> "Tuple[str, int] | None":
    """(role, term) that a frame shows of its sender; role "": only a term."""
    if frame.method not in _RAFT or not frame.msg:
        return None
    msg = frame.msg
    if frame.type == "REQUEST":
        return (CANDIDATE if frame.method == Method.REQUEST_VOTE else LEADER,
                msg["term"])
    if msg.get("outcome") != 0 or "term" not in msg:
        return None
    follows = msg.get("granted") or msg.get("success")
    return (FOLLOWER if follows else ""), msg["term"]


# The network

@dataclass
class Band:
    """Links that were at fault in one way, for a while."""

    began_us: int
    ended_us: int
    fault: str          # "cut", or "loss=0.3 delay_ms=40"
    links: List[Link]


class _Faults:
    """What is wrong with each link, order after order."""

    def __init__(self, ids: Sequence[int]):
        self.links = [(a, b) for a in ids for b in ids if a != b]
        self.now: Dict[Link, Dict[str, str]] = {one: {} for one in self.links}

    def obey(self, words: List[str]) -> None:
        name = words[0] if words else ""
        if name == "heal":
            self.now = {one: {} for one in self.links}
        elif name == "partition":
            side = {node: number for number, one in enumerate(words[1:], 1)
                    for node in one.split(",")}
            for a, b in self.links:
                together = str(a) in side and side[str(a)] == side.get(str(b))
                self._set((a, b), "cut", "0" if together else "1")
        elif name == "link" and len(words) > 3:
            for a, b in self.links:
                if words[1] in ("*", str(a)) and words[2] in ("*", str(b)):
                    for word in words[3:]:
                        key, _, value = word.partition("=")
                        self._set((a, b), key, value)

    def _set(self, link: Link, key: str, value: str) -> None:
        if value.split(",")[0] in ("0", "0.0"):
            self.now[link].pop(key, None)
        else:
            self.now[link][key] = value

    def spoken(self, link: Link) -> List[str]:
        """Its faults: a cut stands alone, the others go together."""
        faults = dict(self.now[link])
        said = ["cut"] if faults.pop("cut", None) else []
        if faults:
            said.append(" ".join(f"{key}={value}"
                                 for key, value in sorted(faults.items())))
        return said


def network(orders: Iterable[Order], ids: Sequence[int], end_us: int
            ) -> Tuple[List[Band], List[Tuple[int, List[Set[int]]]]]:
    """(bands, and from each time on: the sides the cluster falls into)."""
    faults = _Faults(ids)
    opened: Dict[Tuple[Link, str], int] = {}
    closed: Dict[Tuple[int, int, str], List[Link]] = {}
    sides: List[Tuple[int, List[Set[int]]]] = []

    def close(link: Link, fault: str, now_us: int) -> None:
        began = opened.pop((link, fault))
        if now_us > began:
            closed.setdefault((began, now_us, fault), []).append(link)

    for now_us, words in _batches(orders):
        for one in words:
            faults.obey(one)
        for link in faults.links:
            said = faults.spoken(link)
            for key in [one for one in opened if one[0] == link]:
                if key[1] not in said:
                    close(*key, now_us)
            for fault in said:
                opened.setdefault((link, fault), now_us)
        parts = _sides(ids, {link for link in faults.links
                             if "cut" in faults.now[link]})
        if not sides or sides[-1][1] != parts:
            sides.append((now_us, parts))
    for link, fault in list(opened):
        close(link, fault, end_us)
    bands = [Band(*key[:2], key[2], links)
             for key, links in sorted(closed.items())]
    return bands, sides


def _batches(orders: Iterable[Order]) -> List[Tuple[int, List[List[str]]]]:
    """Orders that change links; those that are one act of the test go
    together: a cut in both directions is two orders."""
    batches: List[Tuple[int, List[List[str]]]] = []
    for time_us, text in orders:
        words = text.split()
        if not words or words[0] not in ("link", "partition", "heal"):
            continue
        last = batches[-1] if batches else None
        if last is not None and time_us - last[0] < _TOGETHER_US \
                and words[0] == "link" and last[1][-1][0] == "link" \
                and words[3:] == last[1][-1][3:]:
            last[1].append(words)
        else:
            batches.append((time_us, [words]))
    return batches


def _sides(ids: Sequence[int], cut: Set[Link]) -> List[Set[int]]:
    """The parts of the cluster between which nothing passes either way."""
    parts: List[Set[int]] = []
    for node in ids:
        near = [part for part in parts
                if any((node, one) not in cut or (one, node) not in cut
                       for one in part)]
        parts = [part for part in parts if part not in near]
        parts.append({node}.union(*near))
    return sorted(parts, key=min)


def name_band(band: Band, ids: Sequence[int]) -> str:
    """A band in words: "cut 1 | 2 3", "loss=0.3 on every link"."""
    links: FrozenSet[Link] = frozenset(band.links)
    if len(links) == len(ids) * (len(ids) - 1) and band.fault != "cut":
        return f"{band.fault}, every link"
    parts = _sides(ids, set(links))
    between = sum(len(one) * (len(ids) - len(one)) for one in parts)
    if len(parts) > 1 and len(links) == between:
        sides = " | ".join(" ".join(map(str, sorted(one))) for one in parts)
        return f"{band.fault} {sides}"
    others = len(ids) - 1
    for node in ids:
        if len(links) == others > 1 and all(b == node for _, b in links):
            return f"{band.fault}, all to {node}"
        if len(links) == others > 1 and all(a == node for a, _ in links):
            return f"{band.fault}, all from {node}"
    names = []
    for a, b in sorted(links):
        if (b, a) not in links:
            names.append(f"{a} → {b}")
        elif a < b:
            names.append(f"{a} ↔ {b}")
    return f"{band.fault} {', '.join(names)}"
