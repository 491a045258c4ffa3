"""Lab 3, part A: a follower whose log differs from its leader's."""

from __future__ import annotations

from conclave import sit, test

from .tests_words import (APPEND_2, APPEND_3, BACKTRACK, CALM, MATCHING, REPLY,
                          check_applied_are, entries, until_applied)


@test("A heartbeat is refused like any other request if the logs do not match",
      part="A", points=2, peers=[2, 3], config=CALM, logs={1: [1, 1]},
      needs="applies_committed", rule=APPEND_2,
      hint="A heartbeat is an AppendEntries without entries; nothing else is "
           "different.")
async def heartbeat_checked(c):
    """A follower with two entries hears heartbeats of a leader that has sent it
    five, as it believes, and has committed them; the second is another."""
    two, _ = await sit(c, 2, 3)
    for prev, term, why in ((5, 2, "its log ends at 2"),
                            (2, 2, "its entry 2 is of term 1"),
                            (3, 1, "its log ends at 2")):
        msg = await two.append(2, prev, term, commit=5)
        c.check(not msg["success"],
                expected=f"refused: nothing matches at {prev}, {why}",
                observed=f"success, match_index {msg['match_index']}")
        check_applied_are(c, 1, [], rule=APPEND_2, hint="leader_commit is of "
                          "a log that matches the leader's. Where a request is "
                          "refused, the node does not know that its own does.")
    await two.give(2, 1, 1, entries(2, "b"), commit=2)
    await until_applied(c, 1, 2)
    check_applied_are(c, 1, [(1, b"")] + entries(2, "b"), rule=APPEND_2)


@test("Entries that do not fit behind the log are refused", part="A", points=2,
      peers=[2, 3], config=CALM, logs={1: [1, 1, 1]}, needs="stores_entries",
      rule=APPEND_2,
      hint="Compare the term of the entry at prev_log_index with "
           "prev_log_term, and refuse if there is no such entry.")
async def prev_compared(c):
    """Behind entry 3 of another term, behind an entry that is missing. The log
    stays as it is. Entry 0 always matches."""
    two, three = await sit(c, 2, 3)
    for prev, term, why in ((3, 2, "its entry 3 is of term 1"),
                            (1, 2, "its entry 1 is of term 1"),
                            (4, 1, "it has no entry 4"),
                            (9, 2, "it has no entry 9")):
        msg = await two.append(2, prev, term, entries(2, "x", "y"))
        c.check(not msg["success"] and msg["term"] == 2,
                expected=f"refused, in term 2: {why}",
                observed=f"{'success' if msg['success'] else 'refused'}, in "
                         f"term {msg['term']}")
    c.check(await three.has(3, 3, 1) and not await three.has(3, 4, 2),
            expected="a log of three entries of term 1, as before",
            observed="what was refused has changed it", rule=MATCHING)
    await three.give(3, 0, 0, entries(3, "z"))
    c.check(await three.has(3, 1, 3) and not await three.has(3, 2, 1),
            expected="one entry of term 3: what follows a conflict goes",
            observed="another log", rule=APPEND_3)


@test("An entry of another term is replaced, and all that follow it",
      part="A", points=2, peers=[2, 3], config=CALM, logs={1: [1, 1, 1, 1]},
      needs="applies_committed", rule=APPEND_3,
      hint="Compare the terms of each new entry and of the one that is there: "
           "an entry at the same index need not be the same.")
async def conflict_replaced(c):
    """Four entries of term 1; the leader of term 2 has two of its own behind
    the first."""
    two, _ = await sit(c, 2, 3)
    await two.give(2, 1, 1, entries(2, "b", "c"))
    for index, term, there in ((2, 2, True), (3, 2, True), (4, 1, False)):
        has = await two.has(2, index, term)
        c.check(has == there,
                expected=f"entry {index} of term {term} is "
                         + ("there" if there else "gone"),
                observed="it is there" if has else "it is not there")
    await two.append(2, 3, 2, commit=3)
    await until_applied(c, 1, 3)
    check_applied_are(c, 1, [(1, b"")] + entries(2, "b", "c"))


