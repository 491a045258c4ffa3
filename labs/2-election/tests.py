"""Lab 2: tests and points.

Part A plays a voter's peers and part B a candidate's, frame by frame: one real
node, and the test in everybody else's place. Part C runs whole clusters and
breaks them. A verdict rests on order, counts and lower bounds in time, which
hold on a machine however busy; what must happen has a generous limit.
"""

from __future__ import annotations

import asyncio
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from conclave import Failure, Frame, Lab, Method, exploration, test

LAB = Lab(
    name="election", folder="2-election", title="Lab 2: Election",
    hours="8-12",
    parts={"A": "the voter: RequestVote as Figure 2 says",
           "B": "the candidate: timeouts, campaigns, winning and yielding",
           "C": "the cluster: one leader a term, whatever breaks"},
    binary="node-election", stages=["rpc", "election"])

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
DURABLE = ("Raft paper, Figure 2, State: persistent state is updated on stable "
           "storage before responding to RPCs")
SAFETY = "Raft paper, Figure 3, Election Safety"
SPLIT = "Raft paper, section 5.2 (randomized election timeouts)"
PROGRESS = "Raft paper, section 5.2 (Leader election)"
TIMING = "Raft paper, section 5.6 (Timing and availability)"


# ---- What the test plays and what it looks for --------------------------

class Seat:
    """One peer's place: it asks the node, and is asked by it."""

    def __init__(self, c: Any, number: int, node: int):
        self.c = c
        self.id = number
        self.node = node
        self.calls = 0

    async def sit(self) -> "Seat":
        """Takes the place. A node that has dialled its peers is ready."""
        peer = await self.c.peer(self.id)
        self.asked_on = await peer.accept(self.node, SOON_S)
        self.ask_on = await peer.dial(self.node)
        return self

    async def ask(self, method: int, **fields: Any) -> Dict[str, Any]:
        """One request to the node, and the reply's fields."""
        self.calls += 1
        await self.ask_on.request(method, self.calls, **fields)
        while True:
            reply = await self.ask_on.recv_of("REPLY")
            if reply.call_id == self.calls:
                break
        msg = reply.msg or {"outcome": "bytes that do not decode"}
        name = "RequestVote" if method == Method.REQUEST_VOTE \
            else "AppendEntries"
        self.c.check(msg["outcome"] == 0,
                     expected=f"node {self.node} answers {name}",
                     observed=f"outcome {msg['outcome']}: "
                              f"{msg.get('text', '')}",
                     hint="The handler must return OK, whether or not it "
                          "grants the vote.")
        return msg

    async def ask_vote(self, term: int, index: int = 0, last_term: int = 0
                       ) -> Dict[str, Any]:
        """RequestVote for oneself, with a log that ends so."""
        msg = await self.ask(Method.REQUEST_VOTE, term=term, candidate=self.id,
                             last_log_index=index, last_log_term=last_term)
        self.c.note(f"node {self.id} asks for a vote in term {term} (last "
                    f"entry {index} of term {last_term}): "
                    f"{'granted' if msg['granted'] else 'refused'}, term "
                    f"{msg['term']}")
        return msg

    async def beat(self, term: int) -> Dict[str, Any]:
        """A heartbeat as leader of a term."""
        return await self.ask(Method.APPEND_ENTRIES, term=term, leader=self.id)

    async def asked(self, method: Optional[int] = None,
                    limit_s: Optional[float] = None) -> Frame:
        """The next request of the node (of a method)."""
        while True:
            try:
                frame = await self.asked_on.recv_of("REQUEST", limit_s)
            except Failure as failure:
                failure.rule = None  # silence breaks the test's own rule
                raise
            if frame.msg and (method is None or frame.method == method):
                return frame

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
    return [await Seat(c, seat, node).sit() for seat in seats]


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


# ---- Part A: the voter --------------------------------------------------

@test("A vote is given to who asks first", part="A", points=2, peers=[2, 3],
      config=CALM, rule=VOTE_2,
      hint="election_start registers the handler; it decides, makes the vote "
           "durable and answers.")
async def grants_a_vote(c):
    """The simplest case: an empty log, no vote given yet, a new term."""
    two, _ = await sit(c, 2, 3)
    check_vote(c, await two.ask_vote(5), True, 5, "nobody has it yet", VOTE_2)


@test("One vote in a term, and it may be asked for again", part="A", points=3,
      peers=[2, 3], config=CALM, needs="grants_a_vote", rule=VOTE_2)
async def one_vote_a_term(c):
    """Two candidates ask in one term; the first asks twice, as after a lost
    reply."""
    two, three = await sit(c, 2, 3)
    check_vote(c, await two.ask_vote(5), True, 5, "nobody has it yet", VOTE_2)
    check_vote(c, await three.ask_vote(5), False, 5, "node 2 has it", VOTE_2,
               hint="votedFor must be remembered for the whole term.")
    check_vote(c, await two.ask_vote(5), True, 5, "node 2 has it already",
               VOTE_2, hint="\"votedFor is null or candidateId\": the reply "
                            "may have been lost, so the same answer again.")
    check_vote(c, await three.ask_vote(5), False, 5, "node 2 still has it",
               VOTE_2)


@test("Two who ask at once do not both get the vote", part="A", points=1,
      peers=[2, 3], config=dict(CALM, store_sync_ms=300),
      needs="grants_a_vote", rule=VOTE_2,
      hint="While await_store_sync waits, another request may be served: "
           "remember the vote before you wait, not after.")
