"""What a node's host has written down of the node's acts: DIR/.acts.

One record each, little-endian:

    kind u8 | index u64 | term u64 | length u32 | FNV-1a-64 of the bytes u64 |
    the first min(length, 64) bytes

A start of the node writes one of kind START. The last record may be cut short:
the node was killed while its host wrote. handout/uv/acts.h says more.

What is read is judged by the rules of grader/check/logs.h that need no order
between nodes: apply-order, state-machine-safety and snapshot-equal.
"""

from __future__ import annotations

import pathlib
import struct
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from . import safe_file
from .record import (APPLY, HEAD_BYTES, RESTORE, RULES, SNAPSHOT, START, Act,
                     Violation)

FILE = ".acts"  # in a node's folder
MAX_BYTES = 64 << 20  # of a node that are read: tests leave far less
_RECORD = struct.Struct("<BQQIQ")


def read(path: pathlib.Path) -> List[Act]:
    """All whole records of a file; none if there is no such file."""
    try:
        data = safe_file.read(path, MAX_BYTES)
    except OSError:
        return []
    acts: List[Act] = []
    at = 0
    while at + _RECORD.size <= len(data):
        kind, index, term, size, sum64 = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        head = data[at:at + min(size, HEAD_BYTES)]
        if len(head) < min(size, HEAD_BYTES):
            break
        at += len(head)
        acts.append(Act(kind, index, term, size, head, sum64))
    return acts


_First = Dict[int, Tuple[int, Act]]  # index -> the first node there, its act


def judge(acts: Mapping[int, Sequence[Act]], has_seats: bool
          ) -> Optional[Violation]:
    """The first rule that the nodes' acts break, or None. Where the test plays
    a node, nodes may hold what it made up: only each alone is judged."""
    applied: _First = {}
    snapshots: _First = {}
    for node, done in acts.items():
        found = _out_of_order(node, done)
        for act in done:
            if found is not None or has_seats:
                break
            if act.kind == APPLY:
                found = _other_entry(node, act, applied)
            elif act.kind in (SNAPSHOT, RESTORE):
                found = _other_state(node, act, snapshots)
        if found is not None:
            return found
    return None


def _broken(node: int, rule: str, expected: str, observed: str) -> Violation:
    return Violation(0, node, RULES[rule], expected, observed)


def _out_of_order(node: int, done: Sequence[Act]) -> Optional[Violation]:
    """Within a life each index once and in order, and never back."""
    last = 0
    for act in done:
        if act.kind == START:
            last = 0
        elif act.kind == APPLY and act.index != last + 1:
            return _broken(
                node, "apply-order",
                f"node {node} applies each entry once and in order: after "
                f"{last} comes {last + 1}",
                f"it applied entry {act.index} of term {act.term}")
        elif act.kind == RESTORE and act.index < last:
            return _broken(
                node, "apply-order",
                f"the state machine of node {node}, at entry {last}, goes "
                "forward only",
                f"it was put back to a snapshot taken after entry {act.index}")
        if act.kind in (APPLY, RESTORE):
            last = act.index
    return None


def _differ(one: Act, other: Act) -> bool:
    return (one.term, one.size, one.hash) != (other.term, other.size,
                                              other.hash)


def _other_entry(node: int, act: Act, applied: _First) -> Optional[Violation]:
    """One entry for an index."""
    first, entry = applied.setdefault(act.index, (node, act))
    if not _differ(entry, act):
        return None
    return _broken(
        node, "state-machine-safety",
        f"every node applies the same at index {act.index}: the entry of term "
        f"{entry.term} that node {first} applied",
        f"node {node} applied an entry of term {act.term}"
        + (", with other bytes," if act.term == entry.term else "") + " there")


def _other_state(node: int, act: Act, snapshots: _First
                 ) -> Optional[Violation]:
    """One state after an entry."""
    first, state = snapshots.setdefault(act.index, (node, act))
    if not _differ(state, act):
        return None
    what = "took" if act.kind == SNAPSHOT else "restored"
    return _broken(
        node, "snapshot-equal",
        f"the state after entry {act.index} is the same on every node, and "
        f"the same snapshot: that of node {first} says term {state.term}",
        f"node {node} {what} one with "
        + ("other bytes" if act.term == state.term else "another term"))
