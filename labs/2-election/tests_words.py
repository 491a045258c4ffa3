"""Words for the tests of lab 2: rules, seats, what frames show."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

import conclave
from conclave import Failure, Frame, Method

# A voter that never campaigns while the test talks to it.
CALM = {"heartbeat_ms": 50, "election_min_ms": 60000,
        "election_max_ms": 120000, "rpc_timeout_ms": 40}
# A cluster that a busy machine does not unsettle.
BRISK = {"heartbeat_ms": 50, "election_min_ms": 250, "election_max_ms": 500,
         "rpc_timeout_ms": 40}
# A candidate that waits long enough for the test's answers.
PATIENT = {"heartbeat_ms": 150, "election_min_ms": 300,
           "election_max_ms": 600, "rpc_timeout_ms": 140}

# For what an empty stage never does: so that its grade ends soon.
SOON_S = 10.0

ALL = "Raft paper, Figure 2, Rules for Servers, All Servers"
FOLLOWERS = "Raft paper, Figure 2, Rules for Servers, Followers"
CANDIDATES = "Raft paper, Figure 2, Rules for Servers, Candidates"
VOTE_1 = "Raft paper, Figure 2, RequestVote RPC, receiver rule 1"
VOTE_2 = "Raft paper, Figure 2, RequestVote RPC, receiver rule 2"
LOG_CHECK = "Raft paper, section 5.4.1 (Election restriction)"
LEADER_OF = "handout/node/raft.h, leader: of current_term, if known"
DURABLE = ("Raft paper, Figure 2, State: persistent state is updated on stable "
           "storage before responding to RPCs")
SAFETY = "Raft paper, Figure 3, Election Safety"
SPLIT = "Raft paper, section 5.2 (randomized election timeouts)"
PROGRESS = "Raft paper, section 5.2 (Leader election)"
TIMING = "Raft paper, section 5.6 (Timing and availability)"


class Seat(conclave.Seat):
    """The kit's, that heartbeats, and is asked request by request."""

    async def beat(self, term: int) -> Dict[str, Any]:
        """A heartbeat as leader of a term."""
        return await self.ask(Method.APPEND_ENTRIES, term=term, leader=self.id)

    async def asked_for_vote(self, limit_s: Optional[float] = None) -> Frame:
        """The next RequestVote of the node."""
        return await self.asked(Method.REQUEST_VOTE, limit_s)

    async def grant(self, request: Frame) -> None:
        await self.asked_on.reply(request, term=term_of(request), granted=True)

    async def refuse(self, request: Frame, term: int = 0) -> None:
        await self.asked_on.reply(request, term=term or term_of(request),
                                  granted=False)

    async def elect(self, above_term: int = 0) -> Frame:
        """Grants what is asked until the node leads: its first heartbeat."""
        for _ in range(60):
            request = await self.asked()
            if request.method == Method.REQUEST_VOTE:
                await self.grant(request)
            elif term_of(request) > above_term:
                return request
        raise Failure("a leader: the votes that it lacked were granted",
                      f"node {self.node} sent node {self.id} sixty requests, "
                      "and no heartbeat of a new term", rule=CANDIDATES + " 2")


async def sit(c: Any, *seats: int, node: int = 1) -> List[Seat]:
    """Takes several places around one node."""
    taken = [Seat(c, seat, node) for seat in seats]
    for one in taken:
        await one.sit(SOON_S)
    return taken


def term_of(frame: Frame) -> int:
    return frame.msg["term"] if frame.msg else 0


def requests(c: Any, method: int, since: int = 0) -> List[Frame]:
    """The requests of a method in the record, from a place in it on."""
    return [one for one in c.frames[since:] if one.type == "REQUEST"
            and one.method == method and one.msg is not None]


def campaigns(c: Any, node: int, since: int = 0) -> Set[int]:
    """The terms in which a node has asked for votes."""
    return {term_of(one) for one in requests(c, Method.REQUEST_VOTE, since)
            if one.frm == node}


def top_term(c: Any) -> int:
    """The highest term that a campaign or a heartbeat has carried."""
    return max((term_of(one) for method in (Method.REQUEST_VOTE,
                                            Method.APPEND_ENTRIES)
                for one in requests(c, method)), default=0)


def heartbeats(c: Any, above_term: int, since: int = 0) -> List[Frame]:
    """AppendEntries of later terms than this."""
    return [one for one in requests(c, Method.APPEND_ENTRIES, since)
            if term_of(one) > above_term]


def check_vote(c: Any, msg: Dict[str, Any], granted: bool, term: int, why: str,
               rule: str, hint: Optional[str] = None) -> None:
    """A RequestVote's answer."""
    words = {True: "granted", False: "refused"}
    c.check(msg["granted"] == granted and msg["term"] == term,
            expected=f"the vote is {words[granted]}, in term {term}: {why}",
            observed=f"{words[msg['granted']]}, in term {msg['term']}",
            rule=rule, hint=hint)


