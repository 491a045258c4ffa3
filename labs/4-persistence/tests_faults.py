"""Lab 4, parts A and B: votes and snapshots on a disk that fails or is full,
and a vote whose file goes."""

from __future__ import annotations

import asyncio
from typing import Any, Dict, List, Optional

from conclave import Failure, Method, test

from .tests_install import CHUNKS, lead_with_snapshot, next_chunk
from .tests_seat import Seat, sit, sit_again
from .tests_words import (ALONE, CALM, COMPACT, DISK, DURABLE, INSTALL, KEPT,
                          SOON_S, back, commands, leads, state_of,
                          take_snapshot, write)

FILES = {**CALM, "segment_bytes": 4096}
ROOM = 1 << 30
MANY = 600    # more than fit into what a log has put aside
ROUNDS = 80   # whether it shows is up to the disk


async def sit_after_fault(c: Any, *seats: int) -> List[Seat]:
    """Node 1, which may have ended itself, starts on a disk without faults;
    the seats are taken anew."""
    if not c.alive(1):
        c.check(c.last_words(1), expected="a node that ends says why",
                observed="it ended without a sentence", rule=DISK)
    await c.power_cut(1)
    await c.disk(1, fail_at=0, full=ROOM)
    await c.start(1)
    return await sit(c, *seats)


async def said(c: Any, seat: Seat, method: int, **fields: Any
               ) -> Optional[Dict[str, Any]]:
    """What a node with a bad disk answers; None: an error, or its end."""
    if not c.alive(1):
        return None
    try:
        msg = await seat.outcome_of(await seat.send(method, **fields))
    except Failure:
        if not await c.ended(1, 1.0):
            raise
        return None
    return msg if msg["outcome"] == 0 else None


async def grants(c: Any, seat: Seat, term: int) -> bool:
    """Whether it grants a vote."""
    msg = await said(c, seat, Method.REQUEST_VOTE, term=term,
                     candidate=seat.id, last_log_index=1, last_log_term=1)
    return bool(msg and msg["granted"])


async def fill_up(c: Any, seat: Seat, term: int) -> int:
    """Votes of one term after the other, until the disk does not take one;
    then there is room again. That term."""
    await c.disk(1, room=0)
    for late in range(term, term + MANY):
        if not await grants(c, seat, late):
            if c.alive(1):
                await c.disk(1, full=ROOM)
            return late
    raise Failure("a full disk takes no more", f"{MANY} votes were granted")


# In the simulated world only: a machine's disk does not fail on demand.
@test("A vote that the disk did not take is not given", part="A", points=1,
      peers=[2, 3], config=FILES, worlds=("sim",), rule=DISK,
      needs="vote_survives",
      hint="What a failed sync covered is gone; what found no room has still "
           "to be written. Neither is durable because the next sync succeeds.")
async def vote_on_bad_disk(c):
    """A candidate asks while a sync fails, or the disk is full, and is given an
    error; it asks again. If it gets the vote then, the vote is there when node
    1 is back."""
    two, three = await sit(c, 2, 3)
    await two.give(1, 0, 0, [(1, b"kept")])  # so that no file can go
    term = 10
    for fault in ("a sync fails", "the next one fails", "full"):
        term += 1
        c.may_give_up(1)
        if fault == "full":
            term = await fill_up(c, two, term)
        else:
            await c.disk(1, fail_at=1 if fault == "a sync fails" else 2)
        asked = [await grants(c, two, term) for _ in range(3)]
        c.note(f"{fault}: node 2 asks for the vote of term {term} three "
               f"times, and gets it {sum(asked)} times")
        two, three = await sit_after_fault(c, 2, 3)
        msg = await three.ask_vote(term, 1, 1)
        c.check(not (any(asked) and msg["granted"]),
                expected=f"refused: node 2 has the vote of term {term}",
                observed="granted")


# In the simulated world only: a machine's disk does not fail on demand.
@test("A file whose sync failed is not counted on", part="A", points=1, nodes=1,
      config={**ALONE, "segment_bytes": 4096}, worlds=("sim",), rule=DISK,
      needs="failed_sync",
      hint="A new file needs two syncs, its own and its folder's. If one fails "
           "the file, or its name, may be gone: make it again.")
