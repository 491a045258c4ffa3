"""Lab 3, part B: one leader, and the test in its followers' places."""

from __future__ import annotations

import asyncio

from conclave import follow, test

from .tests_words import (ALL, BACKTRACK, KEEN, LEADERS, NO_OP, PROPOSE, REPLY,
                          SOON_S, check_applied_are, entries, next_appends,
                          sent_entries, stored, take_over, until_applied,
                          until_led)

OLD = [(1, b""), (1, b""), (2, b"")]


@test("A new leader begins behind its last entry, with a no-op", part="B",
      points=2, peers=[2, 3], config=KEEN, logs={1: [1, 1, 2]}, rule=NO_OP,
      hint="replication_lead: nextIndex is the last index + 1, as it was when "
           "the election was won; then an empty entry of the new term is "
           "appended.")
async def begins_with_no_op(c):
    """A node with three entries is elected. Its peers have the same three."""
    seats = await follow(c, 2, 3, limit_s=SOON_S, logs={2: OLD, 3: OLD})
    term = await until_led(c, *seats)
    for seat in seats:
        first = seat.sent_since()[0]
        c.check(first["prev_log_index"] == 3 and first["prev_log_term"] == 2,
                expected="the first AppendEntries behind entry 3 of term 2, "
                         "the last that a follower could have",
                observed=f"prev_log_index {first['prev_log_index']}, "
                         f"prev_log_term {first['prev_log_term']}",
                rule="Raft paper, Figure 2, State, nextIndex[]")
        await c.until(lambda: len(seat.log) >= 4, limit_s=SOON_S,
                      what=f"an entry of term {term} for node {seat.id}")
        c.check(seat.log == OLD + [(term, b"")],
                expected=f"one entry behind the three: empty, of term {term}",
                observed=f"entry 4 has {len(seat.log[3][1])} bytes and is of "
                         f"term {seat.log[3][0]}, of {len(seat.log)} entries")
    await until_applied(c, 1, 4)
    check_applied_are(c, 1, OLD + [(term, b"")])


@test("What a majority has stored is committed, applied and answered",
      part="B", points=2, peers=[2, 3], config=KEEN, needs="begins_with_no_op",
      rule=LEADERS + " 4")
async def majority_commits(c):
    """One of two peers never answers. Three commands are proposed: the answer
    names the place of each, and the other peer hears that it is committed."""
    two, three = await follow(c, 2, 3)
    three.holding = True
    term = await until_led(c, two, three)
    for name in (b"a", b"b", b"c"):
        made = await c.propose(1, name)
        c.check(made.ok and made.term == term
                and made.index == two.index_of(name),
                expected=f"PROPOSE {made.shown} is answered [index, term]: "
                         f"[{two.index_of(name)}, {term}], where node 2 has "
                         "stored it",
                observed=f"node 1 answered {made.text or made.outcome} "
                         f"[{made.index}, {made.term}]", rule=PROPOSE)
        c.check(len(c.applied(1)) >= made.index,
                expected=f"{made.shown} has been applied when it is answered",
                observed=f"node 1 has applied {len(c.applied(1))} entries",
                rule=PROPOSE)
        await c.until(lambda: two.told_commit() >= made.index,
                      what=f"leader_commit {made.index} in an AppendEntries",
                      hint="Every AppendEntries carries commit_index as it is "
                           "when it is sent, heartbeats too.")
    check_applied_are(c, 1, [(term, b"")] + entries(term, "a", "b", "c"))


@test("Less than a majority commits nothing", part="B", points=2,
      ids=[1, 2, 3, 4, 5], peers=[2, 3, 4, 5], config=KEEN,
      needs="majority_commits", rule=LEADERS + " 4",
      hint="Three of five, the leader among them: sort the matchIndexes, or "
           "count for each index.")
async def minority_commits_nothing(c):
    """One of four peers stores what it is sent; then a second one does too."""
    two, three, *rest = await follow(c, 2, 3, 4, 5)
    for seat in (three, *rest):
        seat.holding = True
    await until_led(c, two, three, *rest)
    asked = asyncio.ensure_future(c.propose(1, b"a"))
    index = await stored(c, two, b"a")
    await next_appends(c, two)
    c.check(two.told_commit() == 0 and not c.applied(1) and not asked.done(),
            expected="nothing is committed: two of five nodes have it",
            observed=f"leader_commit {two.told_commit()}, and node 1 has "
                     f"applied {len(c.applied(1))} entries", node=1)
    c.note("now node 3 stores it too")
    three.held.clear()
    three.holding = False
    made = await asked
    c.check(made.ok and made.index == index,
            expected=f"[{index}, ...]: three of five nodes have it",
            observed=f"node 1 answered {made.text or made.outcome}")


@test("An acknowledged part counts, and no more than that", part="B", points=1,
      peers=[2, 3], config=KEEN, needs="majority_commits", rule=REPLY,
      hint="matchIndex is what the reply's match_index says: not what was "
           "sent, and not where the log ends when the reply comes.")
