"""Lab 2, part C: quiet, clocks, a bad network, explorations."""

from __future__ import annotations

from typing import Dict, List, Tuple

from conclave import Method, exploration, test

from .tests_words import (BRISK, DURABLE, FOLLOWERS, SAFETY, SPLIT, TIMING,
                          agree, check_one_leader_a_term, others, requests,
                          term_of)


@test("Votes that split are cast anew until one wins", part="C", points=2,
      nodes=5, needs="first_leader", rule=SPLIT,
      config={"heartbeat_ms": 100, "election_min_ms": 200,
              "election_max_ms": 600, "rpc_timeout_ms": 90})
async def split_votes(c):
    """Five nodes wake at the same moment, each with its timeout long over, and
    every message takes 20 ms: all vote for themselves. With random timeouts
    one of them soon comes first."""
    leader, term = await agree(c)
    await c.link("*", "*", delay_ms=20)
    await c.pause(leader)
    await c.sleep(60)  # so that no heartbeat awaits the sleepers
    for node in others(c, leader):
        await c.pause(node)
    await c.sleep(800)
    for node in others(c, leader) + [leader]:
        await c.resume(node)
    await agree(c, above_term=term - 1)
    check_one_leader_a_term(c)


@test("A leader that is heard stays leader, quietly", part="C", points=2,
      nodes=5, config=BRISK, needs="first_leader", rule=FOLLOWERS + " 2")
async def quiet_reign(c):
    """Nothing is broken. Nobody campaigns who hears the leader (the proxy sees
    to that in every test), no candidate asks beyond its budget, and heartbeats
    come no faster than they should."""
    await agree(c)
    await c.sleep(1500)
    await c.settle()
    check_one_leader_a_term(c)
    most = 1 + c.config["election_max_ms"] // c.config["heartbeat_ms"]
    asked: Dict[Tuple[int, int, int], int] = {}
    first_vote_us: Dict[Tuple[int, int], int] = {}
    beats: Dict[Tuple[int, int, int], List[int]] = {}
    for one in c.frames:
        if one.msg is None:
            continue
        if one.type == "REPLY" and one.msg.get("granted") and one.delivered_us:
            first_vote_us.setdefault((term_of(one), one.to),
                                     one.delivered_us[0])
        if one.type != "REQUEST":
            continue
        key = (one.frm, term_of(one), one.to)
        if one.method == Method.REQUEST_VOTE:
            asked[key] = asked.get(key, 0) + 1
            c.check(key not in beats, expected="a leader asks for no votes",
                    observed=f"node {one.frm} did, leading term "
                             f"{term_of(one)}")
            c.check(asked[key] <= most,
                    expected=f"at most {most} requests to a peer in one term",
                    observed=f"{asked[key]} from node {one.frm} to {one.to} "
                             f"in term {term_of(one)}",
                    rule="labs/2-election/README.md, The message budget")
        elif one.method == Method.APPEND_ENTRIES:
            beats.setdefault(key, []).append(one.time_us)
    for (frm, term, to), times in beats.items():
        # It became leader after the first vote was delivered to it.
        reign_us = times[-1] - first_vote_us.get((term, frm), 0)
        most = 2 + reign_us // (1000 * c.config["heartbeat_ms"])
        c.check(len(times) <= most,
                expected=f"at most {most} heartbeats from {frm} to {to} in "
                         f"{reign_us / 1e6:.1f} s",
                observed=f"{len(times)}",
                rule="labs/2-election/election.h, replication_lead",
                hint="replication_lead is called once for each leadership.")


@test("Clocks that run fast, slow or wrong change nothing", part="C", points=1,
      nodes=5, config=BRISK, clocks={1: 1.1, 2: 0.9, 3: 1.1, 4: 0.9},
      start=False, needs="first_leader", rule=TIMING,
      hint="Measure with node_now_us; the wall clock may jump.")
async def drifting_clocks(c):
    """Two clocks run 10 % fast, two 10 % slow, and the wall clocks are years
    apart. A leader is found, heard, and replaced when it dies."""
    years_ms = 1000 * 3600 * 24 * 365
    for node, years in zip(c.ids, (-20, 10, 0, -1, 30)):
        await c.start(node, wall_offset_ms=years * years_ms)
    old, term = await agree(c)
    await c.sleep(500)
    await c.kill(old)
    await agree(c, others(c, old), above_term=term)
    check_one_leader_a_term(c)


@test("Wall clocks that jump change nothing", part="C", points=1, nodes=3,
      config=BRISK, needs="first_leader", rule=TIMING,
      hint="Deadlines are times of node_now_us; the wall clock may jump.")
async def wall_clock_jumps(c):
    """Wall clocks jump an hour ahead while all hear the leader: nobody may
    campaign for that. Then the leader dies and they jump two hours back: the
    rest may not wait so long."""
    old, term = await agree(c)
    for node in c.ids:
        await c.jump_wall(node, 3600 * 1000)
    await c.sleep(600)
    old, term = await agree(c, above_term=term - 1)
    await c.kill(old)
    for node in others(c, old):
        await c.jump_wall(node, -2 * 3600 * 1000)
    await agree(c, others(c, old), above_term=term)
    check_one_leader_a_term(c)


@test("A bad network delays an election, and no more", part="C", points=1,
      nodes=5, config=BRISK, needs="first_leader", rule=SAFETY)
async def bad_network(c):
    """One message in six is lost, others come twice, late, or out of order,
    some of them more than an election later. The leader dies; the network
    heals."""
    await c.link("*", "*", loss=0.15, dup=0.1, jitter_ms=8, reorder=(0.2, 20),
                 tail=(0.05, 1500))
    old, term = await c.wait_for_leader()
    await c.kill(old)
    _, term = await c.wait_for_leader(above_term=term, unlike=old)
    await c.heal()
    await c.restart(old)
    await agree(c, above_term=term - 1)
    check_one_leader_a_term(c)


@test("A cluster that restarts goes on with later terms", part="C", points=1,
      nodes=3, config=BRISK, needs="first_leader", rule=DURABLE)
async def all_restart(c):
    """All three are killed at once, twice. What they knew of terms must not be
    lost."""
    _, term = await agree(c)
    for _ in range(2):
        for node in c.ids:
            await c.kill(node)
        await c.settle()
        since = len(c.frames)
        await c.start()
        _, later = await agree(c)
        old = [one for one in requests(c, Method.REQUEST_VOTE, since)
               if term_of(one) <= term]
        c.check(not old, expected=f"campaigns in terms above {term}, which all "
                "nodes had reached before they were killed",
                observed=old and f"node {old[0].frm} asked for votes in term "
                                 f"{term_of(old[0])}")
        term = later
    check_one_leader_a_term(c)


@exploration("Whatever breaks, and in whatever order, elections stay safe",
             part="C", points=3, seeds=300, needs="first_leader", rule=SAFETY,
             hint="The steps are all that it takes. `--replay` shows every "
                  "frame, and what each coroutine waits for.")
def swarm():
    """Two to five nodes for six seconds of virtual time; every seed draws which
    faults there are (loss, delay, reordering, cuts, pauses, crashes between a
    write and its sync, drifting clocks, slow and failing disks) and when they
    strike. Then all is healed, and a leader must be found and stay."""


@exploration("A storm over five nodes leaves one leader", part="C", points=2,
             seeds=200, nodes=5, needs="first_leader", rule=SAFETY,
             hint="The steps are all that it takes. `--replay` shows every "
                  "frame, and what each coroutine waits for.")
def storm():
    """The same with five nodes always: more votes to split, more ways for the
    network to fall apart."""
