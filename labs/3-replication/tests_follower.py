"""Lab 3, part A: one follower, and the test in everybody else's place."""

from __future__ import annotations

from conclave import Method, encode_request, sit, test

from .tests_words import (ALL, APPEND_1, APPEND_5, CALM, DURABLE, PROPOSE,
                          REPLY, SAME, SOON_S, check_applied_are, entries,
                          until_applied)


@test("A follower stores what its leader sends", part="A", points=1,
      peers=[2, 3], config=CALM, rule="Raft paper, Figure 2, AppendEntries RPC",
      hint="replication_start registers the handler of AppendEntries; it looks "
           "at the log, changes it, syncs the store and answers.")
async def stores_entries(c):
    """The simplest case: an empty log, three entries, then two more."""
    two, _ = await sit(c, 2, 3, limit_s=SOON_S)
    await two.give(2, entries=entries(2, "a", "b", "c"))
    await two.give(2, 3, 2, entries(2, "d", "e"))
    c.check(await two.has(2, 5, 2), expected="a log of five entries",
            observed="a heartbeat behind entry 5 was refused")


@test("Committed entries are applied, each once, in order", part="A",
      points=2, peers=[2, 3], config=CALM, needs="stores_entries",
      rule=ALL + " 1")
async def applies_committed(c):
    """Three entries are stored, and committed later: one, then the others. All
    is said again, as the network might."""
    two, _ = await sit(c, 2, 3)
    log = entries(2, "a", "b", "c")
    await two.give(2, entries=log)
    check_applied_are(c, 1, [], hint="Nothing is committed yet: leader_commit "
                                     "is 0.")
    await two.append(2, 3, 2, commit=1)
    await until_applied(c, 1, 1)
    check_applied_are(c, 1, log[:1])
    await two.append(2, 3, 2, commit=3)
    await two.append(2, 0, 0, log, commit=3)
    await two.append(2, 3, 2, commit=1)
    await until_applied(c, 1, 3)
    await two.give(2, 3, 2, entries(2, "d"), commit=4)
    await until_applied(c, 1, 4)
    check_applied_are(c, 1, log + entries(2, "d"))


@test("Applying may wait, and yet every entry comes once and in order",
      part="A", points=2, peers=[2, 3], config=dict(CALM, apply_ms=40),
      needs="applies_committed", rule=ALL + " 1",
      hint="While await_machine_apply waits, commit_index may rise again: one "
           "coroutine applies, and nobody else; what it holds of the store "
           "may have moved meanwhile.")
async def applying_waits(c):
    """Each entry takes the machine 40 ms; while the first is under way, others
    are stored and committed, and all is said twice."""
    two, _ = await sit(c, 2, 3)
    log = entries(2, *"abcdefgh")
    for place, entry in enumerate(log):
        for _ in range(2):
            await two.give(2, place, 2 if place else 0, [entry],
                           commit=place + 1)
    await until_applied(c, 1, 8, hint="What is the next entry to apply when "
                        "await_machine_apply returns? Only last_applied says, "
                        "and it rises by one for each entry.")
    await c.sleep(120)
    check_applied_are(c, 1, log)


@test("An entry is not applied before it is known to be the leader's",
      part="A", points=2, peers=[2, 3], config=CALM, logs={1: [1, 1, 1]},
      needs="applies_committed", rule=APPEND_5)
async def commit_capped(c):
    """A follower holds three entries of an old leader. A new one, whose
    heartbeat matches at the first, says that three are committed: but its
    second and third are others."""
    _, three = await sit(c, 2, 3)
    msg = await three.append(2, 1, 1, commit=3)
    c.check(msg["success"] and msg["match_index"] == 1,
            expected="success, and match_index 1: no more is known to match",
            observed=f"match_index {msg['match_index']}" if msg["success"]
            else "refused", rule=REPLY,
            hint="The answer is about prev_log_index and the entries of this "
                 "request, not about what else the log holds.")
    await until_applied(c, 1, 1)
    await three.append(2, 1, 1, commit=3)
    hint = ("commit_index rises to leader_commit or to the last entry that "
            "this request vouches for, whichever is smaller.")
    check_applied_are(c, 1, [(1, b"")], rule=APPEND_5, hint=hint)
    await three.give(2, 1, 1, entries(2, "b", "c"), commit=3)
    await until_applied(c, 1, 3)
    check_applied_are(c, 1, [(1, b"")] + entries(2, "b", "c"), rule=APPEND_5,
                      hint=hint)


