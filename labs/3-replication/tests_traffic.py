"""Lab 3, part B: what a leader spends: messages, bytes, round trips.

These run in the simulated world alone: on a busy machine calls time out and
are made again, rightly, and no count holds.
"""

from __future__ import annotations

import asyncio
from typing import Any, List

from conclave import Follower, follow, test

from .tests_words import (LEADERS, READS, SLOW, sent_entries, until_led)

BUDGET = ("the leader's budget (handout/node/config.h, append_max_bytes, "
          "append_window)")


def propose_all(c: Any, names: List[bytes]) -> "asyncio.Future[Any]":
    """Proposes all of them at once."""
    return asyncio.gather(*(asyncio.ensure_future(c.propose(1, name))
                            for name in names))


async def quiet(c: Any, *seats: Follower) -> None:
    """Waits until these have stored all that there is, and know it."""
    await c.until(lambda: all(
        seat.log and seat.sent_since()[-1]["leader_commit"] >= len(seat.log)
        and len(seat.log) == len(seats[0].log) for seat in seats),
        what="every peer has all entries, and knows that they are committed")


@test("The next AppendEntries does not wait for the last one's answer",
      part="B", points=2, peers=[2, 3], config=SLOW,
      needs="majority_commits", worlds=("sim",), rule=BUDGET,
      hint="nextIndex moves when entries are sent, not when they are "
           "acknowledged; one coroutine a call, append_window of them at most.")
async def pipelines(c):
    """Nobody answers. One command is proposed and sent; then a second one,
    which must leave behind the first while that is unanswered."""
    two, three = await follow(c, 2, 3)
    await until_led(c, two, three)
    await c.propose(1, b"first")
    two.holding = three.holding = True
    first = propose_all(c, [b"a"])
    await c.until(lambda: any(b"a" == data for one in two.held
                              for _, data in one.msg["entries"]),
                  what="'a' is sent to node 2", limit_s=0.5)
    second = propose_all(c, [b"b"])
    await c.until(lambda: any(b"b" == data for one in two.held
                              for _, data in one.msg["entries"]), limit_s=0.5,
                  what="'b' is sent to node 2, which has not answered for 'a'")
    last = two.held[-1].msg
    c.check([data for _, data in last["entries"]] == [b"b"],
            expected="'b' alone: 'a' is under way already",
            observed=f"{len(last['entries'])} entries behind "
                     f"{last['prev_log_index']}")
    await two.release()
    await three.release()
    made = await first + await second
    c.check(all(one.ok for one in made), expected="both are committed",
            observed=", ".join(one.text or one.outcome for one in made))


@test("A rejection that comes late takes back nothing", part="B", points=1,
      peers=[2, 3], config=SLOW, needs="pipelines", worlds=("sim",),
      rule="Raft paper, Figure 2, State: matchIndex[] increases monotonically",
      hint="nextIndex never goes back behind matchIndex + 1, whatever a "
           "rejection says.")
async def late_rejection(c):
    """Two requests are under way. The network turns their order round: the
    second is refused, which node 2 tells late; both come again, and succeed.
    The success is heard first, then the rejection."""
    two, three = await follow(c, 2, 3)
    term = await until_led(c, two, three)
    await c.propose(1, b"first")
    await quiet(c, two, three)
    two.holding = True
    asked = []
    for name in (b"a", b"b"):
        count = len(two.held)
        asked.append(propose_all(c, [name]))
        await c.until(lambda: any(msg.msg["entries"]
                                  for msg in two.held[count:]), limit_s=0.5,
                      what=f"'{name.decode()}' is sent to node 2")
    early = next(one for one in two.held if one.msg["entries"])
    late, two.held = two.held[-1], []
    two.log += [(term, b"a"), (term, b"b")]
    await two.asked_on.reply(late, term=term, success=True,
                             match_index=len(two.log))
    await two.asked_on.reply(early, term=term, success=False,
                             conflict_index=1, conflict_term=0)
    c.note(f"node 2 says that it holds all up to {len(two.log)}; then a "
           "rejection of before arrives, which points to entry 1")
    two.holding = False
    start, last = len(two.appends), len(two.log)
    await propose_all(c, [b"c"])
    await quiet(c, two, three)
    low = min(msg["prev_log_index"] for msg in two.sent_since(start))
    c.check(low >= last, expected=f"requests behind entry {last}, or later "
            "ones: so far node 2's log is known to match",
            observed=f"an AppendEntries with prev_log_index {low}")


@test("Many commands at once share few AppendEntries", part="B", points=2,
      peers=[2, 3], config=dict(SLOW, append_window=4), needs="pipelines",
      worlds=("sim",), rule=BUDGET,
      hint="An AppendEntries carries all that came since the last one left; "
           "with append_window of them under way, wait for an answer.")
async def batches(c):
    """A hundred commands are proposed while nobody answers: at most
    append_window requests may be under way. Then the answers come."""
    two, three = await follow(c, 2, 3)
    await until_led(c, two, three)
    await quiet(c, two, three)
    two.holding = three.holding = True
    start = len(two.appends)
    asked = propose_all(c, [b"command %d" % one for one in range(100)])
    await c.sleep(300)
    held = sum(1 for one in two.held)
    c.check(1 <= held <= 4, expected="at least one AppendEntries under way to "
            "node 2, and at most append_window, which is 4",
            observed=f"{held} without an answer")
    await two.release()
    await three.release()
    made = await asked
    c.check(all(one.ok for one in made), expected="a hundred answers",
            observed=f"{sum(not one.ok for one in made)} of them are errors")
    full = [msg for msg in two.sent_since(start) if msg["entries"]]
    c.check(len(full) <= 12, expected="a handful of AppendEntries for a "
            "hundred commands: 12 or less",
            observed=f"{len(full)} with entries were sent to node 2")
    places = [index for index, _ in sent_entries(two, start)]
    c.check(len(places) == len(set(places)),
            expected="every entry is sent once: nothing was lost",
            observed=f"{len(places)} entries were sent, {len(set(places))} "
                     "different ones")
    c.check_applied()


