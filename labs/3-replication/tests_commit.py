"""Lab 3, part B: what a leader may believe to be committed, and when."""

from __future__ import annotations

import asyncio
from typing import Any, List, Sequence, Tuple

from conclave import Follower, follow, test

from .tests_words import (COMPLETE, DURABLE, KEEN, LEADERS, OLD_TERMS, READS,
                          SOON_S, check_applied_are, entries, next_appends,
                          stored, take_over, until_applied, until_led)


def check_not_committed(c: Any, seats: Sequence[Follower], index: int,
                        term: int, why: str, rule: str, hint: str) -> None:
    """The leader of a term has not said that an entry is committed, and has
    not applied it."""
    told = max(seat.told_commit(term) for seat in seats)
    done = max((act.index for act in c.applied(1)), default=0)
    c.check(told < index and done < index,
            expected=f"entry {index} is not committed: {why}",
            observed=f"node 1 sent leader_commit {told} in term {term}"
            if told >= index else f"node 1 has applied entry {done}",
            rule=rule, hint=hint, node=1)


OLD_HINT = ("Only an entry of the leader's own term is committed by counting; "
            "those before it go along with it.")


async def led_with_seats(c: Any) -> Tuple[List[Follower], int]:
    """Node 1 leads, and entry 1 is on all nodes; from now on nodes 3, 4 and 5
    store no more. The seats, and the term."""
    seats = await follow(c, 2, 3, 4, 5)
    term = await until_led(c, *seats)
    await c.until(lambda: all(len(seat.log) == 1 for seat in seats),
                  what="entry 1 is on all nodes")
    await until_applied(c, 1, 1)
    for seat in seats[1:]:
        seat.most = 1
    return seats, term


async def old_entry_on_two(c: Any) -> Tuple[List[Follower], int, int]:
    """Figure 8, (a) and (b): node 1 leads and stores a command on itself and
    node 2 alone; then node 5 is elected. The seats, node 1's term, node 5's."""
    seats, first = await led_with_seats(c)
    two, three, four, five = seats
    asked = asyncio.ensure_future(c.propose(1, b"x"))
    await stored(c, two, b"x")
    c.note("(a) entry 2, 'x', is on nodes 1 and 2")
    two.most = 2
    two.votes = three.votes = four.votes = five.votes = False
    second = await take_over(c, five, 1, first)
    made = await asked
    c.check(made.outcome == "LOST", expected="PROPOSE 'x' is answered LOST",
            observed=f"node 1 answered {made.text or made.outcome}")
    c.note(f"(b) node 5 is elected in term {second} and has another entry 2")
    return seats, first, second


async def elect_again(c: Any, seats: Sequence[Follower], above: int) -> int:
    """These vote for node 1, until it leads in a later term: that term."""
    for seat in seats:
        seat.votes = True
    start = [len(seat.appends) for seat in seats]

    def term() -> int:
        return max((msg["term"] for seat, at in zip(seats, start)
                    for msg in seat.sent_since(at)), default=0)

    await c.until(lambda: term() > above, limit_s=SOON_S,
                  what=f"node 1 leads again, in a term above {above}")
    return term()


async def old_entry_on_three(c: Any
                             ) -> Tuple[List[Follower], int, int, int]:
    """The same up to (c): node 1 leads again, and its old entry 2 reaches node
    3, but nothing behind it. The seats, the three terms."""
    seats, first, second = await old_entry_on_two(c)
    two, three, four, _ = seats
    three.most = 2
    third = await elect_again(c, (two, three, four), second)
    await c.until(lambda: three.index_of(b"x") == 2, rule=LEADERS + " 3",
                  what="entry 2 reaches node 3, which stores no more than that")
    return seats, first, second, third


@test("Figure 8, step by step: an old entry on a majority is not committed",
      part="B", points=3, ids=[1, 2, 3, 4, 5], peers=[2, 3, 4, 5], config=KEEN,
      needs="minority_commits_nothing", rule=OLD_TERMS, hint=OLD_HINT)