async def two_ask_at_once(c):
    """Two candidates of a term ask while the store takes 300 ms to sync."""
    two, three = await sit(c, 2, 3)
    answers = await asyncio.gather(two.ask_vote(5), three.ask_vote(5))
    granted = [bool(answer["granted"]) for answer in answers]
    c.check(sum(granted) == 1, expected="one of the two gets the vote",
            observed="both do" if all(granted) else "neither does")


@test("Node 0 is a candidate like any other", part="A", points=3,
      ids=[0, 1, 2], peers=[0, 2], config=CALM, needs="grants_a_vote",
      rule=VOTE_2)
async def vote_for_node_zero(c):
    """The vote goes to the node with id 0: a vote all the same."""
    zero, two = await sit(c, 0, 2)
    check_vote(c, await zero.ask_vote(5), True, 5, "nobody has it yet", VOTE_2)
    check_vote(c, await two.ask_vote(5), False, 5, "node 0 has it", VOTE_2,
               hint="No vote is NO_NODE, which is -1; 0 is a node.")
    check_vote(c, await zero.ask_vote(5), True, 5, "node 0 has it already",
               VOTE_2)


@test("A candidate of an old term is refused and told the term", part="A",
      points=2, peers=[2, 3], config=CALM, needs="grants_a_vote", rule=VOTE_1)
async def old_term_refused(c):
    """A request that was overtaken by two terms. It changes nothing."""
    two, three = await sit(c, 2, 3)
    check_vote(c, await two.ask_vote(7), True, 7, "nobody has it yet", VOTE_2)
    check_vote(c, await three.ask_vote(6, 9, 6), False, 7,
               "the request's term is over", VOTE_1)
    check_vote(c, await three.ask_vote(5, 9, 5), False, 7,
               "the request's term is over", VOTE_1,
               hint="A refusal must not bring an old term back.")
    check_vote(c, await two.ask_vote(7), True, 7, "node 2 still has it", VOTE_2)


@test("A new term is entered before anything else is decided", part="A",
      points=3, peers=[2, 3], config=CALM, needs="grants_a_vote",
      logs={1: [1, 1]}, rule=ALL)
async def new_term_first(c):
    """Higher terms arrive in requests: from a node that may have the vote, and
    from one whose log is too old to get it."""
    two, three = await sit(c, 2, 3)
    check_vote(c, await two.ask_vote(5, 2, 1), True, 5, "nobody has it yet",
               VOTE_2)
    check_vote(c, await three.ask_vote(6, 2, 1), True, 6,
               "the vote for node 2 was term 5's", ALL,
               hint="First adopt the higher term, which clears the vote; then "
                    "look at votedFor.")
    check_vote(c, await two.ask_vote(9, 0, 0), False, 9,
               "its log is older, but its term counts", ALL,
               hint="A refused request raises the term too.")
    check_vote(c, await three.ask_vote(8, 2, 1), False, 9, "term 8 is over",
               VOTE_1)
    check_vote(c, await three.ask_vote(9, 2, 1), True, 9,
               "nobody has term 9's vote yet", VOTE_2)


LOG = [1, 2, 2]  # the voter's: its last entry is 3, of term 2


async def ask_with_logs(c: Any, cases: Sequence[Tuple[int, int, str]],
                        granted: bool, hint: str) -> None:
    """Asks once for each (last index, last term, why), in ever new terms."""
    two, = await sit(c, 2)
    for term, (index, last_term, why) in enumerate(cases, 10):
        check_vote(c, await two.ask_vote(term, index, last_term), granted,
                   term, f"the voter's last entry is 3 of term 2, the "
                         f"candidate's {index} of term {last_term}: {why}",
                   LOG_CHECK, hint)


@test("Candidates whose log is behind are refused", part="A", points=4,
      peers=[2, 3], config=CALM, logs={1: LOG}, needs="grants_a_vote",
      rule=LOG_CHECK)
async def logs_behind_refused(c):
    """A table of logs that are shorter, or longer and yet older."""
    await ask_with_logs(c, [
        (2, 2, "the same last term, but shorter"),
        (3, 1, "as long, but of an older last term"),
        (9, 1, "longer, but of an older last term"),
        (1, 1, "shorter and older"),
        (0, 0, "empty"),
    ], False, "The last entries' terms decide; only if they are equal does "
              "the length.")


@test("Candidates whose log is as good or better get the vote", part="A",
      points=2, peers=[2, 3], config=CALM, logs={1: LOG},
      needs="grants_a_vote", rule=LOG_CHECK)
async def logs_as_good_granted(c):
    """A table of logs that are equal, longer, or shorter and yet newer."""
    await ask_with_logs(c, [
        (3, 2, "equal, which is enough"),
        (4, 2, "the same last term, and longer"),
        (3, 3, "as long, of a later last term"),
        (1, 3, "shorter, but of a later last term"),
        (9, 9, "longer and later"),
    ], True, "\"At least as up-to-date\": equal passes, and a later last term "
             "wins whatever the length.")


SLOW_STORE = dict(CALM, store_sync_ms=300)


@test("A vote that was answered survives a crash", part="A", points=4,
      peers=[2, 3], config=SLOW_STORE, needs="grants_a_vote", rule=DURABLE)
async def vote_survives_crash(c):
    """The voter is killed as soon as its answer is there, and started again.
    The store takes 300 ms to sync, so an answer that did not wait is caught."""
    two, _ = await sit(c, 2, 3)
    check_vote(c, await two.ask_vote(5), True, 5, "nobody has it yet", VOTE_2)
    await c.restart(1)
    two, three = await sit(c, 2, 3)
    check_vote(c, await three.ask_vote(5), False, 5,
               "node 2 was promised it before the crash", DURABLE,
               hint="After store_set_vote, await_store_sync; only then may "
                    "the answer leave.")
    check_vote(c, await two.ask_vote(5), True, 5, "node 2 has it already",
               VOTE_2)


