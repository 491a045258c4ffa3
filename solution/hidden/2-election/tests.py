"""Lab 2, hidden: ballots that are drawn, and a cluster of six."""

from __future__ import annotations

from conclave import test
from conclave_lab_2_election.tests_words import (BRISK, CALM, PROGRESS, VOTE_2,
                                                 agree, check_none_rose,
                                                 check_one_leader_a_term,
                                                 check_vote, others, sit,
                                                 rounds_of_campaigns, top_term)

VOTERS_LOG = [1, 1, 3, 3, 4]  # its last entry is 5, of term 4


@test("A voter answers every ballot that is drawn as Figure 2 says", points=6,
      peers=[2, 3, 4], nodes=4, config=CALM, logs={1: VOTERS_LOG}, seeds=20,
      needs=("one_vote_a_term", "logs_behind_refused"), rule=VOTE_2)
async def drawn_ballots(c):
    """Three candidates ask forty times, in terms and with logs that are drawn;
    now and then the voter is killed and started. A model of five lines says who
    gets the vote."""
    seats = await sit(c, 2, 3, 4)
    term, voted = 4, None
    for _ in range(40):
        if c.rng.random() < 0.1:
            await c.restart(1)
            seats = await sit(c, 2, 3, 4)
        seat = c.rng.choice(seats)
        asked = max(5, term + c.rng.choice([-1, 0, 0, 0, 1, 1, 3]))
        last_term, index = c.rng.choice([3, 4, 4, 5]), c.rng.randint(3, 7)
        if asked > term:
            term, voted = asked, None
        good = (last_term, index) >= (VOTERS_LOG[-1], len(VOTERS_LOG))
        granted = asked == term and good and voted in (None, seat.id)
        if granted:
            voted = seat.id
        check_vote(c, await seat.ask_vote(asked, index, last_term), granted,
                   term, f"its term is {asked}, its last entry {index} of term "
                         f"{last_term}, and the vote of term {term} "
                         f"{'is free' if voted is None else f'is {voted}s'}",
                   VOTE_2)


@test("Six nodes: three and three elect nobody, four and two do", points=4,
      nodes=6, config=BRISK, needs="even_halves", rule=PROGRESS)
async def six_apart(c):
    """The halves are drawn; after them, two are cut off, the leader among
    them."""
    await agree(c)
    side = c.rng.sample(list(c.ids), 3)
    await c.partition(side, others(c, *side))
    await c.settle()
    top = top_term(c)
    await rounds_of_campaigns(c, c.ids, 3, len(c.frames))  # of who is deserted
    await c.settle()
    check_none_rose(c, top, 0, "no half has four of six nodes")
    await c.heal()
    leader, term = await agree(c)
    away = [leader, c.rng.choice(others(c, leader))]
    await c.partition(away, others(c, *away))
    await agree(c, others(c, *away), above_term=term)
    await c.heal()
    await agree(c, above_term=term)
    check_one_leader_a_term(c)