@test("commit_index never falls", part="A", points=1, peers=[2, 3],
      config=CALM, needs="applies_committed", rule=APPEND_5)
async def commit_never_falls(c):
    """A new leader does not know yet how far its predecessor had committed."""
    two, three = await sit(c, 2, 3)
    log = entries(2, "a", "b", "c")
    await two.give(2, entries=log, commit=3)
    await until_applied(c, 1, 3)
    await three.append(3, 3, 2, commit=0)
    await three.append(3, 2, 2, commit=2)
    await three.give(3, 3, 2, entries(3, "", "d"), commit=2)
    await three.append(3, 5, 3, commit=5)
    await until_applied(c, 1, 5)
    check_applied_are(c, 1, log + entries(3, "", "d"))


@test("The leader of an old term is refused and told the term", part="A",
      points=1, peers=[2, 3], config=CALM, needs="applies_committed",
      rule=APPEND_1)
async def old_leader_refused(c):
    """Node 2 led until node 3 was elected, and has not heard of it. It sends
    entries, and says that they are committed."""
    two, three = await sit(c, 2, 3)
    await three.give(5, entries=entries(5, "new"))
    msg = await two.append(4, 0, 0, entries(4, "old", "older"), commit=2)
    c.check(not msg["success"] and msg["term"] == 5,
            expected="refused, in term 5",
            observed=f"{'success' if msg['success'] else 'refused'}, in term "
                     f"{msg['term']}")
    c.check(await three.has(5, 1, 5), expected="entry 1 is still node 3's",
            observed="a heartbeat behind it was refused")
    await three.append(5, 1, 5, commit=1)
    await until_applied(c, 1, 1)
    check_applied_are(c, 1, entries(5, "new"), rule=SAME)


SLOW_STORE = dict(CALM, store_sync_ms=300)


@test("What was acknowledged survives a crash", part="A", points=2,
      peers=[2, 3], config=SLOW_STORE, needs="stores_entries", rule=DURABLE,
      hint="await_store_sync after the log has changed; only then may the "
           "answer leave.")
async def stored_survives_crash(c):
    """The follower is killed as soon as its answer is there, and started again.
    The store takes 300 ms to sync. First entries, then others in the place of
    some, then the same once more: what is in memory need not be on disk."""
    two, three = await sit(c, 2, 3)
    await two.give(2, entries=entries(2, "a", "b", "c"))
    await c.restart(1)
    two, three = await sit(c, 2, 3)
    c.check(await two.has(2, 3, 2),
            expected="three entries, which were acknowledged before the crash",
            observed="a heartbeat behind entry 3 was refused")
    call = await three.send_append(3, 1, 2, entries(3, "x"))
    again = await three.send_append(3, 1, 2, entries(3, "x"))
    msg = await three.answer_to(again)
    c.check(msg["success"], expected="success: entry 2 is another now",
            observed="refused")
    await c.restart(1)
    two, three = await sit(c, 2, 3)
    c.check(await three.has(3, 2, 3) and not await three.has(3, 3, 2),
            expected="entry 2 of term 3 and nothing behind it: so it was "
                     "acknowledged before the crash",
            observed=f"another log (request {call} came first, and {again}, "
                     "the same again, was answered)",
            hint="A request that changes nothing may rest on a change that is "
                 "not durable yet.")


@test("A heartbeat confirms only what is on disk", part="A", points=2,
      peers=[2, 3], config=SLOW_STORE, needs="stored_survives_crash",
      rule=DURABLE,
      hint="A success says that the log matches at prev_log_index, and the "
           "leader counts it: entries or not, it waits for the store.")
async def heartbeat_waits_for_disk(c):
    """Right behind an entry comes a heartbeat, while the store still syncs. As
    soon as the heartbeat is answered the follower is killed."""
    two, _ = await sit(c, 2, 3)
    await two.send_append(2, entries=entries(2, "a"))
    await two.answer_to(await two.send_append(2, 1, 2))
    await c.restart(1)
    two, _ = await sit(c, 2, 3)
    c.check(await two.has(2, 1, 2),
            expected="entry 1: a heartbeat behind it was answered with success "
                     "before the crash",
            observed="a heartbeat behind it is refused")