@test("A term that was answered survives a crash", part="A", points=2,
      peers=[2, 3], config=SLOW_STORE, logs={1: [1, 1]},
      needs="grants_a_vote", rule=DURABLE)
async def term_survives_crash(c):
    """A refusal carries a new term out; the node is killed at once. Started
    again it must not vote in an earlier term."""
    two, _ = await sit(c, 2, 3)
    check_vote(c, await two.ask_vote(9, 0, 0), False, 9, "its log is older",
               LOG_CHECK)
    await c.restart(1)
    _, three = await sit(c, 2, 3)
    check_vote(c, await three.ask_vote(8, 2, 1), False, 9,
               "the node has already said that it is in term 9", DURABLE,
               hint="A refusal that carries a new term waits for the sync "
                    "too.")


# ---- Part B: the candidate ----------------------------------------------

@test("A node that hears no leader asks every peer", part="B", points=2,
      peers=[2, 3], config=PATIENT, logs={1: [1, 1, 2]}, rule=CANDIDATES + " 1",
      hint="When the timer rings: next term, own vote, sync, and one coroutine "
           "a peer that calls RequestVote.")
async def asks_every_peer(c):
    """Nobody speaks. The requests must say who asks, in which new term, and
    how its log ends."""
    for seat in await sit(c, 2, 3):
        msg = (await seat.asked_for_vote(limit_s=SOON_S)).msg
        c.check(msg["term"] >= 3, expected="a term above the store's, which "
                "is 2", observed=f"term {msg['term']}")
        c.check(msg["candidate"] == 1 and msg["last_log_index"] == 3
                and msg["last_log_term"] == 2,
                expected="candidate 1, last entry 3 of term 2",
                observed=f"candidate {msg['candidate']}, last entry "
                         f"{msg['last_log_index']} of term "
                         f"{msg['last_log_term']}",
                rule="Raft paper, Figure 2, RequestVote RPC, Arguments")


@test("The votes of a majority make a leader", part="B", points=2,
      peers=[2, 3], config=PATIENT, needs="asks_every_peer",
      rule=CANDIDATES + " 2",
      hint="Own vote and one more are two of three. The winner calls "
           "replication_lead, once, and asks nobody any more.")
async def majority_wins(c):
    """One of two peers grants; the other says nothing at all. Six heartbeats
    take longer than any timeout: a leader does not campaign."""
    two, _ = await sit(c, 2, 3)
    first = await two.elect()
    await c.settle()
    c.check(term_of(first) in campaigns(c, 1),
            expected="heartbeats of the term that was asked for",
            observed=f"of term {term_of(first)}")
    for _ in range(6):
        await two.asked_on.reply(first, term=term_of(first), success=True)
        after = await two.asked()
        c.check(after.method == Method.APPEND_ENTRIES,
                expected="only heartbeats from a leader that is obeyed",
                observed=f"a RequestVote of term {term_of(after)} after a "
                         f"heartbeat of term {term_of(first)}")
        first = after


@test("Half the votes are not a majority", part="B", points=3,
      ids=[1, 2, 3, 4], peers=[2, 3, 4], config=PATIENT,
      needs="majority_wins", rule=SAFETY,
      hint="A majority of 4 is 3. The own vote counts once, and so does each "
           "peer's, however often it answers.")
async def half_is_not_enough(c):
    """One of three peers grants, twice if it is asked twice: with the own vote
    two of four. Then a second one does."""
    two, three, _ = await sit(c, 2, 3, 4)
    terms: Set[int] = set()
    while len(terms) < 3:
        request = await two.asked()
        c.check(request.method == Method.REQUEST_VOTE,
                expected="no leader from two votes of four",
                observed=f"AppendEntries of term {term_of(request)}")
        terms.add(term_of(request))
        await two.grant(request)
        await two.grant(request)
    c.note("now node 3 grants its vote too")
    helper = asyncio.ensure_future(three.elect())
    try:
        await two.elect()
    finally:
        helper.cancel()


@test("A higher term in an answer ends a candidacy", part="B", points=3,
      peers=[2, 3], config=PATIENT, needs="asks_every_peer", rule=ALL)
async def higher_term_in_answer(c):
    """A voter refuses and says that it is in term 1000."""
    two, _ = await sit(c, 2, 3)
    for _ in range(12):
        request = await two.asked_for_vote()
        if term_of(request) > 1000:
            return
        await two.refuse(request, term=1000)
    c.check(False, expected="after an answer of term 1000, campaigns in terms "
            "above it", observed="twelve times such an answer, and still a "
            f"campaign in term {term_of(request)}",
            hint="election_saw_term is for replies as well as requests.")


# The second request of a campaign, for those who ask again, is under way when
# the timeout comes: sent after 199 ms, given up after 298.
OVERLAP = {"heartbeat_ms": 100, "election_min_ms": 220, "election_max_ms": 280,
           "rpc_timeout_ms": 99}


@test("A vote of an earlier election does not count", part="B", points=4,
      peers=[2, 3], config=OVERLAP, needs="majority_wins", rule=SAFETY,
      hint="Count votes in an object of one campaign, or compare the term "
           "that was asked for with the current one when the answer comes.")
