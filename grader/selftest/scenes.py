"""Makes up a scene for the timeline page: a cluster that elects, heartbeats,
loses frames, crashes, pauses and falls apart, all from a seed.

    scene = make_scene(frames=500)      # with at least so many frames
"""

from __future__ import annotations

import random
from typing import Dict, List

from conclave.frames import Method, encode_reply, encode_request
from conclave.record import Record
from conclave.scene import Operation, Scene

NASTY = '</script><script>alert("x")</script> & <!-- é \u2028'


class _Maker:
    """Writes a record's lines as the proxy would."""

    def __init__(self, ids: List[int], seed: int):
        self.ids = ids
        self.rng = random.Random(seed)
        self.now_us = 10_000
        self.count = 0
        self.calls = 0
        self.cut = set()
        self.lines: List[tuple] = []  # (time, order, text)

    def line(self, time_us: int, text: str) -> None:
        kind, _, rest = text.partition(" ")
        self.lines.append((time_us, len(self.lines),
                           f"{kind} {time_us} {rest}"))

    def order(self, text: str) -> None:
        self.line(self.now_us, f"M {text}")

    def note(self, node: int, text: str) -> None:
        self.line(self.now_us, f"B {node} {text}")

    def frame(self, time_us: int, frm: int, to: int, kind: str, method: int,
              call: int, payload: bytes) -> int:
        """One frame; when it arrives, or 0 if it is lost."""
        self.count += 1
        number = self.count
        size = len(payload)
        self.line(time_us, f"F {number} {frm} {to} {frm * 10 + to} {frm} "
                  f"{kind} {int(method)} {call} {size} "
                  f"{payload.hex() or '-'}")
        if (frm, to) in self.cut:
            self.line(time_us, f"L {number} cut")
            return 0
        if self.rng.random() < 0.04:
            self.line(time_us, f"L {number} loss")
            return 0
        late = self.rng.randrange(300, 4_000)
        if self.rng.random() < 0.05:
            late *= 12
        self.line(time_us + late, f"D {number} 0")
        if self.rng.random() < 0.04:
            self.line(time_us + late + self.rng.randrange(9_000),
                      f"D {number} 1")
        return time_us + late

    def ask(self, frm: int, to: int, method: int, granted: bool,
            **fields: int) -> None:
        """A request, and its reply if it arrives."""
        self.calls += 1
        call = self.calls
        arrived = self.frame(self.now_us + self.rng.randrange(200), frm, to,
                             "REQUEST", method, call,
                             encode_request(method, **fields))
        if not arrived:
            return
        verdict = {"granted": granted} if method == Method.REQUEST_VOTE \
            else {"success": granted}
        self.frame(arrived + self.rng.randrange(100, 900), to, frm, "REPLY",
                   method, call, encode_reply(method, term=fields["term"],
                                              **verdict))

    def elect(self, node: int, term: int) -> None:
        for peer in self.ids:
            if peer != node:
                self.ask(node, peer, Method.REQUEST_VOTE, True, term=term,
                         candidate=node)
        self.now_us += 12_000

    def beat(self, node: int, term: int) -> None:
        for peer in self.ids:
            if peer != node:
                self.ask(node, peer, Method.APPEND_ENTRIES, True, term=term,
                         leader=node)
        self.now_us += 25_000 + self.rng.randrange(5_000)


def make_scene(frames: int, ids: List[int] = [1, 2, 3, 4, 5],
               seed: int = 1) -> Scene:
    """A scene with at least so many frames, that breaks an invariant."""
    maker = _Maker(ids, seed)
    scene = Scene(ids=ids, record=Record(lambda _: None))
    for node in ids:
        maker.note(node, "start 1")
        scene.steps.append((maker.now_us, f"node {node} starts"))
    scene.logs.append((maker.now_us, ids[0], NASTY))
    maker.now_us += 150_000
    term = 0
    while maker.count < frames:
        term += 1
        leader = maker.rng.choice(ids)
        maker.elect(leader, term)
        scene.logs.append((maker.now_us, leader, f"leads in term {term}"))
        for beat in range(maker.rng.randrange(3, 9)):
            _trouble(maker, scene, leader, beat, frames)
            maker.beat(leader, term)
        maker.cut.clear()
        maker.order("heal")
        scene.steps.append((maker.now_us, "the network heals"))
        maker.now_us += 60_000
    maker.line(maker.now_us, f"V {ids[1]} vote-once one vote in a term | "
               f"node {ids[1]} voted for 1 and for 3 in term {term}")
    for text in _numbered([text for _, _, text in sorted(maker.lines)]):
        scene.record.feed(text)
    scene.end_us = maker.now_us + 5_000
    scene.culprit = ids[1]
    return scene


def _numbered(lines: List[str]) -> List[str]:
    """Frames get their numbers in the order of time, as the proxy's do."""
    numbers: Dict[str, int] = {}
    found = []
    for line in lines:
        word = line.split(" ")
        if word[0] in "FDL":
            word[2] = str(numbers.setdefault(word[2], len(numbers) + 1))
        found.append(" ".join(word))
    return found


def _trouble(maker: _Maker, scene: Scene, leader: int, beat: int,
             frames: int) -> None:
    """Now and then something breaks, or a client asks."""
    now = maker.now_us
    others = [node for node in maker.ids if node != leader]
    if beat == 1:
        asked = maker.rng.randrange(8_000, 60_000)
        scene.operations.append(Operation(leader, "SET k v", now, now + asked,
                                          "b'OK'"))
        scene.operations.append(Operation(
            others[0], f"GET {NASTY}", now + 3_000,
            None if maker.count > frames - 40 else now + 30_000, "b'v'"))
    if beat == 2 and maker.rng.random() < 0.6:
        maker.order(f"partition {leader} {','.join(map(str, others))}")
        maker.cut = {(a, b) for node in others
                     for a, b in ((leader, node), (node, leader))}
        scene.steps.append((now, f"node {leader} is cut off"))
    if beat == 3 and maker.rng.random() < 0.5:
        maker.order("link * 2 loss=0.3 delay_ms=40")
        scene.steps.append((now, "the link to 2 gets worse"))
    if beat == 4:
        node = others[-1]
        what = maker.rng.choice(["kill", "pause"])
        maker.note(node, what)
        if what == "kill":
            scene.ends.append((now, node, "was killed"))
        maker.line(now + 90_000, f"B {node} "
                   + ("start 2" if what == "kill" else "resume"))
        scene.steps.append((now, f"node {node}: {what}"))