@test("A request's entries keep within append_max_bytes", part="B", points=1,
      peers=[2, 3], config=dict(SLOW, append_max_bytes=4096),
      needs="majority_commits", worlds=("sim",), rule=BUDGET,
      hint="Fill a request up to append_max_bytes; one entry that is larger "
           "goes alone.")
async def requests_are_bounded(c):
    """Twenty commands of 1500 bytes and one of 9000, all at once."""
    two, three = await follow(c, 2, 3)
    await until_led(c, two, three)
    names = [b"command %d " % one + bytes(1500) for one in range(20)]
    names.insert(10, b"large " + bytes(9000))
    asked = propose_all(c, names)
    most = 10 * len(names)
    while not asked.done() and len(two.appends + three.appends) <= most:
        await asyncio.sleep(0.001)
    two.holding = three.holding = not asked.done()  # no answers to a flood
    busiest = max(two, three, key=lambda seat: len(seat.appends))
    last = busiest.appends[-1].msg
    c.check(asked.done(), expected="all are committed",
            observed=f"not after {most} requests; the last to node "
                     f"{busiest.id} has {len(last['entries'])} entries, behind "
                     f"entry {last['prev_log_index']}")
    made = await asked
    c.check(all(one.ok for one in made), expected="all are committed",
            observed=f"{sum(not one.ok for one in made)} of them are not")
    for seat in (two, three):
        for msg in seat.sent_since():
            sizes = [len(data) for _, data in msg["entries"]]
            c.check(sum(sizes) <= 4096 or len(sizes) == 1,
                    expected="at most 4096 bytes of entries in a request, or "
                             "one entry",
                    observed=f"{len(sizes)} entries of {sum(sizes)} bytes")


@test("Every entry is sent to a peer once if nothing is lost", part="B",
      points=1, peers=[2, 3], config=dict(SLOW, append_max_bytes=8192),
      needs="requests_are_bounded", worlds=("sim",), rule=BUDGET,
      hint="Whoever has acknowledged an entry need not be sent it again; a "
           "heartbeat to such a peer carries none.")
async def nothing_sent_twice(c):
    """Forty commands of 1000 bytes, some one by one, some together; then the
    cluster is idle for ten heartbeats."""
    two, three = await follow(c, 2, 3)
    await until_led(c, two, three)
    for number in range(20):
        await c.propose(1, b"one %d " % number + bytes(1000))
    await propose_all(c, [b"all %d " % number + bytes(1000)
                          for number in range(20)])
    await quiet(c, two, three)
    start = len(two.appends)
    await c.sleep(10 * c.config["heartbeat_ms"] + 500)
    for seat in (two, three):
        places = [index for index, _ in sent_entries(seat)]
        c.check(len(places) == len(set(places)) == len(seat.log),
                expected=f"{len(seat.log)} entries sent to node {seat.id}",
                observed=f"{len(places)}: some more than once")
    idle = len(two.appends) - start
    c.check(9 <= idle <= 12, expected="one heartbeat an interval while nothing "
            "happens: about ten", observed=f"{idle} AppendEntries to node 2",
            rule=LEADERS + " 1")


@test("Commands one after another take a request each", part="B", points=1,
      peers=[2, 3], config=SLOW, needs="majority_commits", worlds=("sim",),
      rule=BUDGET,
      hint="Who learns that something is committed may wait for the next "
           "request: leader_commit rides on it.")
async def requests_are_counted(c):
    """Thirty commands, each proposed when the one before it is answered. A
    leader may tell at once that an entry is committed, by a request of its
    own; more than that it may not."""
    two, three = await follow(c, 2, 3)
    await until_led(c, two, three)
    await quiet(c, two, three)
    start, began_ms = len(two.appends), c.now_ms()
    for number in range(30):
        made = await c.propose(1, b"command %d" % number)
        c.check(made.ok, expected="committed", observed=made.text)
    beats = (c.now_ms() - began_ms) / c.config["heartbeat_ms"]
    count = len(two.appends) - start
    c.check(30 <= count <= 60 + beats + 2,
            expected="one AppendEntries a command and peer, or two: 30 to "
                     f"{60 + beats + 2:.0f}",
            observed=f"{count} were sent to node 2")


@test("All who ask whether the leader leads share a round", part="B", points=1,
      peers=[2, 3], config=dict(SLOW, append_window=4),
      needs="confirmed_by_majority", worlds=("sim",), rule=READS,
      hint="Whoever asks before the next round is sent waits for that one.")
async def rounds_are_shared(c):
    """Sixty clients ask CONFIRM at once, while nobody answers."""
    two, three = await follow(c, 2, 3)
    await until_led(c, two, three)
    await quiet(c, two, three)
    two.holding = three.holding = True
    start = len(two.appends)
    asked = [asyncio.ensure_future(c.confirm(1)) for _ in range(60)]
    await c.sleep(300)
    await two.release()
    await three.release()
    replies = await asyncio.gather(*asked)
    c.check(all(one == "OK" for one in replies), expected="sixty times OK",
            observed=f"{sum(one != 'OK' for one in replies)} other answers")
    count = len(two.appends) - start
    c.check(count <= 10, expected="a few rounds of AppendEntries for all: 10 "
            "or less", observed=f"{count} were sent to node 2")