async def late_vote_not_counted(c):
    """A voter keeps each request until the next term's arrives, and grants it
    then. It never grants a current one."""
    two, _ = await sit(c, 2, 3)
    held = await two.asked_for_vote()
    for _ in range(8):
        request = await two.asked()
        c.check(request.method == Method.REQUEST_VOTE,
                expected="no leader: no vote of a current term was given",
                observed=f"AppendEntries of term {term_of(request)}, in which "
                         "only votes of earlier terms arrived")
        if term_of(request) > term_of(held):
            await two.grant(held)
            c.note(f"node 2 grants term {term_of(held)}'s vote, too late")
        held = request
    await two.elect()


async def heard_in_its_own_term(c: Any, candidate_of: Seat, leader: Seat
                                ) -> Frame:
    """The node campaigns; another leads that very term and is obeyed. Returns
    the request that candidate_of has not answered."""
    for _ in range(20):
        request = await candidate_of.asked_for_vote()
        answer = await leader.beat(term_of(request))
        if answer["success"] and answer["term"] == term_of(request):
            c.note(f"node {leader.id} leads in term {answer['term']}, the "
                   "term of the campaign, and is obeyed")
            return request
    c.check(False, expected="a candidate that accepts its own term's leader",
            observed="20 heartbeats of its own term were turned down",
            rule=CANDIDATES + " 3")
    raise AssertionError("not reached")


@test("A candidate yields to the leader of its term", part="B", points=3,
      peers=[2, 3], config=PATIENT, needs="majority_wins",
      rule=CANDIDATES + " 3",
      hint="election_heard_leader turns a candidate into a follower, and a "
           "campaign looks at the role again before it claims its victory.")
async def yields_to_leader(c):
    """Node 3 has won the term in which the node stands; then the vote that the
    node still waited for arrives."""
    two, three = await sit(c, 2, 3)
    for _ in range(2):
        request = await heard_in_its_own_term(c, two, three)
        await two.grant(request)
        later = request
        while term_of(later) == term_of(request):
            later = await two.asked()
            c.check(later.method == Method.REQUEST_VOTE,
                    expected=f"no second leader in term {term_of(request)}",
                    observed=f"AppendEntries of term {term_of(later)}")


@test("To yield is not to forget the vote", part="B", points=3, peers=[2, 3],
      config=PATIENT, needs=("majority_wins", "grants_a_vote"), rule=VOTE_2,
      hint="The vote is cleared only when the term rises.")
async def yielding_keeps_the_vote(c):
    """A candidate has voted for itself and yields to node 3; then node 2 asks
    for the same term's vote. And so with a voter that hears a leader."""
    two, three = await sit(c, 2, 3)
    request = await heard_in_its_own_term(c, two, three)
    msg = await two.ask_vote(term_of(request))
    c.check(not msg["granted"],
            expected=f"refused: the node's vote of term {term_of(request)} is "
                     "its own", observed="granted")
    term = term_of(request) + 100
    check_vote(c, await two.ask_vote(term), True, term, "nobody has it yet",
               VOTE_2)
    await two.beat(term)
    msg = await three.ask_vote(term)
    c.check(not msg["granted"],
            expected=f"refused: node 2 has term {term}'s vote, and leads",
            observed="granted")


RESTLESS = {"heartbeat_ms": 20, "election_min_ms": 60, "election_max_ms": 260,
            "rpc_timeout_ms": 15}


@test("A candidate tries again and again, each time after another timeout",
      part="B", points=3, peers=[2, 3], config=RESTLESS, start=False,
      needs="asks_every_peer", rule=SPLIT,
      hint="Draw the timeout anew each time the timer starts, between "
           "election_min_ms and election_max_ms.")
async def campaigns_again(c):
    """Nobody ever grants. Eleven campaigns, not one of them too early, and not
    all at the same distance."""
    began_ms = c.now_ms()
    await c.start()
    await sit(c, 2, 3)
    await rounds_of_campaigns(c, [1], 11, 0)
    await c.settle()
    first_ms: Dict[int, float] = {}
    for frame in requests(c, Method.REQUEST_VOTE):
        first_ms.setdefault(term_of(frame), frame.time_us / 1000)
    terms = sorted(first_ms)
    least_ms = c.config["election_min_ms"]
    for term in terms:
        c.check(first_ms[term] - began_ms >= term * least_ms,
                expected=f"a campaign a timeout, each at least {least_ms} ms: "
                         f"term {term} no sooner than {term * least_ms} ms "
                         "after the start",
                observed=f"it came after {first_ms[term] - began_ms:.0f} ms")
    gaps = [first_ms[high] - first_ms[low]
            for low, high in zip(terms, terms[1:]) if high == low + 1]
    # One late moment makes one distance long and the next one short: these two
    # are left out. Random ones lie so close in one of ten million runs.
    middle = sorted(gaps)[1:-1]
    spread_ms = (c.config["election_max_ms"] - least_ms) / 20
    c.check(len(gaps) < 10 or middle[-1] - middle[0] > spread_ms,
            expected=f"timeouts anywhere between {least_ms} and "
                     f"{c.config['election_max_ms']} ms",
            observed="campaigns at distances of "
                     + ", ".join(f"{gap:.0f}" for gap in gaps) + " ms")


@test("The election timer does not run on the wall clock", part="B", points=2,
      peers=[2, 3], clocks={1: 10.0}, needs="asks_every_peer",
      config={"heartbeat_ms": 50, "election_min_ms": 20000,
              "election_max_ms": 21000, "rpc_timeout_ms": 40},
      rule=TIMING,
      hint="node_now_us never jumps; node_wall_us can be set by anybody.")