async def partial_success(c):
    """A follower stores one entry of what it is sent, and says so; then one
    more, and so on. The other never answers."""
    two, three = await follow(c, 2, 3)
    three.holding = True
    two.most = 0
    term = await until_led(c, two, three)
    asked = [asyncio.ensure_future(c.propose(1, name))
             for name in (b"a", b"b", b"c")]
    await c.until(lambda: max(sent_entries(two), default=(0, 0))[0] >= 4,
                  what="four entries are sent to node 2", limit_s=SOON_S)
    for most in range(5):
        two.most = most
        await c.until(lambda: len(two.log) == most, rule=LEADERS + " 3",
                      what=f"entry {most} is sent to node 2, which has "
                           f"acknowledged {max(0, most - 1)}",
                      hint="After a success, go on behind match_index, "
                           "whatever was sent.")
        await next_appends(c, two, 2)
        c.check(two.told_commit() <= most and len(c.applied(1)) <= most,
                expected=f"entries up to {most} are committed: node 2 has "
                         "said that it holds no more",
                observed=f"leader_commit {two.told_commit()}, and node 1 has "
                         f"applied {len(c.applied(1))} entries", node=1)
    made = await asyncio.gather(*asked)
    c.check(all(one.ok for one in made), expected="all three are committed",
            observed=", ".join(one.text or one.outcome for one in made))
    check_applied_are(c, 1, two.log)
    c.check_applied()


@test("An answer is about its own request", part="B", points=2, peers=[2, 3],
      config=KEEN, needs="majority_commits", rule=LEADERS + " 3",
      hint="By the time an answer comes the log has grown: remember what was "
           "sent with each request, or believe the reply's match_index.")
async def answers_their_request(c):
    """While the first request waits for its answer, three commands are
    proposed. Then it is answered: one entry is stored. Of what was sent later,
    nothing is acknowledged."""
    two, three = await follow(c, 2, 3)
    two.holding = three.holding = True
    await until_led(c, two, three)
    await c.until(lambda: any(one.msg["entries"] for one in two.held),
                  what="the first entry is sent to node 2", limit_s=SOON_S)
    asked = [asyncio.ensure_future(c.propose(1, name))
             for name in (b"a", b"b", b"c")]
    await c.sleep(20)
    two.most = 1
    await two.release()
    await next_appends(c, two, 3)
    c.check(two.told_commit() <= 1 and len(c.applied(1)) <= 1,
            expected="only entry 1 is committed: node 2 has said that it "
                     "stored so far",
            observed=f"leader_commit {two.told_commit()}, and node 1 has "
                     f"applied {len(c.applied(1))} entries", node=1)
    two.most = None
    made = await asyncio.gather(*asked)
    c.check(all(one.ok for one in made), expected="all three are committed",
            observed=", ".join(one.text or one.outcome for one in made))
    c.check_applied()


NODE_LOG = [1] * 3 + [4] * 50
SHORT = [(1, b"")] * 2
DIVERGED = [(1, b"")] * 3 + [(2, b"")] * 25 + [(3, b"")] * 25
BEHIND = [(1, b"")] * 60


@test("Fifty divergent entries are found in a few round trips", part="B",
      points=2, peers=[2, 3, 4], ids=[1, 2, 3, 4], config=KEEN,
      logs={1: NODE_LOG}, needs="begins_with_no_op", rule=BACKTRACK,
      hint="A rejection says which term conflicts and where it begins: go "
           "behind your own last entry of that term, or to conflict_index.")
async def backtracks_fast(c):
    """A leader of 53 entries finds followers of 53, 60 and 2, who have 50, 57
    and no entries of other terms behind those that match."""
    seats = await follow(c, 2, 3, 4, logs={2: DIVERGED, 3: BEHIND, 4: SHORT})
    term = await until_led(c, *seats)
    want = [(one, b"") for one in NODE_LOG + [term]]
    for seat in seats:
        await c.until(lambda: seat.log[:len(want)] == want,
                      what=f"node {seat.id}'s log becomes the leader's")
        c.check(seat.refused <= 12, expected="a rejection for each term that "
                "conflicts: a handful",
                observed=f"node {seat.id} had to refuse {seat.refused} times "
                         "until the leader had found where the logs part")
    await until_applied(c, 1, len(want))


@test("A leader that learns of a higher term in an answer leads no more",
      part="B", points=2, peers=[2, 3], config=KEEN,
      needs="majority_commits", rule=ALL + " 2",
      hint="election_saw_term(answer.term) before anything else is done with "
           "an answer; then look again whether this node still leads. What "
           "waited for the leadership is answered PROPOSED_LOST.")
