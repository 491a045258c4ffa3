"""Lab 2, part B: one candidate, and the test in its peers' places."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, Dict, Set

from conclave import Frame, Method, test

from .tests_words import (ALL, BRISK, CALM, CANDIDATES, DURABLE, FOLLOWERS,
                          LEADER_OF, LOG_CHECK, PATIENT, SAFETY, SOON_S, SPLIT,
                          Seat, TIMING, VOTE_2, campaigns,
                          check_campaigns_justified, check_vote, heartbeats,
                          requests, rounds_of_campaigns, sit, term_of)


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
    async def refuse_all():
        while True:
            await two.refuse(await two.asked_for_vote(), term=1000)

    await until_above(c, 1000, refuse_all(), "requests for its vote",
                      "election_saw_term is for replies as well as requests.")


async def until_above(c: Any, term: int, answering: Any, what: str,
                      hint: str) -> None:
    """While all that the node asks is answered in a term, it comes to campaign
    in a later one. (Too late an answer is not heard: none are counted.)"""
    task = asyncio.ensure_future(answering)
    try:
        await c.until(lambda: max(campaigns(c, 1), default=0) > term,
                      f"once node 2 answers {what} in term {term}, a campaign "
                      "in a later one", ALL, hint, SOON_S)
    finally:
        task.cancel()


# The second request of a campaign, for those who ask again, is under way when
# the timeout comes: sent after 199 ms, given up after 298.
OVERLAP = {"heartbeat_ms": 100, "election_min_ms": 220, "election_max_ms": 280,
           "rpc_timeout_ms": 99}


@test("A vote of an earlier election does not count", part="B", points=3,
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
    turned_down = 0
    while turned_down < 20:
        request = await candidate_of.asked_for_vote()
        answer = await leader.beat(term_of(request))
        if answer["success"] and answer["term"] == term_of(request):
            c.note(f"node {leader.id} leads in term {answer['term']}, the "
                   "term of the campaign, and is obeyed")
            return request
        # A later term's answer: the heartbeat was late, which a busy test is.
        turned_down += answer["term"] <= term_of(request)
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


@test("A follower knows its term's leader, and no other", part="B", points=1,
      peers=[2, 3], config=CALM, rule=LEADER_OF,
      hint="A new term has no leader that anybody knows of; whoever heartbeats "
           "in it is the one.")
async def knows_its_leader(c):
    """A leader speaks, a new term begins, another leader speaks. Clients are
    sent to whom the node names."""
    two, three = await sit(c, 2, 3)
    for act, term, wanted in ((two.beat, 5, 2), (three.ask_vote, 6, -1),
                              (three.beat, 6, 3), (two.beat, 7, 2)):
        await act(term)
        named = (await c.status(1))["leader"]
        c.check(named == wanted, expected="node 1 names "
                + (f"node {wanted}" if wanted >= 0 else "nobody (-1)"),
                observed=f"it names {named}")


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

    async def answer_all():
        while True:
            request = await two.asked(Method.APPEND_ENTRIES)
            await two.asked_on.reply(request, term=term + 5, success=False)

    await until_above(c, term + 5, answer_all(), "heartbeats",
                      "A leader looks at the terms of answers, too.")


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
    terms: Counter[int] = Counter()
    # A refusal that comes after rpc_timeout_ms, from a busy test, is none.
    while len(terms) < 5 or (min(terms.values()) > 1 and len(terms) < 50):
        request = await two.asked_for_vote()
        terms[term_of(request)] += 1
        await two.refuse(request)
    await c.settle()
    counts = Counter((one.to, term_of(one))
                     for one in requests(c, Method.REQUEST_VOTE))
    most = 1 + c.config["election_max_ms"] // c.config["heartbeat_ms"]
    c.check(max(counts.values()) <= most,
            expected=f"at most {most} requests to a peer in one term: one, and "
                     "one more a heartbeat interval while none is answered",
            observed=f"{max(counts.values())} of them")
    answered = [count for (to, _), count in counts.items() if to == 2]
    c.check(min(answered) == 1, expected="one request to a peer that answers",
            observed=f"it was asked {', '.join(map(str, answered))} times in "
                     f"{len(answered)} terms")
