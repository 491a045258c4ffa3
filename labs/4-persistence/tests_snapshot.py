"""Lab 4, part B: snapshots in whole nodes and clusters."""

from __future__ import annotations

import asyncio
import re
from typing import Any, List

from conclave import RESTORE, SNAPSHOT, START, Failure, Method, changed, test

from .tests_words import (ALONE, BRISK, COMPACT, DAMAGE, KEPT, SOON_S, back,
                          commands, commit_all, everyone_back, has_all,
                          has_promised, leads, others, take_snapshot, write)

SMALL = {**BRISK, "snapshot_chunk_bytes": 200}
BOUND = 65536       # of a log, in the test of bounds
STATE = 600 << 10   # the ledger's snapshot is never larger
TIGHT = {**BRISK, "snapshot_log_bytes": BOUND}


def first_act(c: Any, node: int) -> Any:
    """What a node did to its machine first in its latest life."""
    lives = c.acts(node)
    starts = [at for at, act in enumerate(lives) if act.kind == START]
    latest = lives[starts[-1] + 1:]
    return latest[0] if latest else None


def check_restored(c: Any, node: int) -> None:
    """The latest life began with a snapshot."""
    first = first_act(c, node)
    c.check(first is not None and first.kind == RESTORE,
            expected=f"node {node} begins with its snapshot: what the snapshot "
                     "covers is gone from the log",
            observed="it began with "
            + (f"entry {first.index}" if first else "nothing"), rule=COMPACT,
            node=node, hint="await_snapshot_open restores the machine; "
                            "store_compact has cut the log behind it.")


@test("A node starts from its snapshot and the log behind it", part="B",
      points=2, nodes=1, config=ALONE, rule=COMPACT, needs="entries_survive",
      hint="The snapshot's file is durable under its name (sync, rename, sync "
           "of the folder) before store_compact; at the start the machine is "
           "restored first, then the rest of the log is applied.")
async def restart_from_snapshot(c):
    """Twenty commands, a snapshot, five more, and the power fails. Then with
    nothing behind the snapshot."""
    await leads(c)
    await write(c, commands("before", 20))
    await take_snapshot(c)
    await write(c, commands("behind", 5))
    for _ in range(2):
        await c.power_cut(1)
        await back(c)
        check_restored(c, 1)
        await has_promised(c, 1)
        await take_snapshot(c)


@test("One snapshot after the other", part="B", points=1, nodes=1,
      config=ALONE, rule=COMPACT, needs="restart_from_snapshot")
async def twice_in_a_row(c):
    """Two at once, two with nothing between, two with a command between; a
    restart after each. What the disk holds does not pile up."""
    await leads(c)
    sizes = []
    for number in range(6):
        await write(c, commands(f"turn {number}.", 3 if number % 2 else 1))
        await asyncio.gather(take_snapshot(c), take_snapshot(c))
        await take_snapshot(c)
        await c.power_cut(1)
        sizes.append(len(await c.disk_files(1)))
        await back(c)
        await has_promised(c, 1)
    c.check(sizes[-1] <= sizes[1] + 2, expected="old snapshots are removed",
            observed=f"{sizes[-1]} files after six turns, {sizes[1]} after two")


# In the simulated world only: it counts writes and syncs.
@test("A crash anywhere in a snapshot loses nothing", part="B", points=3,
      nodes=1, config=ALONE, worlds=("sim",), rule=KEPT,
      needs="restart_from_snapshot",
      hint="First the new file is durable, then its name, then the log is cut. "
           "At each point a start must find one of the two whole, and must "
           "not apply what the snapshot has already.")
async def crash_in_snapshot(c):
    """The node dies at the n-th write, sync or end of a sync after SNAPSHOT was
    asked for, for every n up to where it is taken."""
    await leads(c)
    died = 0
    for point in ("write", "sync", "synced"):
        for n in range(1, 60):
            await write(c, commands(f"{point} {n}.", 2))
            await c.disk(1, torn=c.rng.choice([0, 1]))
            await c.crash_at(1, point, n)
            client = await c.client(1)
            try:
                reply = await client.cmd("SNAPSHOT", timeout_s=SOON_S)
            except Failure as failure:
                c.check(not c.alive(1), expected="an answer to SNAPSHOT",
                        observed=str(failure))
                reply = None
            taken = c.alive(1)
            c.check(not taken or reply == b"OK", expected="a snapshot is "
                    "taken", observed=f"SNAPSHOT is answered {reply!r}")
            died += not taken
            await c.disk(1, torn=0)
            await c.power_cut(1)
            await back(c)
            await has_promised(c, 1)
            if taken:
                break
    c.check(died >= 3, expected="a snapshot is written, and synced",
            observed=f"{died} crash points in all of it",
            hint="A file and its name need a sync each.")
    return f"{died} crash points"