async def figure_8(c):
    """(a) Node 1 leads, and entry 2 reaches node 2. (b) Node 5 leads. (c) Node
    1 leads again; nodes 2 and 3 store entry 2, which three of five now hold,
    but not yet the no-op behind it. (d) Node 5 leads again and overwrites."""
    seats, first, second, third = await old_entry_on_three(c)
    two, three, four, five = seats
    await next_appends(c, two)
    await next_appends(c, three)
    c.note(f"(c) in term {third} entry 2 of term {first} is on nodes 1, 2, 3")
    check_not_committed(
        c, seats, 2, third, f"it is on three of five nodes, but of term "
        f"{first}; node 5 can still be elected, without it", OLD_TERMS,
        OLD_HINT)
    for seat in (two, three, four):
        seat.votes = False
    await take_over(c, five, 1, first, [(second, b"y")], 2)
    c.note("(d) node 5 is elected again, overwrites entry 2 and commits it")
    await until_applied(c, 1, 2)
    check_applied_are(c, 1, [(first, b""), (second, b"y")], rule=OLD_TERMS)


@test("Figure 8, the other way: a new entry commits the old ones before it",
      part="B", points=2, ids=[1, 2, 3, 4, 5], peers=[2, 3, 4, 5], config=KEEN,
      needs="minority_commits_nothing", rule=OLD_TERMS)
async def old_goes_with_new(c):
    """(a), (b) and (c) as before; then (e): nodes 2 and 3 store the entry of
    node 1's own term as well."""
    seats, first, _, third = await old_entry_on_three(c)
    two, three = seats[:2]
    two.most = three.most = None
    c.note(f"(e) now nodes 2 and 3 store the entry of term {third} too")
    await until_applied(c, 1, 3, hint="Look for the highest index that a "
                        "majority has and that is of the current term: an "
                        "older entry on the way is no reason to stop.")
    check_applied_are(c, 1, [(first, b""), (first, b"x"), (third, b"")],
                      rule=OLD_TERMS)
    made = await c.propose(1, b"z")
    c.check(made.ok, expected="the leader goes on: 'z' is committed",
            observed=f"node 1 answered {made.text or made.outcome}")


@test("What a peer stored in an old term is not counted in a new one",
      part="B", points=2, ids=[1, 2, 3, 4, 5], peers=[2, 3, 4, 5], config=KEEN,
      needs="minority_commits_nothing",
      rule="Raft paper, Figure 2, State: matchIndex[] is reinitialized after "
           "election",
      hint="replication_lead sets every matchIndex to 0, and an answer to a "
           "request of an earlier term says nothing.")
async def match_starts_anew(c):
    """Node 2 acknowledged three entries; of these, node 5's leadership has
    replaced the last two on node 1. Node 1 leads again: its entry 3 is another
    now, and node 2 does not answer any more."""
    seats, first = await led_with_seats(c)
    two, three, four, five = seats
    asked = [asyncio.ensure_future(c.propose(1, name)) for name in (b"a", b"b")]
    await c.until(lambda: len(two.log) == 3, what="node 2 stores entry 3")
    await next_appends(c, two, 2)
    for seat in seats:
        seat.votes = False
    second = await take_over(c, five, 1, first, [(first + 1, b"y")])
    await asyncio.gather(*asked)
    two.holding = four.holding = five.holding = True
    three.most = None
    third = await elect_again(c, (two, three, four), second)
    await c.until(lambda: len(three.log) == 3,
                  what=f"node 3 stores entries 2 and 3, of term {third}")
    await next_appends(c, three)
    check_not_committed(
        c, seats, 2, third, "it is on nodes 1 and 3; node 2 has acknowledged "
        f"an entry 3 in term {first}, but that was another",
        LEADERS + " 4", "Is matchIndex reset when an election is won?")
    two.held.clear()
    two.holding = False
    await until_applied(c, 1, 3)
    check_applied_are(c, 1, [(first, b""), (first + 1, b"y"), (third, b"")])


