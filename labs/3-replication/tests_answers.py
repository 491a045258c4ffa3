"""Lab 3, part B: answers that come late, in another order, or not at all.

What is counted here is counted in the simulated world alone: on a busy machine
calls time out and are made again, rightly.
"""

from __future__ import annotations

import asyncio
from typing import Any, List

from conclave import Follower, Frame, follow, test

from .tests_traffic import BUDGET, quiet
from .tests_words import (BACKTRACK, KEEN, LEADERS, SLOW, SOON_S, next_appends,
                          sent_entries, stored, until_led)

IMPATIENT = dict(SLOW, rpc_timeout_ms=200)
SLOW_DISK = dict(SLOW, store_sync_ms=200)


async def three_under_way(c: Any, seat: Follower, names: List[bytes]
                          ) -> "tuple[List[asyncio.Task[Any]], List[Frame]]":
    """Proposes three commands so that each leaves in a request of its own,
    which the seat keeps: the proposals, the requests."""
    asked = []
    for name in names:
        asked.append(asyncio.ensure_future(c.propose(1, name)))
        await c.until(lambda: any(data == name for one in seat.held
                                  for _, data in one.msg["entries"]),
                      what=f"'{name.decode()}' is sent to node {seat.id} "
                           "without a wait for answers", limit_s=SOON_S)
    return asked, [one for one in seat.held if one.msg["entries"]]


async def refuse(seat: Follower, frame: Frame, index: int) -> None:
    """As a follower whose log was too short when the request came."""
    await seat.asked_on.reply(frame, term=seat.term, success=False,
                              conflict_index=index, conflict_term=0)


@test("Requests overtake each other, and little is sent again", part="B",
      points=2, peers=[2, 3], config=SLOW, needs="pipelines", worlds=("sim",),
      rule=BUDGET,
      hint="Clamp next above match, in one place; and a rejection of something "
           "sent before next was last set back says nothing new.")
async def overtaking_requests(c):
    """Three requests are under way to a follower; the network turns their order
    round, so that it can store only the first. Its answers come in the order of
    the requests, and next time with a rejection first. What the leader says
    meanwhile is answered last to first."""
    two, three = await follow(c, 2, 3)
    await until_led(c, two, three)
    for names in ([b"a", b"b", b"c"], [b"d", b"e", b"f"]):
        await quiet(c, two, three)
        base = len(two.log)
        two.holding = True
        asked, frames = await three_under_way(c, two, names)
        c.check(len(frames) == 3, expected="three requests, a command in each",
                observed=f"{len(frames)} requests with entries")
        start = len(two.appends)
        if names[0] == b"a":
            await two.answer(frames[0])
            await refuse(two, frames[1], base + 1)
        else:
            await refuse(two, frames[1], base + 1)
            await c.sleep(20)
            await two.answer(frames[0])
        await c.sleep(20)
        confirmed = len(two.appends)
        await refuse(two, frames[2], base + 1)
        await c.sleep(20)
        left = [one for one in two.held if one not in frames]
        two.held.clear()
        for frame in reversed(left):
            await two.answer(frame)
            await c.sleep(20)
        await two.release()
        made = await asyncio.gather(*asked)
        c.check(all(one.ok for one in made), expected="all are committed",
                observed=", ".join(one.text or one.outcome for one in made))
        await c.until(lambda: len(two.log) == base + 3,
                      what="node 2 has all three")
        since = two.sent_since(start if names[0] == b"a" else confirmed)
        lowest = min((msg["prev_log_index"] for msg in since), default=base + 1)
        c.check(lowest > base,
                expected=f"nothing before entry {base + 1} is asked: node 2 "
                         "has confirmed that it matches there",
                observed=f"an AppendEntries with prev_log_index {lowest}",
                rule=LEADERS + " 3")
        again = [index for index, _ in sent_entries(two, start)]
        c.check(all(again.count(index) <= 1 for index in again),
                expected="what was rejected is sent once more",
                observed=f"entries {again} were sent after the rejections")


@test("A rejection without a hint is a rejection", part="B", points=1,
      peers=[2, 3], config=KEEN, logs={1: [1, 1, 2]},
      needs="begins_with_no_op", rule=BACKTRACK,
      hint="next is at least match + 1, whatever an answer says.")
async def no_hint(c):
    """A follower with an empty log refuses, and leaves conflict_index at 0."""
    two, three = await follow(c, 2, 3)
    two.holding = True
    await until_led(c, two, three)
    for frame in two.held:
        await refuse(two, frame, 0)
    two.held.clear()
    two.holding = False
    await c.until(lambda: len(two.log) >= 4 and two.log == three.log,
                  what="node 2 gets the whole log", limit_s=SOON_S)


@test("Half of an even cluster commits nothing", part="B", points=1,
      ids=[1, 2, 3, 4], peers=[2, 3, 4], config=KEEN,
      needs="minority_commits_nothing", rule=LEADERS + " 4",
      hint="A majority of four is three.")
async def half_commits_nothing(c):
    """Of three peers one stores what it is sent; then a second one does too."""
    two, three, four = await follow(c, 2, 3, 4)
    three.holding = four.holding = True
    await until_led(c, two, three, four)
    asked = asyncio.ensure_future(c.propose(1, b"a"))
    await stored(c, two, b"a")
    await next_appends(c, two)
    c.check(two.told_commit() == 0 and not c.applied(1) and not asked.done(),
            expected="nothing is committed: two of four nodes have it",
            observed=f"leader_commit {two.told_commit()}, and node 1 has "
                     f"applied {len(c.applied(1))} entries", node=1)
    three.held.clear()
    three.holding = False
    made = await asked
    c.check(made.ok, expected="committed: three of four nodes have it",
            observed=f"node 1 answered {made.text or made.outcome}")