async def not_on_the_wall_clock(c):
    """The node's own clock runs ten times as fast as the wall clock, so its
    timeout of 20 s is over in two. By the wall clock it would wait for 20."""
    await sit(c, 2, 3)
    await c.until(lambda: campaigns(c, 1), limit_s=12, rule=TIMING,
                  what="a campaign after 20 s on the node's own clock, which "
                       "are two on the wall's",
                  hint="Deadlines are times of node_now_us.")


@test("Refused candidates do not keep a node quiet", part="B", points=3,
      peers=[2, 3], config=BRISK, logs={1: [1, 2]},
      needs=("asks_every_peer", "grants_a_vote"), rule=FOLLOWERS + " 2",
      hint="The timer starts anew when the current leader speaks and when a "
           "vote is granted; not for other requests, nor for a new term.")
async def refusals_do_not_quiet(c):
    """A node with an old log asks every 20 ms, in ever higher terms, and can
    never win. Someone else must stand."""
    two, = await sit(c, 2)
    term = 10
    for _ in range(250):
        if campaigns(c, 1):
            return
        term += 1
        msg = await two.ask(Method.REQUEST_VOTE, term=term, candidate=2)
        c.check(not msg["granted"], expected="refused: its log is empty",
                observed="granted", rule=LOG_CHECK)
        await c.sleep(20)
    c.check(False, expected="a campaign of node 1, whose timeout is at most "
            f"{c.config['election_max_ms']} ms",
            observed="none while it refused 250 requests, over 5 s")


@test("Heartbeats and granted votes keep a node quiet", part="B", points=2,
      peers=[2, 3], config=BRISK, needs=("asks_every_peer", "grants_a_vote"),
      rule=FOLLOWERS + " 2")
async def heartbeats_keep_quiet(c):
    """A leader speaks for a while, then candidates get votes, then silence."""
    two, _ = await sit(c, 2, 3)
    term = 10
    for number in range(36):
        if number < 20:
            await two.beat(term)
        elif number % 2 == 0:
            term += 1
            await two.ask(Method.REQUEST_VOTE, term=term, candidate=2)
        await c.sleep(40)
    await c.until(lambda: campaigns(c, 1), what="a campaign after the silence",
                  rule=FOLLOWERS + " 2")
    await c.settle()
    check_campaigns_justified(c)


@test("A candidate's own vote survives a crash", part="B", points=3,
      peers=[2, 3], needs=("asks_every_peer", "grants_a_vote"),
      config={"heartbeat_ms": 100, "election_min_ms": 500,
              "election_max_ms": 800, "rpc_timeout_ms": 90,
              "store_sync_ms": 200},
      rule=DURABLE,
      hint="await_store_sync before the first RequestVote leaves.")
async def own_vote_survives_crash(c):
    """A candidate is killed when its first request arrives. It has voted for
    itself, and must not vote for another in that term when it is back."""
    two, _ = await sit(c, 2, 3)
    term = term_of(await two.asked_for_vote())
    await c.restart(1)
    two, _ = await sit(c, 2, 3)
    msg = await two.ask_vote(term)
    c.check(not msg["granted"],
            expected=f"refused: node 1 stood for election in term {term}",
            observed="granted, so that term has two votes of node 1")


@test("A leader that learns of a higher term steps down", part="B", points=3,
      peers=[2, 3], config=BRISK, needs=("majority_wins", "grants_a_vote"),
      rule=ALL)
async def leader_steps_down(c):
    """It learns once from a candidate's request, once from the answer to a
    heartbeat. Then it is silent until it stands in a later term."""
    two, three = await sit(c, 2, 3)
    term = term_of(await two.elect())
    await three.ask_vote(term + 5)
    await c.settle()
    since = len(c.frames)
    await c.until(lambda: max(campaigns(c, 1, since), default=0) > term + 5,
                  what=f"a campaign in a term above {term + 5}", rule=ALL)
    late = [one for one in heartbeats(c, term - 1, since)
            if term_of(one) == term and one.to == 2]
    c.check(len(late) <= 3, expected=f"no heartbeats of term {term} once node "
            f"1 has answered in term {term + 5}",
            observed=f"{len(late)} of them")

    term = term_of(await two.elect(above_term=term + 5))
    for _ in range(12):
        request = await two.asked()
        if term_of(request) > term + 5:
            return
        if request.method == Method.APPEND_ENTRIES:
            await two.asked_on.reply(request, term=term + 5, success=False)
    c.check(False, expected=f"no heartbeats after answers of term {term + 5}",
            observed="twelve heartbeats were answered so, and more came")


@test("A campaign asks a peer once, and again only if it must", part="B",
      points=2, peers=[2, 3],
      config={"heartbeat_ms": 150, "election_min_ms": 450,
              "election_max_ms": 600, "rpc_timeout_ms": 60},
      needs="asks_every_peer",
      rule="labs/2-election/README.md, The message budget",
      hint="After a failed call wait a heartbeat interval before the next; "
           "after an answer ask no more.")
async def campaign_budget(c):
    """One peer refuses at once, the other never answers."""
    two, _ = await sit(c, 2, 3)
    terms: Set[int] = set()
    while len(terms) < 5:
        request = await two.asked_for_vote()
        terms.add(term_of(request))
        await two.refuse(request)
    await c.settle()
    counts = {(one.to, term_of(one)): 0
              for one in requests(c, Method.REQUEST_VOTE)}
    for one in requests(c, Method.REQUEST_VOTE):
        counts[(one.to, term_of(one))] += 1
    most = 1 + c.config["election_max_ms"] // c.config["heartbeat_ms"]
    c.check(max(counts.values()) <= most,
            expected=f"at most {most} requests to a peer in one term: one, and "
                     "one more a heartbeat interval while none is answered",
            observed=f"{max(counts.values())} of them")
    answered = [count for (to, _), count in counts.items() if to == 2]
    c.check(min(answered) == 1, expected="one request to a peer that answers",
            observed=f"it was asked {', '.join(map(str, answered))} times in "
                     f"{len(answered)} terms")


