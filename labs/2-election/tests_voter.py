"""Lab 2, part A: one voter, and the test in everybody else's place."""

from __future__ import annotations

import asyncio
from typing import Any, Sequence, Tuple

from conclave import test

from .tests_words import (ALL, CALM, DURABLE, LOG_CHECK, VOTE_1, VOTE_2,
                          check_vote, sit)


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