@test("An answer is true when it leaves", part="A", points=1, peers=[2, 3],
      config=SLOW_STORE, needs="stored_survives_crash",
      rule="Raft paper, Figure 2, AppendEntries RPC, Results: term is "
           "currentTerm",
      hint="After the wait for the store another term may have begun, and the "
           "entry may be gone.")
async def new_term_while_syncing(c):
    """While a follower syncs an entry of node 2, node 3 leads a later term, and
    has another entry in its place."""
    two, three = await sit(c, 2, 3)
    old = await two.send_append(2, entries=entries(2, "a"))
    await c.sleep(20)
    new = await three.send_append(3, entries=entries(3, "x"))
    msg = await two.answer_to(old)
    c.check(msg["term"] == 3 and not msg["success"],
            expected="node 2 is refused, in term 3: entry 1 is node 3's now",
            observed=f"{'success' if msg['success'] else 'refused'}, in term "
                     f"{msg['term']}")
    msg = await three.answer_to(new)
    c.check(msg["success"], expected="success for node 3", observed="refused")


@test("Requests that overlap are all stored", part="A", points=1,
      peers=[2, 3], config=dict(CALM, store_sync_ms=60),
      needs="stores_entries", rule="Raft paper, Figure 2, AppendEntries RPC",
      hint="While one handler waits for the store, others run: decide and "
           "change the log in one go, before anything is awaited.")
async def overlapping_requests(c):
    """A leader sends six requests without waiting for an answer."""
    two, _ = await sit(c, 2, 3)
    calls = []
    for place, name in enumerate("abcdef"):
        calls.append(await two.send_append(2, place, 2 if place else 0,
                                           entries(2, name)))
    for place, call in enumerate(calls, 1):
        msg = await two.answer_to(call)
        c.check(msg["success"] and msg["match_index"] >= place,
                expected=f"success for request {place} of six, match_index "
                         f"{place} or more",
                observed=f"match_index {msg['match_index']}" if msg["success"]
                else "refused", rule=REPLY)
    await two.append(2, 6, 2, commit=6)
    await until_applied(c, 1, 6)
    check_applied_are(c, 1, entries(2, *"abcdef"))


@test("A follower sends proposers to the leader", part="A", points=1,
      peers=[2, 3], config=CALM, needs="stores_entries", rule=PROPOSE,
      hint="PROPOSED_NOT_LEADER, and election_heard_leader for every "
           "AppendEntries of the current term.")
async def sends_to_leader(c):
    """Nobody leads; then node 2 does, then node 3."""
    two, three = await sit(c, 2, 3)
    for seat, term in ((None, 1), (two, 2), (three, 3)):
        if seat is not None:
            await seat.append(term)
        made = await c.propose(1, b"term %d" % term)
        wanted = f"MOVED 0 {c.address(seat.id)}" if seat else "CLUSTERDOWN"
        c.check(made.text.startswith(wanted), expected=f"-{wanted}",
                observed=f"node 1 answered {made.text or made.outcome}")
        reply = await c.confirm(1)
        c.check(reply == wanted.split(" ")[0],
                expected=f"CONFIRM is answered {wanted.split(' ')[0]} too",
                observed=f"node 1 answered {reply}")
    c.check_applied()


@test("What does not decode is refused, and harms nothing", part="A", points=1,
      peers=[2, 3], config=CALM, needs="stores_entries", rule=REPLY)
async def garbage_refused(c):
    """A request whose second entry is cut short, and one that speaks for
    another node: neither may leave a trace in the log."""
    two, _ = await sit(c, 2, 3)
    whole = encode_request(Method.APPEND_ENTRIES, term=2, leader=2,
                           entries=entries(2, "a", "b"))
    await two.ask_on.send("REQUEST", Method.APPEND_ENTRIES, 900, whole[:-1])
    msg = await two.outcome_of(900)
    c.check(msg["outcome"] != 0, expected="an error: the last entry is cut "
            "short", observed="the request was answered as if it were whole")
    msg = await two.outcome_of(await two.send(
        Method.APPEND_ENTRIES, term=2, leader=3, entries=entries(2, "a")))
    c.check(msg["outcome"] != 0 or not msg["success"],
            expected="an error: node 2 cannot speak for node 3",
            observed="success")
    c.check(not await two.has(2, 1, 2), expected="an empty log",
            observed="entry 1 is there")
    await two.give(2, entries=entries(2, "c"), commit=1)
    await until_applied(c, 1, 1)
    check_applied_are(c, 1, entries(2, "c"))