@test("A snapshot that is damaged is not believed", part="B", points=2,
      nodes=1, config=ALONE, rule=DAMAGE, needs="restart_from_snapshot",
      hint="The file needs a checksum over all of it. The log behind it does "
           "not have what it covers, so there is nothing to start from.")
async def damaged_snapshot(c):
    """A bit flips in the file that SNAPSHOT has made. The node refuses, or has
    all it promised from elsewhere."""
    await leads(c)
    await write(c, commands("kept", 12))
    before = await c.disk_image(1)
    await take_snapshot(c)
    await c.power_cut(1)
    image = await c.disk_image(1)
    region = max(changed(before, image), key=lambda one: one.end - one.start,
                 default=None)
    c.check(region, expected="a snapshot changes what is durable",
            observed="the disk is as it was", rule=COMPACT)
    count = region.end - region.start
    spots = range(0, count, 7) if c.proxy.name == "sim" else [0, count // 2]
    for at in spots:
        await c.disk_restore(1, image)
        await c.disk_flip(1, region.name, region.start + at,
                          c.rng.randrange(8))
        sentence = await c.try_start(1)
        if sentence:
            rest = sentence.replace(region.name, "")
            c.check(region.name in sentence and re.search(r"\d", rest),
                    expected="a sentence that names the file "
                             f"{region.name} and an offset",
                    observed=f"'{sentence}'")
            continue
        await has_promised(c, 1)
        await c.power_cut(1)


@test("Logs stay under their bound", part="B", points=3, nodes=3, config=TIGHT,
      rule=COMPACT, needs="restart_from_snapshot",
      hint="The log's size is watched (store_log_bytes); behind a snapshot the "
           "log's files go, and so do old snapshots.")
async def logs_stay_bounded(c):
    """Over thirty times the bound is committed, by whoever leads. Each node's
    disk holds a few snapshots and a short log, all the time."""
    leader = (await c.commit(b"first")).node
    most = 2 * STATE + 4 * BOUND
    stored = turn = 0
    while stored < 31 * BOUND:
        made = await asyncio.gather(*(c.propose(leader, one) for one in
                                      commands(f"turn {turn}.", 10, size=8000)))
        stored += sum(len(one.data) for one in made if one.ok)
        if not all(one.ok for one in made):
            leader = (await c.commit(b"led anew %d" % turn)).node
        for node in c.ids:
            await comes_under(c, node, most, stored)
        turn += 1
    await has_all(c, c.ids)
    # Who is behind all the time may be sent each snapshot by the leader.
    have = [node for node in c.ids if any(act.kind in (SNAPSHOT, RESTORE)
                                          for act in c.acts(node))]
    c.check(have == list(c.ids), expected="every node takes snapshots, or is "
            "sent them", observed=f"only {have} did")
    await c.power_cut()
    await everyone_back(c, "again")
    for node in c.ids:
        check_restored(c, node)


async def comes_under(c: Any, node: int, most: int, stored: int) -> None:
    """A node's disk does not hold more than so many bytes, or soon."""
    seen = [0]

    async def is_under() -> bool:
        seen[0] = await c.disk_bytes(node)
        return seen[0] <= most

    try:
        await c.until(is_under, what=f"at most {most >> 10} KiB on a disk: two "
                      f"snapshots of at most {STATE >> 10} KiB, and a log that "
                      f"is compacted at {BOUND >> 10} KiB", limit_s=SOON_S)
    except Failure as failure:
        failure.observed = (f"{seen[0] >> 10} KiB on node {node}, and they "
                            f"stay, after {stored >> 10} KiB of commands")
        raise


def was_sent(c: Any, to: int) -> List[Any]:
    """The InstallSnapshot requests that a node was sent."""
    return [one for one in c.frames if one.method == Method.INSTALL_SNAPSHOT
            and one.type == "REQUEST" and one.to == to]


async def leave_behind(c: Any, count: int = 20) -> int:
    """A follower is cut off while the others commit, and compact: who."""
    leader = (await c.commit(b"shared")).node
    lagging = others(c, leader)[0]
    rest = others(c, lagging)
    await c.isolate(lagging)
    await commit_all(c, commands("missed ", count, size=60), among=rest)
    await has_all(c, rest)
    for node in rest:
        await take_snapshot(c, node)
    return lagging


async def caught_up(c: Any, node: int, name: str) -> None:
    """A node has all that there is, by way of a snapshot."""
    await c.commit(name.encode(), among=others(c, node))
    await has_all(c, c.ids)
    c.check(any(act.kind == RESTORE for act in c.acts(node)),
            expected=f"node {node}, which needs entries that are gone, gets a "
                     "snapshot", observed="it never did", rule=COMPACT)
    for one in c.ids:
        await has_promised(c, one)


@test("A follower that lags behind the log gets a snapshot", part="B",
      points=2, nodes=3, config=SMALL, rule=COMPACT,
      needs=("restart_from_snapshot", "install_in_chunks"))
async def lagging_follower(c):
    """A follower misses twenty commands, which the others have compacted. It
    gets the snapshot in pieces, and loses its power soon after."""
    lagging = await leave_behind(c)
    await c.heal()
    await caught_up(c, lagging, "healed")
    await c.settle()
    c.check(len(was_sent(c, lagging)) > 3, expected="pieces of at most "
            f"{SMALL['snapshot_chunk_bytes']} bytes",
            observed=f"{len(was_sent(c, lagging))} InstallSnapshot requests")
    await c.restart(lagging)
    await everyone_back(c, "restarted")


@test("A new node with an empty disk catches up", part="B", points=1, nodes=3,
      config=SMALL, start=False, rule=COMPACT, needs="lagging_follower")
async def new_node(c):
    """Two of three run, commit and compact. Then the third starts for the
    first time."""
    await c.start(1)
    await c.start(2)
    await commit_all(c, commands("early ", 20, size=60), among=[1, 2])
    await has_all(c, [1, 2])
    for node in (1, 2):
        await take_snapshot(c, node)
    await c.start(3)
    await caught_up(c, 3, "all three")


@test("A transfer survives the deaths of both its ends", part="B", points=2,
      nodes=3, config={**SMALL, "snapshot_chunk_bytes": 40}, rule=COMPACT,
      needs="lagging_follower")
async def death_in_transfer(c):
    """Every message takes a while. In the middle of a transfer the follower
    dies, and starts; later its leader does, so that the next one has to begin
    anew."""
    lagging = await leave_behind(c)
    await c.partition(list(c.ids))
    await c.link("*", "*", delay_ms=8)
    for victim in ("follower", "leader"):
        count = len(was_sent(c, lagging))
        await c.until(lambda: len(was_sent(c, lagging)) > count + 4
                      or any(one.kind == RESTORE for one in c.acts(lagging)),
                      what="a snapshot is under way", limit_s=SOON_S)
        sent = was_sent(c, lagging)
        await c.restart(lagging if victim == "follower" else sent[-1].frm)
    await c.heal()
    await caught_up(c, lagging, "healed")


@test("Snapshots and commands go on while one is sent", part="B", points=2,
      nodes=3, config={**SMALL, "snapshot_chunk_bytes": 40}, rule=COMPACT,
      needs="lagging_follower",
      hint="A transfer belongs to one snapshot: when there is a newer one, "
           "either finish with the old one's bytes or begin anew.")
async def snapshot_in_transfer(c):
    """While a follower gets a snapshot piece by piece, the leader commits and
    takes the next ones; the follower is asked for one too."""
    lagging = await leave_behind(c)
    await c.partition(list(c.ids))
    await c.link("*", "*", delay_ms=4)
    for turn in range(3):
        count = len(was_sent(c, lagging))
        await c.until(lambda: len(was_sent(c, lagging)) > count + 4
                      or any(one.kind == RESTORE for one in c.acts(lagging)),
                      what="a snapshot is under way", limit_s=SOON_S)
        done = await c.commit(b"meanwhile %d" % turn,
                              among=others(c, lagging))
        await take_snapshot(c, done.node)
        await take_snapshot(c, lagging)
    await c.heal()
    await caught_up(c, lagging, "healed")