def check_one_leader_a_term(c: Any) -> None:
    """No term has two senders of AppendEntries."""
    for term, nodes in sorted(c.leaders_by_term().items()):
        c.check(len(nodes) == 1, expected=f"one leader in term {term}",
                observed=f"nodes {sorted(nodes)} all sent AppendEntries of it",
                rule=SAFETY)


def check_none_rose(c: Any, term: int, since: int, why: str) -> None:
    """Nobody has become leader in a term after this one."""
    rogue = heartbeats(c, term, since)
    c.check(not rogue, expected=f"no leader in a term above {term}: {why}",
            observed=rogue and f"node {rogue[0].frm} sent AppendEntries of "
                               f"term {term_of(rogue[0])}",
            rule=SAFETY, hint="A majority of n is n/2 + 1, of the whole "
                              "cluster, and each voter counts once.")


def check_campaigns_justified(c: Any) -> None:
    """Who asks for votes has neither heard a leader nor voted for a shortest
    timeout before.

    The proxy judges the heartbeats of every test; this looks at votes as well.
    A success reply, or a vote, of a term shows that the request was dealt with
    before the node campaigned in a later term, and not before it was delivered.
    From there to the campaign a whole timeout has passed, on any machine.
    """
    sent: Dict[Tuple[int, int, int], Frame] = {}
    quiet_from: Dict[int, Tuple[int, int]] = {}  # node -> delivered, its term
    least_ms = c.config["election_min_ms"] - 1   # clocks are rounded
    for frame in c.frames:
        if frame.msg is None:
            continue
        if frame.type == "REQUEST":
            sent[(frame.stream, frame.call_id, frame.frm)] = frame
        if frame.type == "REQUEST" and frame.method == Method.REQUEST_VOTE:
            at_us, term = quiet_from.get(frame.frm, (0, 0))
            silence_ms = (frame.time_us - at_us) / 1000
            c.check(not at_us or term >= term_of(frame)
                    or silence_ms >= least_ms,
                    expected=f"node {frame.frm} campaigns no sooner than "
                             f"{least_ms} ms after a leader's heartbeat or a "
                             "vote that it gave",
                    observed=f"it asked for votes in term {term_of(frame)} "
                             f"only {silence_ms:.0f} ms after the last of them",
                    rule=FOLLOWERS + " 2",
                    hint="Restart the timer with a whole new timeout whenever "
                         "the current leader speaks and whenever you grant a "
                         "vote.")
        elif frame.type == "REPLY" and (frame.msg.get("success")
                                        or frame.msg.get("granted")):
            cause = sent.get((frame.stream, frame.call_id, frame.to))
            if cause is not None and cause.delivered_us:
                quiet_from[frame.frm] = (cause.delivered_us[0],
                                         term_of(frame))


async def agree(c: Any, nodes: Optional[Sequence[int]] = None,
                above_term: int = 0, limit_s: Optional[float] = None
                ) -> Tuple[int, int]:
    """(leader, term): from now on all these nodes follow one of them."""
    members = set(c.ids if nodes is None else nodes)
    await c.settle()
    since = len(c.frames)

    def found() -> Optional[Tuple[int, int]]:
        followers: Dict[Tuple[int, int], Set[int]] = {}
        for frame in c.frames[since:]:
            if frame.type == "REPLY" and frame.msg \
                    and frame.method == Method.APPEND_ENTRIES \
                    and frame.msg.get("success"):
                key = (term_of(frame), frame.to)
                followers.setdefault(key, {frame.to}).add(frame.frm)
        whole = [key for key, who in followers.items()
                 if who >= members and key[0] > above_term]
        return max(whole) if whole else None

    term, leader = await c.until(
        found, what=f"nodes {sorted(members)} follow one leader", rule=PROGRESS,
        hint="Look at the terms of the last frames: who still campaigns, who "
             "still leads an old term, and which message should have told "
             "them?", limit_s=limit_s)
    c.note(f"node {leader} leads all of {sorted(members)} in term {term}")
    return leader, term


def others(c: Any, *left_out: int) -> List[int]:
    return [node for node in c.ids if node not in left_out]


async def rounds_of_campaigns(c: Any, nodes: Sequence[int], count: int,
                              since: int) -> None:
    """Waits until these nodes have campaigned in so many terms."""
    await c.until(
        lambda: len(set().union(*(campaigns(c, one, since) for one in nodes)))
        >= count, what=f"campaigns of {list(nodes)} in {count} terms",
        rule=CANDIDATES + " 4",
        hint="A candidate whose timeout passes without a verdict starts a new "
             "election; the timer never stops for it.")