# ---- Part C: the cluster ------------------------------------------------

@test("Three nodes choose one leader", part="C", points=2, nodes=3,
      config=BRISK, rule=PROGRESS)
async def first_leader(c):
    """Nothing is broken. All three end up behind one leader."""
    await agree(c, limit_s=SOON_S)
    check_one_leader_a_term(c)


@test("A new leader after the old one has died", part="C", points=2, nodes=3,
      config=BRISK, needs="first_leader", rule=PROGRESS)
async def leader_killed(c):
    """kill -9 of the leader; later it comes back, and follows."""
    old, term = await agree(c)
    await c.kill(old)
    _, later = await agree(c, others(c, old), above_term=term)
    await c.restart(old)
    await agree(c, above_term=later - 1)
    check_one_leader_a_term(c)


@test("A new leader while the old one is cut off, and peace when it returns",
      part="C", points=1, nodes=5, config=BRISK, needs="first_leader",
      rule=PROGRESS)
async def leader_cut_off(c):
    """The leader is alone on its side of a partition, which then heals."""
    old, term = await agree(c)
    await c.isolate(old)
    await agree(c, others(c, old), above_term=term)
    await c.heal()
    await agree(c, above_term=term)
    check_one_leader_a_term(c)


@test("No leader without a majority", part="C", points=2, nodes=5,
      config=BRISK, start=False, needs="first_leader", rule=SAFETY)
async def no_quorum(c):
    """Two of five nodes run, and campaign in vain. A third comes, then all."""
    first = c.rng.sample(list(c.ids), 3)
    for node in first[:2]:
        await c.start(node)
    await rounds_of_campaigns(c, first[:2], 4, 0)
    await c.settle()
    check_none_rose(c, 0, 0, "two of five nodes run")
    await c.start(first[2])
    await agree(c, first)
    await c.start()
    await agree(c)
    check_one_leader_a_term(c)


@test("Two nodes need both votes", part="C", points=2, nodes=2, config=BRISK,
      start=False, needs="first_leader", rule=SAFETY)
async def two_nodes(c):
    """Each alone has half the votes. They meet and elect one of them, and are
    parted again."""
    await c.partition([1], [2])
    await c.start()
    await rounds_of_campaigns(c, [1], 3, 0)
    await rounds_of_campaigns(c, [2], 3, 0)
    await c.settle()
    check_none_rose(c, 0, 0, "neither node hears the other")
    await c.heal()
    await agree(c)
    await c.partition([1], [2])
    await c.settle()
    top = top_term(c)
    await rounds_of_campaigns(c, c.ids, 3, len(c.frames))
    await c.settle()
    check_none_rose(c, top, 0, "neither node hears the other")
    await c.heal()
    await agree(c, above_term=top)
    check_one_leader_a_term(c)


@test("Two halves elect nobody", part="C", points=2, nodes=4, config=BRISK,
      start=False, needs="first_leader", rule=SAFETY)
async def even_halves(c):
    """Four nodes start, two and two, who do not hear the others. They unite,
    and then fall apart into four."""
    await c.partition([1, 4], [2, 3])
    await c.start()
    await rounds_of_campaigns(c, [1, 4], 3, 0)
    await rounds_of_campaigns(c, [2, 3], 3, 0)
    await c.settle()
    check_none_rose(c, 0, 0, "no side has three of four nodes")
    await c.heal()
    await agree(c)
    await c.partition(*([node] for node in c.ids))
    await c.settle()
    top = top_term(c)
    await rounds_of_campaigns(c, c.ids, 3, len(c.frames))
    await c.settle()
    check_none_rose(c, top, 0, "every node is alone")
    await c.heal()
    await agree(c, above_term=top)
    check_one_leader_a_term(c)


@test("Seven nodes elect again and again", part="C", points=2, nodes=7,
      config=BRISK, needs="first_leader", rule=PROGRESS)
async def seven_nodes(c):
    """Five times three nodes are cut off, the leader always among them: alone,
    or together."""
    leader, term = await agree(c)
    for number in range(5):
        away = [leader] + c.rng.sample(others(c, leader), 2)
        rest = others(c, *away)
        if number % 2:
            await c.partition(away, rest)
        else:
            await c.partition(rest)
        leader, term = await agree(c, rest, above_term=term)
        await c.heal()
    await agree(c, above_term=term - 1)
    check_one_leader_a_term(c)


@test("A leader that cannot send is replaced, and follows", part="C", points=2,
      nodes=3, config=BRISK, needs="first_leader", rule=ALL)
async def leader_cannot_send(c):
    """All that the leader sends is lost; it hears the others well, so it learns
    that its term is over."""
    old, term = await agree(c)
    await c.cut_one_way(old, "*")
    await c.wait_for_leader(above_term=term, unlike=old)
    await c.until(lambda: is_silent(c, old, term), rule=ALL,
                  what=f"node {old} sends no more heartbeats of term {term}",
                  hint="It is asked for its vote in a higher term.")
    await c.heal()
    await agree(c, above_term=term)
    check_one_leader_a_term(c)


def is_silent(c: Any, node: int, term: int) -> bool:
    """Ten intervals have passed since a node's last heartbeat of a term."""
    last_us = max((one.time_us for one in requests(c, Method.APPEND_ENTRIES)
                   if one.frm == node and term_of(one) == term), default=0)
    return c.now_ms() - last_us / 1000 > 10 * c.config["heartbeat_ms"]