@test("A leader counts itself only when its own disk has the entry", part="B",
      points=2, peers=[2, 3], needs="majority_commits",
      config={"heartbeat_ms": 60, "election_min_ms": 220,
              "election_max_ms": 400, "rpc_timeout_ms": 55,
              "store_sync_ms": 100},
      rule=COMPLETE,
      hint="The leader may send an entry before its own sync, but a majority "
           "is a majority of disks: its own matchIndex rises after "
           "await_store_sync.")
async def own_disk_counts(c):
    """The leader's store takes 100 ms to sync; node 2 answers at once, node 3
    never. As soon as a command is said to be committed the leader is killed.
    Its disk must have it: else one of three has."""
    two, three = await follow(c, 2, 3)
    three.holding = True
    await until_led(c, two, three)
    made = await c.propose(1, b"a")
    c.check(made.ok, expected="'a' is committed: node 2 has stored it",
            observed=f"node 1 answered {made.text or made.outcome}")
    await c.kill(1)
    start = len(two.vote_requests)
    await c.start(1)
    await c.until(lambda: len(two.vote_requests) > start,
                  what="node 1 campaigns, and says where its log ends")
    last = two.vote_requests[start].msg["last_log_index"]
    c.check(last >= made.index,
            expected=f"its log ends at {made.index} or later: it said that "
                     "entry was committed before the crash",
            observed=f"it ends at {last}", rule=DURABLE, node=1)


# Leadership, confirmed

@test("A leader is confirmed by a majority, and by nothing less", part="B",
      points=2, ids=[1, 2, 3, 4, 5], peers=[2, 3, 4, 5], config=KEEN,
      needs="majority_commits", rule=READS,
      hint="await_leadership: send AppendEntries (a heartbeat will do), and "
           "wait until a majority has answered it in this term; or until the "
           "leadership ends: whoever waits is told then.")
async def confirmed_by_majority(c):
    """CONFIRM while two peers answer, while one does, and while a second one
    refuses since another leads."""
    two, three, four, five = seats = await follow(c, 2, 3, 4, 5)
    await until_led(c, *seats)
    four.holding = five.holding = True
    reply = await c.confirm(1)
    c.check(reply == "OK", expected="OK: nodes 2 and 3 answer",
            observed=f"CONFIRM was answered {reply}")
    three.holding = True
    asked = asyncio.ensure_future(c.confirm(1))
    await next_appends(c, two, 4)
    c.check(not asked.done(), expected="no answer: two of five are no majority",
            observed="CONFIRM was answered "
                     + (asked.result() if asked.done() else ""))
    for seat in seats:
        seat.votes = False
    term = await take_over(c, three)
    reply = await asked
    c.check(reply == "LOST", expected=f"LOST: node 3 leads in term {term}",
            observed=f"CONFIRM was answered {reply}")


@test("A leader is not confirmed by answers to what it sent before", part="B",
      points=2, peers=[2, 3], config=KEEN, needs="confirmed_by_majority",
      rule=READS,
      hint="Only answers to requests that were sent after the question began "
           "prove anything: number the rounds.")
async def not_by_old_answers(c):
    """Both peers have heartbeats in their hands when CONFIRM is asked, and
    answer these, but none that is sent from then on."""
    two, three = await follow(c, 2, 3)
    await until_led(c, two, three)
    for _ in range(3):
        two.holding = three.holding = True
        await c.until(lambda: two.held and three.held, limit_s=SOON_S,
                      what="a heartbeat in each peer's hands")
        old = [(seat, seat.held) for seat in (two, three)]
        two.held, three.held = [], []
        asked = asyncio.ensure_future(c.confirm(1))
        await c.sleep(5)
        for seat, held in old:
            for frame in held:
                await seat.answer(frame)
        await c.sleep(20)
        c.check(not asked.done(),
                expected="no answer yet: what the peers have answered was sent "
                         "before CONFIRM was asked",
                observed="CONFIRM was answered "
                         + (asked.result() if asked.done() else ""))
        await two.release()
        await three.release()
        reply = await asked
        c.check(reply == "OK", expected="OK, once later ones are answered",
                observed=f"CONFIRM was answered {reply}")