@test("Successes that overtake each other take nothing back", part="B",
      points=1, peers=[2, 3], config=SLOW_DISK, needs="pipelines",
      worlds=("sim",),
      rule="Raft paper, Figure 2, State: matchIndex[] increases monotonically",
      hint="matchIndex rises to what an answer confirms, if that is more.")
async def answers_overtake(c):
    """Three requests are answered, the last one first, before the leader's own
    disk has the entries; then it has them, and they are committed although
    nobody says anything more."""
    two, three = await follow(c, 2, 3)
    await until_led(c, two, three)
    await quiet(c, two, three)
    base = len(two.log)
    two.holding = three.holding = True
    asked, frames = await three_under_way(c, two, [b"a", b"b", b"c"])
    for frame in frames:
        two.log += frame.msg["entries"]
    for frame in reversed(frames):
        await two.asked_on.reply(
            frame, term=two.term, success=True,
            match_index=frame.msg["prev_log_index"]
            + len(frame.msg["entries"]))
    await c.sleep(3 * c.config["store_sync_ms"])
    c.check(all(one.done() for one in asked),
            expected=f"entries up to {base + 3} are committed: node 2 has "
                     "confirmed them, and node 1's disk has them",
            observed=f"{sum(one.done() for one in asked)} of three proposals "
                     "are answered", node=1)
    await two.release()
    await three.release()
    await quiet(c, two, three)
    places = [index for index, _ in sent_entries(two)]
    c.check(len(places) == len(set(places)),
            expected="every entry is sent once: all were confirmed",
            observed=f"entries {places} were sent to node 2", rule=BUDGET)


@test("A peer that does not answer is asked once a heartbeat, and sent nothing "
      "twice", part="B", points=2, peers=[2, 3], config=IMPATIENT,
      needs="silent_peer", worlds=("sim",), rule=BUDGET,
      hint="What was sent may have arrived: ask behind it, without entries, "
           "when the next heartbeat is due.")
async def silent_peer_budget(c):
    """Three commands are sent to a peer that says nothing for twelve
    heartbeats; calls time out after a fifth of one. Then it answers again."""
    two, three = await follow(c, 2, 3)
    await until_led(c, two, three)
    await quiet(c, two, three)
    three.holding = True
    start = len(three.appends)
    for name in (b"a", b"b", b"c"):
        await c.propose(1, name)
    await c.sleep(12 * c.config["heartbeat_ms"])
    count = len(three.appends) - start
    c.check(count <= 3 + 12 + 2, expected="an AppendEntries for each command "
            "and one a heartbeat: 17 or less",
            observed=f"{count} were sent to node 3")
    places = [index for index, _ in sent_entries(three, start)]
    c.check(len(places) == len(set(places)),
            expected="no entry is sent again to a peer that does not answer",
            observed=f"entries {places} were sent to node 3")
    three.held.clear()
    three.holding = False
    await c.until(lambda: three.log == two.log, rule=LEADERS + " 3",
                  what="node 3's log becomes as long as node 2's, once it "
                       "answers",
                  hint="Whoever fails is no longer under way.")


@test("A follower that makes no progress is not pressed", part="B", points=1,
      peers=[2, 3], config=KEEN, needs="partial_success", worlds=("sim",),
      rule=BUDGET,
      hint="A success that confirms nothing new is no reason to send the same "
           "at once: wait for the next heartbeat.")
async def full_follower_budget(c):
    """Node 3 stores nothing more, and says so: success, but no more than
    before. This goes on for ten heartbeats; then it can store again."""
    two, three = await follow(c, 2, 3)
    await until_led(c, two, three)
    await quiet(c, two, three)
    three.most = len(three.log)
    start = len(three.appends)
    made = await c.propose(1, b"a")
    c.check(made.ok, expected="'a' is committed: node 2 has it",
            observed=f"node 1 answered {made.text or made.outcome}")
    await c.sleep(10 * c.config["heartbeat_ms"])
    count = len(three.appends) - start
    c.check(count <= 26, expected="two AppendEntries a heartbeat at most: 26 "
            "or less", observed=f"{count} were sent to node 3")
    three.most = None
    await c.until(lambda: three.log == two.log, what="node 3 gets 'a'")


@test("A follower that takes back what it confirmed harms nobody else",
      part="B", points=1, peers=[2, 3], config=KEEN, needs="majority_commits",
      worlds=("sim",), rule=BUDGET,
      hint="It rejects at match or below it: there is nothing to find there. "
           "Ask again with the next heartbeat.")
async def lost_log_budget(c):
    """Node 3 loses its log, which no Raft node may. Its rejections must not
    make the leader ask again and again without a pause."""
    two, three = await follow(c, 2, 3)
    await until_led(c, two, three)
    await c.propose(1, b"a")
    await quiet(c, two, three)
    three.log.clear()
    start = len(three.appends)
    await c.sleep(10 * c.config["heartbeat_ms"])
    count = len(three.appends) - start
    c.check(count <= 26, expected="two AppendEntries a heartbeat at most: 26 "
            "or less", observed=f"{count} were sent to node 3")
    made = await c.propose(1, b"b")
    c.check(made.ok, expected="'b' is committed with node 2",
            observed=f"node 1 answered {made.text or made.outcome}")