@test("A leader that cannot hear does no harm", part="C", points=2, nodes=3,
      config=BRISK, needs="first_leader", rule=SAFETY)
async def leader_cannot_hear(c):
    """All that is sent to the leader is lost; its heartbeats arrive. Whoever
    leads in the meantime, one does when it can hear again."""
    old, term = await agree(c)
    for node in others(c, old):
        await c.cut_one_way(node, old)
    await c.sleep(2 * c.config["election_max_ms"])
    await c.heal()
    await agree(c, above_term=term - 1)
    check_one_leader_a_term(c)


@test("Links that come and go do no lasting harm", part="C", points=1, nodes=5,
      config=BRISK, needs="first_leader", rule=SAFETY)
async def flapping_links(c):
    """Three links at a time are cut for a moment, in one direction or both,
    fifteen times. Then all is well again."""
    for _ in range(15):
        await c.heal()
        for _ in range(3):
            one, other = c.rng.sample(list(c.ids), 2)
            await c.cut_one_way(one, other)
            if c.rng.random() < 0.5:
                await c.cut_one_way(other, one)
        await c.sleep(c.rng.randint(40, 180))
    await c.heal()
    await agree(c)
    check_one_leader_a_term(c)


@test("A leader that slept through its end follows when it wakes", part="C",
      points=1, nodes=3, config=BRISK, needs="first_leader", rule=ALL)
async def paused_leader(c):
    """The leader stands still while the others elect, and goes on as if no time
    had passed. Twice."""
    leader, term = await agree(c)
    for _ in range(2):
        await c.pause(leader)
        old = leader
        leader, term = await agree(c, others(c, old), above_term=term)
        await c.resume(old)
        leader, term = await agree(c, above_term=term - 1)
    check_one_leader_a_term(c)


@test("A node that returns with a high term does not stop the rest", part="C",
      points=2, nodes=3, config=BRISK, start=False, needs="first_leader",
      rule=ALL)
async def return_with_high_term(c):
    """A node that has been alone from the start campaigns six times in vain,
    and joins the others with a term that they have not heard of."""
    lonely = c.rng.choice(c.ids)
    await c.isolate(lonely)
    await c.start()
    await agree(c, others(c, lonely))
    await rounds_of_campaigns(c, [lonely], 6, 0)
    high = max(campaigns(c, lonely))
    await c.heal()
    await agree(c, above_term=high - 1)
    check_one_leader_a_term(c)


@test("A long but old log never leads", part="C", points=2, nodes=3,
      config=BRISK, logs={1: [1] * 6, 2: [1, 2], 3: [1, 2]}, start=False,
      needs="two_nodes", rule=LOG_CHECK,
      hint="Node 1's last entry is of term 1, the others' of term 2. Length "
           "counts only among equal last terms.")
async def old_log_never_leads(c):
    """Node 1 has missed what the majority stored. It takes part in four
    elections in which every vote is needed, and must win none."""
    await c.start(1)
    await c.start(2)
    leader, term = await agree(c, [1, 2])
    await c.start(3)
    for _ in range(3):
        c.check(leader != 1, expected="node 2 or 3 leads",
                observed=f"node 1 leads in term {term}")
        await agree(c, above_term=term - 1)
        await c.kill(leader)
        back = leader
        leader, term = await agree(c, others(c, back), above_term=term)
        await c.restart(back)
    await c.settle()
    check_none_of(c, 1)


def check_none_of(c: Any, node: int) -> None:
    """This node has never led."""
    led = [one for one in heartbeats(c, 0) if one.frm == node]
    c.check(not led, expected=f"node {node} never leads",
            observed=led and f"it sent AppendEntries of term {term_of(led[0])}")


@test("Votes that split are cast anew until one wins", part="C", points=2,
      nodes=5, needs="first_leader", rule=SPLIT,
      config={"heartbeat_ms": 100, "election_min_ms": 200,
              "election_max_ms": 600, "rpc_timeout_ms": 90})
async def split_votes(c):
    """Five nodes wake at the same moment, each with its timeout long over, and
    every message takes 20 ms: all vote for themselves. With random timeouts
    one of them soon comes first."""
    leader, term = await agree(c)
    await c.link("*", "*", delay_ms=20)
    await c.pause(leader)
    await c.sleep(60)  # so that no heartbeat awaits the sleepers
    for node in others(c, leader):
        await c.pause(node)
    await c.sleep(800)
    for node in others(c, leader) + [leader]:
        await c.resume(node)
    await agree(c, above_term=term - 1)
    check_one_leader_a_term(c)


@test("A leader that is heard stays leader, quietly", part="C", points=2,
      nodes=5, config=BRISK, needs="first_leader", rule=FOLLOWERS + " 2")
