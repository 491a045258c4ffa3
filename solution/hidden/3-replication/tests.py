"""Lab 3, hidden: a follower that is sent whatever is drawn, and the log's
exploration once more."""

from __future__ import annotations

from conclave import exploration, sit, test
from conclave_lab_3_replication.tests_words import (CALM, COMPLETE, MATCHING,
                                                    check_applied_are,
                                                    until_applied)


@test("A follower does with every request that is drawn what Figure 2 says",
      points=6, peers=[2, 3], config=CALM, seeds=20,
      needs=("conflict_replaced", "commit_capped"), rule=MATCHING)
async def drawn_requests(c):
    """Leaders of rising terms send pieces of their logs, early, late and again.
    Each leader has all that was committed, and entries of its own behind it. A
    model of the follower says what is answered and what is applied."""
    seats = await sit(c, 2, 3)
    term, log, follower, commit = 0, [], [], 0
    for turn in range(6):
        term += c.rng.randint(1, 3)
        seat = seats[turn % 2]
        log = log[:c.rng.randint(commit, len(log))] + [
            (term, b"%d in %d" % (number, term))
            for number in range(c.rng.randint(1, 5))]
        for _ in range(5):
            prev = c.rng.randint(0, len(log))
            sent = log[prev:prev + c.rng.randint(0, 3)]
            known = c.rng.randint(commit, max(commit, min(
                len(log), len(follower))))
            msg = await seat.append(term, prev, log[prev - 1][0] if prev else 0,
                                    sent, commit=known)
            fits = follower[:prev] == log[:prev] if prev <= len(follower) \
                else False
            c.check(bool(msg["success"]) == fits and msg["term"] == term,
                    expected=f"{'success' if fits else 'refused'}, in term "
                             f"{term}: entry {prev} is "
                             f"{'' if fits else 'not '}there",
                    observed=f"{'success' if msg['success'] else 'refused'}, "
                             f"in term {msg['term']}")
            if not fits:
                continue
            for index, entry in enumerate(sent, prev):
                if follower[index:index + 1] != [entry]:
                    follower = follower[:index] + [entry]
            commit = max(commit, min(known, prev + len(sent)))
    if commit:
        await until_applied(c, 1, commit)
    check_applied_are(c, 1, follower[:commit])


@exploration("Seeds that nobody has tried: what was committed stays",
             points=4, seeds=150, plan="log", needs="agreement", rule=COMPLETE)
def untried_logs():
    """As swarm, with the seeds of this test."""
