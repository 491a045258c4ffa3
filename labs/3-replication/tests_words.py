"""Words for the tests of lab 3: configurations, rules, small checks."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from conclave import Act, Failure, Follower, Method, leads

# A follower that never campaigns while the test talks to it.
CALM = {"heartbeat_ms": 50, "election_min_ms": 60000,
        "election_max_ms": 120000, "rpc_timeout_ms": 40}
# A node that is soon elected, since the test grants it every vote.
KEEN = {"heartbeat_ms": 60, "election_min_ms": 130, "election_max_ms": 260,
        "rpc_timeout_ms": 55}
# The same with time to keep answers back: none is given up for lost. In the
# simulated world, where waiting costs nothing.
SLOW = {"heartbeat_ms": 1000, "election_min_ms": 2000,
        "election_max_ms": 4000, "rpc_timeout_ms": 990}
# A cluster that a busy machine does not unsettle.
BRISK = {"heartbeat_ms": 50, "election_min_ms": 150, "election_max_ms": 300,
         "rpc_timeout_ms": 40}

# For what an empty stage never does: so that its grade ends soon.
SOON_S = 5.0

APPEND_1 = "Raft paper, Figure 2, AppendEntries RPC, receiver rule 1"
APPEND_2 = "Raft paper, Figure 2, AppendEntries RPC, receiver rule 2"
APPEND_3 = "Raft paper, Figure 2, AppendEntries RPC, receiver rule 3"
APPEND_4 = "Raft paper, Figure 2, AppendEntries RPC, receiver rule 4"
APPEND_5 = "Raft paper, Figure 2, AppendEntries RPC, receiver rule 5"
ALL = "Raft paper, Figure 2, Rules for Servers, All Servers"
LEADERS = "Raft paper, Figure 2, Rules for Servers, Leaders"
DURABLE = ("Raft paper, Figure 2, State: persistent state is updated on stable "
           "storage before responding to RPCs")
MATCHING = "Log Matching (Raft paper, Figure 3 and section 5.3)"
COMPLETE = "Leader Completeness (Raft paper, Figure 3)"
SAME = "State Machine Safety (Raft paper, Figure 3)"
BACKTRACK = "Raft paper, section 5.3 (one rejected AppendEntries a term)"
OLD_TERMS = "Raft paper, section 5.4.2 and Figure 8"
NO_OP = "Raft paper, section 8 (a no-op at the start of the term)"
READS = "Raft paper, section 8 (a leader checks whether it was deposed)"
REPLY = "docs/protocol.md, Raft's messages"
PROPOSE = "labs/3-replication/replication.h, await_propose"

WAKES = ("Whoever raises commit_index wakes the applier, and the applier calls "
         "await_machine_apply.")


def entries(term: int, *names: str) -> List[Tuple[int, bytes]]:
    """Entries of one term."""
    return [(term, name.encode()) for name in names]


def words_of(acts: Sequence[Act]) -> str:
    """Applied entries for people: 1 'a', 2 no-op."""
    return ", ".join(
        f"{act.index} '{act.head[:12].decode(errors='replace')}'" if act.size
        else f"{act.index} (empty)" for act in acts) or "nothing"


async def until_applied(c: Any, node: int, index: int, hint: str = WAKES
                        ) -> List[Act]:
    """Waits until a node has applied so far: all that it has applied."""
    try:
        await c.until(
            lambda: any(act.index >= index for act in c.applied(node)),
            what=f"node {node} applies entry {index}, which is committed",
            rule=ALL + " 1", limit_s=SOON_S, hint=hint)
    except Failure as failure:
        failure.observed = (f"it has applied {words_of(c.applied(node))}, and "
                            f"in {SOON_S:g} s nothing more")
        raise
    return c.applied(node)


def check_applied_are(c: Any, node: int, wanted: Sequence[Tuple[int, bytes]],
                      rule: str = SAME, hint: Optional[str] = None) -> None:
    """The node has applied these entries (term, command) from 1 on, and no
    others."""
    found = [(act.term, act.head) for act in c.applied(node)]
    indexes = [act.index for act in c.applied(node)]
    right = ", ".join(f"{place} '{data.decode()}'" if data else
                      f"{place} (empty)"
                      for place, (_, data) in enumerate(wanted, 1))
    c.check(found == list(wanted)
            and indexes == list(range(1, len(wanted) + 1)),
            expected=f"node {node} has applied {right or 'nothing'}",
            observed=f"it applied {words_of(c.applied(node))}",
            rule=rule, hint=hint, node=node)


def sent_entries(seat: Follower, start: int = 0) -> List[Tuple[int, int]]:
    """(index, term) of all entries that a seat was sent, repeats included."""
    found = []
    for msg in seat.sent_since(start):
        for place, (term, _) in enumerate(msg["entries"], 1):
            found.append((msg["prev_log_index"] + place, term))
    return found


async def next_appends(c: Any, seat: Follower, count: int = 3) -> None:
    """Lets the leader say a few more things to a seat: what it knew when we
    began is in the last of them."""
    start = len(seat.appends)
    await c.until(lambda: len(seat.appends) >= start + count,
                  what=f"{count} more AppendEntries to node {seat.id}",
                  rule="Raft paper, Figure 2, Rules for Servers, Leaders 1",
                  hint="A leader's heartbeats never stop, whether or not they "
                       "are answered.")


async def stored(c: Any, seat: Follower, data: bytes) -> int:
    """Waits until a seat's log holds a command: its index."""
    return await c.until(
        lambda: seat.index_of(data), limit_s=SOON_S, rule=LEADERS + " 3",
        what=f"node {seat.node} sends '{data[:20].decode()}' to node {seat.id}")


def requests(c: Any, method: int = Method.APPEND_ENTRIES) -> List[Any]:
    """The requests of a method in the record."""
    return [one for one in c.frames
            if one.type == "REQUEST" and one.method == method]


def bytes_by_link(c: Any, since: int = 0) -> Dict[Tuple[int, int], int]:
    """Bytes of AppendEntries requests on each link, from a place on."""
    total: Dict[Tuple[int, int], int] = {}
    for one in c.frames[since:]:
        if one.type == "REQUEST" and one.method == Method.APPEND_ENTRIES:
            key = (one.frm, one.to)
            total[key] = total.get(key, 0) + one.size
    return total


def others(c: Any, *left_out: int) -> List[int]:
    """All nodes but these."""
    return [node for node in c.ids if node not in left_out]


async def take_over(c: Any, seat: Follower, prev: int = 0, prev_term: int = 0,
                    fresh: Sequence[Tuple[int, bytes]] = (), commit: int = 0
                    ) -> int:
    """A seat leads, in a term above all that the node has seen: that term. The
    node may campaign again at any time; then the seat does too."""
    term = max([seat.term] + [one.msg["term"] for one in seat.vote_requests
                              if one.msg])
    while True:
        term += 1
        msg = await seat.append(term, prev, prev_term, fresh, commit)
        seat.term = max(seat.term, term)
        if msg["term"] <= term:
            return term
        term = msg["term"]


async def until_led(c: Any, *seats: Follower) -> int:
    """The node leads these seats for the first time: its term."""
    return await leads(c, *seats, limit_s=SOON_S)