async def quiet_reign(c):
    """Nothing is broken. Nobody campaigns who hears the leader (the proxy sees
    to that in every test), no candidate asks beyond its budget, and heartbeats
    come no faster than they should."""
    await agree(c)
    await c.sleep(1500)
    await c.settle()
    check_one_leader_a_term(c)
    most = 1 + c.config["election_max_ms"] // c.config["heartbeat_ms"]
    asked: Dict[Tuple[int, int, int], int] = {}
    first_vote_us: Dict[Tuple[int, int], int] = {}
    beats: Dict[Tuple[int, int, int], List[int]] = {}
    for one in c.frames:
        if one.msg is None:
            continue
        if one.type == "REPLY" and one.msg.get("granted") and one.delivered_us:
            first_vote_us.setdefault((term_of(one), one.to),
                                     one.delivered_us[0])
        if one.type != "REQUEST":
            continue
        key = (one.frm, term_of(one), one.to)
        if one.method == Method.REQUEST_VOTE:
            asked[key] = asked.get(key, 0) + 1
            c.check(key not in beats, expected="a leader asks for no votes",
                    observed=f"node {one.frm} did, leading term "
                             f"{term_of(one)}")
            c.check(asked[key] <= most,
                    expected=f"at most {most} requests to a peer in one term",
                    observed=f"{asked[key]} from node {one.frm} to {one.to} "
                             f"in term {term_of(one)}",
                    rule="labs/2-election/README.md, The message budget")
        elif one.method == Method.APPEND_ENTRIES:
            beats.setdefault(key, []).append(one.time_us)
    for (frm, term, to), times in beats.items():
        # It became leader after the first vote was delivered to it.
        reign_us = times[-1] - first_vote_us.get((term, frm), 0)
        most = 2 + reign_us // (1000 * c.config["heartbeat_ms"])
        c.check(len(times) <= most,
                expected=f"at most {most} heartbeats from {frm} to {to} in "
                         f"{reign_us / 1e6:.1f} s",
                observed=f"{len(times)}",
                rule="labs/2-election/election.h, replication_lead",
                hint="replication_lead is called once for each leadership.")


@test("Clocks that run fast, slow or wrong change nothing", part="C", points=1,
      nodes=5, config=BRISK, clocks={1: 1.1, 2: 0.9, 3: 1.1, 4: 0.9},
      start=False, needs="first_leader", rule=TIMING,
      hint="Measure with node_now_us; the wall clock may jump.")
async def drifting_clocks(c):
    """Two clocks run 10 % fast, two 10 % slow, and the wall clocks are years
    apart. A leader is found, heard, and replaced when it dies."""
    years_ms = 1000 * 3600 * 24 * 365
    for node, years in zip(c.ids, (-20, 10, 0, -1, 30)):
        await c.start(node, wall_offset_ms=years * years_ms)
    old, term = await agree(c)
    await c.sleep(500)
    await c.kill(old)
    await agree(c, others(c, old), above_term=term)
    check_one_leader_a_term(c)


@test("Wall clocks that jump change nothing", part="C", points=1, nodes=3,
      config=BRISK, needs="first_leader", rule=TIMING,
      hint="Deadlines are times of node_now_us; the wall clock may jump.")
async def wall_clock_jumps(c):
    """Wall clocks jump an hour ahead while all hear the leader: nobody may
    campaign for that. Then the leader dies and they jump two hours back: the
    rest may not wait so long."""
    old, term = await agree(c)
    for node in c.ids:
        await c.jump_wall(node, 3600 * 1000)
    await c.sleep(600)
    old, term = await agree(c, above_term=term - 1)
    await c.kill(old)
    for node in others(c, old):
        await c.jump_wall(node, -2 * 3600 * 1000)
    await agree(c, others(c, old), above_term=term)
    check_one_leader_a_term(c)


@test("A bad network delays an election, and no more", part="C", points=1,
      nodes=5, config=BRISK, needs="first_leader", rule=SAFETY)
async def bad_network(c):
    """One message in six is lost, others come twice, late, or out of order,
    some of them more than an election later. The leader dies; the network
    heals."""
    await c.link("*", "*", loss=0.15, dup=0.1, jitter_ms=8, reorder=(0.2, 20),
                 tail=(0.05, 1500))
    old, term = await c.wait_for_leader()
    await c.kill(old)
    _, term = await c.wait_for_leader(above_term=term, unlike=old)
    await c.heal()
    await c.restart(old)
    await agree(c, above_term=term - 1)
    check_one_leader_a_term(c)


@test("A cluster that restarts goes on with later terms", part="C", points=1,
      nodes=3, config=BRISK, needs="first_leader", rule=DURABLE)
async def all_restart(c):
    """All three are killed at once, twice. What they knew of terms must not be
    lost."""
    _, term = await agree(c)
    for _ in range(2):
        for node in c.ids:
            await c.kill(node)
        await c.settle()
        since = len(c.frames)
        await c.start()
        _, later = await agree(c)
        old = [one for one in requests(c, Method.REQUEST_VOTE, since)
               if term_of(one) <= term]
        c.check(not old, expected=f"campaigns in terms above {term}, which all "
                "nodes had reached before they were killed",
                observed=old and f"node {old[0].frm} asked for votes in term "
                                 f"{term_of(old[0])}")
        term = later
    check_one_leader_a_term(c)


# ---- Explorations --------------------------------------------------------

@exploration("Whatever breaks, and in whatever order, elections stay safe",
             part="C", points=3, seeds=400, needs="first_leader", rule=SAFETY,
             hint="The steps are all that it takes. `--replay` shows every "
                  "frame, and what each coroutine waits for.")
def swarm():
    """Two to five nodes for six seconds of virtual time; every seed draws which
    faults there are (loss, delay, reordering, cuts, pauses, crashes between a
    write and its sync, drifting clocks, slow and failing disks) and when they
    strike. Then all is healed, and a leader must be found and stay."""


@exploration("A storm over five nodes leaves one leader", part="C", points=2,
             seeds=300, nodes=5, needs="first_leader", rule=SAFETY,
             hint="The steps are all that it takes. `--replay` shows every "
                  "frame, and what each coroutine waits for.")
def storm():
    """The same with five nodes always: more votes to split, more ways for the
    network to fall apart."""