async def file_on_bad_disk(c):
    """The n-th sync from now fails, for n from 1 to 12, while a few commands
    come that need a file each, from 1 to 4; then the power is cut."""
    await leads(c)
    for n in range(1, 13):
        for count in range(1, 5):
            await c.disk(1, fail_at=n)
            c.may_give_up(1)
            for one in range(count):
                made = await c.propose(1, b"%d %d %d" % (n, count, one)
                                       + bytes(3000), SOON_S)
                if made.outcome == "GONE":
                    break
            await c.power_cut(1)
            await c.disk(1, fail_at=0)
            await back(c)


@test("A vote outlives the file that it was written to", part="B", points=1,
      peers=[2, 3], config=FILES, rule=DURABLE,
      needs=("vote_survives", "restart_from_snapshot"),
      hint="A snapshot covers entries, not term and vote. They must be written "
           "again before the last file that holds them goes.")
async def vote_outlives_its_file(c):
    """A vote; then entries over several files, a snapshot that covers them, and
    more entries, so that old files are removed. The node dies."""
    two, three = await sit(c, 2, 3)
    msg = await two.ask_vote(5)
    c.check(msg["granted"], expected="the vote", observed="refused")
    data = [(5, one) for one in commands("entry", 60, size=250)]
    await two.give(5, 0, 0, data[:40], commit=40)
    await c.until(lambda: any(act.index == 40 for act in c.acts(1)),
                  what="entry 40 is applied", limit_s=SOON_S)
    await take_snapshot(c)
    for last in range(40, 60):
        await two.give(5, last, 5, data[last:last + 1], commit=last)
    two, three = await sit_again(c, 2, 3)
    msg = await three.ask_vote(5, 60, 5)
    c.check(not msg["granted"] and msg["term"] == 5,
            expected="refused, in term 5: node 2 has that vote",
            observed=f"{'granted' if msg['granted'] else 'refused'}, in term "
                     f"{msg['term']}")


async def sends(c: Any, seat: Seat, last: int, start: int, end: int) -> int:
    """A piece of a snapshot: what the node wants next; -1: it says nothing."""
    data = state_of(commands("held", last))
    msg = await said(c, seat, Method.INSTALL_SNAPSHOT, term=3, leader=seat.id,
                     last_included_index=last, last_included_term=2,
                     offset=start, done=end == len(data),
                     data=data[start:end])
    return msg["next_offset"] if msg else -1


# In the simulated world only: a machine's disk does not fail on demand.
@test("A snapshot that the disk did not take is not there", part="B", points=2,
      nodes=2, peers=[2], config=CALM, worlds=("sim",), rule=COMPACT,
      needs="install_in_chunks",
      hint="When an installation fails, nothing of the transfer is worth "
           "anything: the next chunk is answered with next_offset 0.")
async def install_on_bad_disk(c):
    """The n-th sync after the last piece fails, for n from 1 to 6. The leader
    sends that piece three times. If it is told that all is there, it is there
    after a crash."""
    two, = await sit(c, 2)
    for n in range(1, 7):
        last = 10 * n
        end = len(state_of(commands("held", last)))
        c.may_give_up(1)
        await sends(c, two, last, 0, 50)
        await c.disk(1, fail_at=n)
        told = [await sends(c, two, last, 50, end) for _ in range(3)]
        c.note(f"sync {n} fails: the last piece of a snapshot up to {last}, "
               f"three times: it wants {told} next")
        two, = await sit_after_fault(c, 2)
        if max(told) >= end:
            msg = await two.append(3, last, 2)
            c.check(msg["success"], expected=f"entry {last} is there, as the "
                    "snapshot's last: node 1 has said so",
                    observed="it is not")


@test("A follower that takes no piece is not pressed", part="B", points=1,
      peers=[2, 3], config=CHUNKS, rule=INSTALL, needs="send_in_chunks",
      hint="An answer that takes a transfer no further is no reason to hurry: "
           "wait for about a heartbeat interval before the next piece.")