@test("A request that comes late, or twice, takes nothing away", part="A",
      points=2, peers=[2, 3], config=CALM, logs={1: [1]},
      needs="applies_committed", rule=APPEND_3,
      hint="Cut the log only where an entry contradicts the leader's, not "
           "behind the last entry of every request.")
async def late_requests(c):
    """Five entries are acknowledged. Then earlier requests of the same leader
    arrive again, with fewer entries or none, and it commits all five."""
    two, _ = await sit(c, 2, 3)
    log = [(1, b"")] + entries(2, "b", "c", "d", "e")
    await two.give(2, 1, 1, log[1:])
    for prev, count in ((1, 1), (0, 2), (2, 0), (0, 0), (1, 3), (2, 2)):
        msg = await two.append(2, prev, log[prev - 1][0] if prev else 0,
                               log[prev:prev + count])
        c.check(msg["success"] and prev + count <= msg["match_index"] <= 5,
                expected=f"success: entries {prev + 1} to {prev + count} are "
                         "there, or are nothing new",
                observed=f"match_index {msg['match_index']}" if msg["success"]
                else "refused")
        c.check(await two.has(2, 5, 2),
                expected="all five entries: they were acknowledged",
                observed=f"after a late request for entries {prev + 1} to "
                         f"{prev + count} entry 5 was gone")
    await two.append(2, 5, 2, commit=5)
    await until_applied(c, 1, 5)
    check_applied_are(c, 1, log)


@test("A rejection says where to look next", part="A", points=1, peers=[2, 3],
      config=CALM, logs={1: [1, 1, 2, 2, 2, 4]}, needs="stores_entries",
      rule=REPLY,
      hint="Section 5.3: the term of the conflicting entry and the first index "
           "stored for that term. Where the log is too short: the index after "
           "its last, and 0.")
async def conflict_hints(c):
    """A table of requests that do not match a log of terms 1 1 2 2 2 4."""
    two, _ = await sit(c, 2, 3)
    for prev, term, index, conflict in (
            (9, 5, 7, 0), (7, 4, 7, 0), (6, 5, 6, 4), (5, 3, 3, 2),
            (4, 1, 3, 2), (3, 3, 3, 2), (2, 3, 1, 1), (1, 3, 1, 1)):
        msg = await two.append(5, prev, term)
        c.check(not msg["success"] and msg["conflict_index"] == index
                and msg["conflict_term"] == conflict,
                expected=f"prev_log_index {prev}, prev_log_term {term}: "
                         f"refused, conflict_index {index}, conflict_term "
                         f"{conflict}",
                observed="success" if msg["success"] else
                f"conflict_index {msg['conflict_index']}, conflict_term "
                f"{msg['conflict_term']}")


@test("Leaders come and go, and the log follows the last one", part="A",
      points=1, peers=[2, 3], config=CALM, logs={1: [1, 1, 2]},
      needs="conflict_replaced", rule=MATCHING)
async def leaders_alternate(c):
    """Two leaders whose logs differ take turns, three times; each overwrites
    what the other left, and only what both have is committed."""
    two, three = await sit(c, 2, 3)
    for term in range(3, 9):
        seat = two if term % 2 else three
        fresh = entries(term, *(f"{term}-{one}" for one in range(term % 4)))
        await seat.give(term, 1, 1, entries(2, "b") + fresh, commit=1)
        last = 2 + len(fresh)
        c.check(await seat.has(term, last, term if fresh else 2),
                expected=f"a log that ends in entry {last} of term "
                         f"{term if fresh else 2}",
                observed="a heartbeat behind it was refused", rule=BACKTRACK)
    await three.give(9, 2, 2, entries(9, "z"), commit=3)
    await until_applied(c, 1, 3)
    check_applied_are(c, 1, [(1, b"")] + entries(2, "b") + entries(9, "z"),
                      rule=APPEND_2)
