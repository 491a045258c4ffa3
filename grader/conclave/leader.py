"""Who leads, told from frames alone.

A leader of a term is a node whose AppendEntries of that term were answered with
that very term by so many peers that, itself included, they are a majority of
the cluster. What a node says of itself (STATUS) is advice and not asked.
"""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Set, Tuple

from .frames import Frame, Method

Leadership = Tuple[int, int]  # (term, node)


class LeaderWatch:
    """Follows a growing list of frames from one of them on."""

    def __init__(self, frames: List[Frame], size: int, start: int = 0):
        self._frames = frames
        self._next = start                       # the first not looked at yet
        self._majority = size // 2 + 1
        self._asked: Dict[Tuple[int, int, int], Leadership] = {}
        self._followers: Dict[Leadership, Set[int]] = {}

    def _look(self) -> None:
        while self._next < len(self._frames):
            frame = self._frames[self._next]
            self._next += 1
            if frame.method != Method.APPEND_ENTRIES or frame.msg is None:
                continue
            if frame.type == "REQUEST":
                key = (frame.stream, frame.call_id, frame.to)
                self._asked[key] = (frame.msg["term"], frame.frm)
            elif frame.type == "REPLY" and frame.msg["outcome"] == 0:
                self._answered(frame, frame.msg["term"])

    def _answered(self, frame: Frame, term: int) -> None:
        asked = self._asked.get((frame.stream, frame.call_id, frame.frm))
        if asked is not None and asked[0] == term and asked[1] == frame.to:
            self._followers.setdefault(asked, {frame.to}).add(frame.frm)

    def leader(self, among: Optional[Sequence[int]] = None,
               above_term: int = 0, unlike: Optional[int] = None
               ) -> Optional[Tuple[int, int]]:
        """(leader, term) of the highest term that has one, or None."""
        self._look()
        found = [(term, node) for (term, node), nodes in self._followers.items()
                 if len(nodes) >= self._majority and term > above_term
                 and node != unlike and (among is None or node in among)]
        if not found:
            return None
        term, node = max(found)
        return node, term

    def terms_seen(self) -> str:
        """For a report: what was seen of leaders and followers."""
        self._look()
        if not self._followers:
            return "no AppendEntries was answered in its own term"
        term, node = max(self._followers)
        count = len(self._followers[(term, node)]) - 1
        return (f"the latest sign of a leader: node {node} in term {term}, "
                f"followed by {count} other node{'s' * (count != 1)}")


def leaders_by_term(frames: Sequence[Frame]) -> Dict[int, Set[int]]:
    """Who sent AppendEntries in each term."""
    found: Dict[int, Set[int]] = {}
    for frame in frames:
        if frame.method == Method.APPEND_ENTRIES and frame.type == "REQUEST" \
                and frame.msg is not None:
            found.setdefault(frame.msg["term"], set()).add(frame.frm)
    return found