async def patient_sender(c):
    """A follower wants the first piece again and again, for a second."""
    three, _, following = await lead_with_snapshot(c)
    clock = asyncio.get_event_loop().time
    end, count = clock() + 1, 0
    try:
        while clock() < end and count < MANY:
            await three.reply(await next_chunk(c, three), next_offset=0)
            count += 1
    finally:
        following.cancel()
    most = 3 * 1000 // CHUNKS["heartbeat_ms"]
    c.check(count <= most, expected=f"at most {most} pieces in 1 s, at a "
            f"heartbeat interval of {CHUNKS['heartbeat_ms']} ms",
            observed=f"{count}, or more")


async def snapshot_soon(c: Any, wait_s: float) -> None:
    """SNAPSHOT a little later, to a node that may die of it."""
    client = await c.client(1)
    await asyncio.sleep(wait_s)
    try:
        await client.cmd("SNAPSHOT", timeout_s=SOON_S)
    except Exception as failure:
        c.check(not c.alive(1), expected="an answer to SNAPSHOT",
                observed=str(failure))


async def propose_soon(c: Any, data: bytes, wait_s: float) -> None:
    """PROPOSE a little later, to a node that may be dead by then."""
    await asyncio.sleep(wait_s)
    if c.alive(1):
        await c.propose(1, data, SOON_S)


async def crash_among(c: Any, *tasks: Any) -> None:
    """Does these things; somewhere in them node 1 dies, or it is killed when
    they are done; it comes back with all that it has promised."""
    await asyncio.gather(*tasks)
    await c.power_cut(1)
    await back(c)


# In the simulated world only: it counts writes and syncs.
@test("A crash while files of the log come and go", part="B", points=3, nodes=1,
      config={**ALONE, "segment_bytes": 4096}, worlds=("sim",), rule=KEPT,
      needs="crash_in_snapshot",
      hint="A disk takes in any order what no sync has put in order. A file "
           "may go only when what makes it unneeded is durable, and nothing "
           "may count on a file or a batch that is not.")
async def crash_among_files(c):
    """Commands of about a kilobyte, and a snapshot among them, so that files
    are begun, filled and removed at the same time. The node dies at some write,
    sync or end of a sync, many times, and its disk keeps what it likes of
    what was not synced."""
    await leads(c)
    for number in range(2 * ROUNDS):
        await c.disk(1, torn=1, sync_us=2000)
        await c.crash_at(1, c.rng.choice(["write", "sync", "synced"]),
                         c.rng.randrange(1, 16))
        await crash_among(
            c, snapshot_soon(c, 0.001 * c.rng.randrange(30)),
            *(propose_soon(c, b"%d.%d" % (number, one)
                           + bytes(c.rng.randrange(500, 2000)),
                           0.001 * c.rng.randrange(30)) for one in range(6)))


async def syncs(c: Any) -> int:
    return (await c.disk_counts(1)).syncs


async def propose_at_sync(c: Any, data: bytes, number: int) -> None:
    """PROPOSE as soon as the disk has begun so many syncs."""
    while c.alive(1) and await syncs(c) < number:
        await asyncio.sleep(0.0002)
    if c.alive(1):
        await c.propose(1, data, SOON_S)


# In the simulated world only: it counts writes and syncs.
@test("A crash while the log is cut, and goes on", part="B", points=2,
      nodes=1, config={**ALONE, "segment_bytes": 4096}, worlds=("sim",),
      rule=KEPT, needs="crash_among_files",
      hint="The last file must not go before the first batch of the next one "
           "is durable, even if a snapshot covers all that there is.")
async def crash_at_the_cut(c):
    """A snapshot covers all that there is, in a few files; when it has begun
    its last sync, a command comes that needs a new file, or, at the one before,
    one that does not. The node dies three syncs later, and its disk keeps what
    it likes of what was not synced. Many times."""
    await leads(c)
    await write(c, [b"first"])
    await c.sleep(40)
    before = await syncs(c)
    await take_snapshot(c)
    taken = await syncs(c) - before
    for number in range(ROUNDS):
        await write(c, [b"%d %d" % (number, one) + bytes(3000)
                        for one in range(2)])
        await c.sleep(40)  # no sync is under way any more
        await c.disk(1, torn=1, sync_us=2000)
        late, size = (taken - 1, 10) if number % 2 else (taken, 3000)
        await c.crash_at(1, "sync", late + 3)
        await crash_among(
            c, snapshot_soon(c, 0),
            propose_at_sync(c, b"%d" % number + bytes(size),
                            await syncs(c) + late))