async def deposed_by_answer(c):
    """A follower refuses an AppendEntries: it is in a later term. Whoever has
    proposed meanwhile is told that this is lost."""
    two, three = await follow(c, 2, 3)
    term = await until_led(c, two, three)
    two.most = three.most = len(two.log)
    two.votes = three.votes = False
    asked = asyncio.ensure_future(c.propose(1, b"a"))
    await c.until(lambda: any((term, b"a") in msg["entries"]
                              for msg in two.sent_since()),
                  what="the command is sent to node 2", limit_s=SOON_S)
    two.term = term + 5
    c.note(f"node 2 is in term {two.term} now, and says so")
    await c.until(lambda: any(one.msg["term"] > term + 5
                              for one in two.vote_requests),
                  what="node 1 leads no more, and campaigns again, as a "
                       "follower does that hears no leader", limit_s=SOON_S)
    made = await asked
    c.check(made.outcome == "LOST", expected="PROPOSE is answered LOST",
            observed=f"node 1 answered {made.text or made.outcome}",
            rule=PROPOSE)
    start = len(two.appends)
    two.votes = three.votes = True
    two.most = three.most = None
    await c.until(lambda: two.index_of(b"a") and three.index_of(b"a"),
                  what="the entry, still in node 1's log, reaches its peers in "
                       "its next term")
    first = two.sent_since(start)[0]
    last = two.index_of(b"a")
    c.check(first["prev_log_index"] == last,
            expected="the next leadership begins behind node 1's last entry, "
                     f"which is {last}",
            observed=f"prev_log_index {first['prev_log_index']}",
            rule="Raft paper, Figure 2, State: reinitialized after election")


@test("A peer that is silent for long is not given up", part="B", points=1,
      peers=[2, 3], config=KEEN, needs="majority_commits", rule=LEADERS + " 3",
      hint="\"If followers crash or run slowly, or if network packets are "
           "lost, the leader retries AppendEntries RPCs indefinitely.\" "
           "(section 5.3)")
async def silent_peer(c):
    """A peer answers nothing while ten commands are committed with the other;
    when it speaks again, it gets them all."""
    two, three = await follow(c, 2, 3)
    await until_led(c, two, three)
    three.holding = True
    for number in range(10):
        made = await c.propose(1, b"command %d" % number)
        c.check(made.ok, expected="committed: node 2 has stored it",
                observed=f"node 1 answered {made.text or made.outcome}")
    await next_appends(c, three)
    three.held.clear()
    three.holding = False
    await c.until(lambda: three.log == two.log,
                  what="node 3's log becomes as long as node 2's")


@test("A command with another entry in its place is lost, and said to be",
      part="B", points=2, peers=[2, 3], config=KEEN, needs="majority_commits",
      rule=PROPOSE,
      hint="That the entry at its index has been applied says nothing: was it "
           "of its term? A deposed leader answers all who wait.")
async def overwritten_is_lost(c):
    """A leader has stored a command alone. Node 3 leads next, and commits
    another command at that very index."""
    two, three = await follow(c, 2, 3)
    first = await until_led(c, two, three)
    await until_applied(c, 1, 1)
    two.most = three.most = 1
    two.votes = three.votes = False
    asked = asyncio.ensure_future(c.propose(1, b"mine"))
    await c.until(lambda: any((first, b"mine") in msg["entries"]
                              for msg in two.sent_since()),
                  what="the command is sent to node 2", limit_s=SOON_S)
    term = await take_over(c, three, 1, first, [(first + 1, b"other")], 2)
    made = await asked
    c.check(made.outcome == "LOST",
            expected="PROPOSE 'mine' is answered LOST: entry 2 is node 3's "
                     f"'other', of a later term ({term})",
            observed=f"node 1 answered {made.text or made.outcome} "
                     f"[{made.index}, {made.term}]", node=1)
    await until_applied(c, 1, 2)
    check_applied_are(c, 1, [(first, b""), (first + 1, b"other")])


@test("Too many proposals at once are refused at once", part="B", points=1,
      peers=[2, 3], config=dict(KEEN, proposals_max=3),
      needs="majority_commits", rule=PROPOSE,
      hint="PROPOSED_BUSY if proposals_max are waiting already.")
async def too_many_proposals(c):
    """Three may wait, and three do, since nobody acknowledges. The fourth is
    not taken. Then all is well again."""
    two, three = await follow(c, 2, 3)
    await until_led(c, two, three)
    two.most = three.most = 1
    asked = [asyncio.ensure_future(c.propose(1, name))
             for name in (b"a", b"b", b"c")]
    await c.until(lambda: max(sent_entries(two), default=(0, 0))[0] >= 4,
                  what="three commands are sent to node 2", limit_s=SOON_S)
    made = await c.propose(1, b"d")
    c.check(made.outcome == "BUSY", expected="BUSY: three are waiting",
            observed=f"node 1 answered {made.text or made.outcome}")
    two.most = three.most = None
    made = await asyncio.gather(*asked)
    c.check(all(one.ok for one in made), expected="the three are committed",
            observed=", ".join(one.text or one.outcome for one in made))
    made = await c.propose(1, b"e")
    c.check(made.ok, expected="none waits any more: the next one is taken",
            observed=f"node 1 answered {made.text or made.outcome}")
    c.check_applied()
