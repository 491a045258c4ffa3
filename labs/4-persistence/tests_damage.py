"""Lab 4, part A: a disk that tears, flips, fills up and fails.

The grader does not know how a submission writes its log. It looks at what is
durable before and after one command: where that has changed is the command's
record, in any format.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, List, Tuple

from conclave import Region, changed, test

from .tests_seat import sit, sit_again, sit_or_refused
from .tests_words import (ALONE, CALM, DAMAGE, DISK, DURABLE, FULL, SOON_S,
                          TAIL, back, check_known, commands, has_all, leads,
                          write)

TIGHT = {**ALONE, "segment_bytes": 4096}
SYNCED = ("What is written is durable when await_disk_sync has returned OK, "
          "not before: only then may await_store_sync return.")


def largest(regions: List[Region]) -> Region:
    """Where most has changed."""
    return max(regions, key=lambda one: one.end - one.start)


async def record_of(c: Any, command: bytes) -> Region:
    """Where one command's record stands."""
    before = await c.disk_image(1)
    await write(c, [command])
    regions = changed(before, await c.disk_image(1))
    c.check(regions, expected=f"{command!r}, which is committed, has changed "
            "what is durable", observed="what the disk has synced is as it was",
            rule=DURABLE, hint=SYNCED)
    return largest(regions)


def places(c: Any, region: Region, every: int) -> List[int]:
    """Offsets in a region: every second one, say, the first of them drawn; in
    the real world, where each takes a real start, three that are drawn."""
    if c.proxy.name == "sim":
        return list(range(region.start + c.rng.randrange(every), region.end,
                          every))
    return sorted(c.rng.sample(range(region.start, region.end),
                               min(3, region.end - region.start)))


# In the simulated world only: a real disk does not tear where it is told.
@test("A write that was torn at any byte is as if it had never been", part="A",
      points=3, nodes=1, config=ALONE, worlds=("sim",), rule=TAIL,
      needs="entries_survive",
      hint="Read the last record as anybody might have left it: a length that "
           "leads nowhere, a checksum that does not fit. Cut it off, and go "
           "on from there.")
async def torn_writes(c):
    """The node dies in the middle of a sync that leaves the first k bytes of
    what was written, for every k. Before, and after, it commits as ever."""
    await leads(c)
    record = await record_of(c, b"measured")
    count = record.end - record.start + 2
    for k in range(count):
        await c.disk(1, torn_at=k)
        await c.crash_at(1, "sync", 1)
        await c.propose(1, b"torn%04d" % k, SOON_S)
        c.check(await c.ended(1), expected="a commit takes a sync",
                observed=f"command {k} was committed without one",
                rule=DURABLE, hint=SYNCED)
        await back(c)
        check_known(c)
    return f"{count} torn writes"


@test("A torn record at the end is cut off, and the log goes on", part="A",
      points=2, nodes=2, peers=[2], config=CALM, rule=TAIL,
      needs="append_survives",
      hint="What is behind the last whole record must not be taken for one "
           "later, when the log has grown over it.")
async def torn_tail(c):
    """A follower's last entry, not committed, is on its disk up to some byte
    only; what follows is as it was. The node starts, stores another entry
    there, and starts again."""
    two, before, region = await with_last_entry(c)
    after = await c.disk_image(1)
    old = before.get(region.name, b"").ljust(len(after[region.name]), b"\0")
    for cut in places(c, region, 2):
        await c.disk_restore(1, {**after, region.name:
                                 after[region.name][:cut] + old[cut:]})
        c.note(f"of the last record, {region}, those from {cut} on are not "
               "there")
        await c.start(1)
        two, = await sit(c, 2)
        await check_kept(c, two)
        await two.give(3, 2, 1, [(3, b"instead")], commit=2)
        two, = await sit_again(c, 2)
        msg = await two.append(3, 3, 3, commit=3)
        c.check(msg["success"], expected="the entry that was stored over the "
                "torn one is there", observed="it is not")
        await check_applied(c, [b"one", b"two", b"instead"])
        await c.power_cut(1)


async def with_last_entry(c: Any) -> Tuple[Any, dict, Region]:
    """Gives a follower two entries that are committed and one that is not, and
    cuts its power: the disk before the last one, and where that stands."""
    two, = await sit(c, 2)
    await two.give(1, 0, 0, [(1, b"one"), (1, b"two")], commit=2)
    before = await c.disk_image(1)
    await two.give(1, 2, 1, [(1, b"three")], commit=2)
    await c.power_cut(1)
    regions = changed(before, await c.disk_image(1))
    c.check(regions, expected="an entry that is acknowledged has changed what "
            "is durable", observed="the disk is as it was")
    return two, before, largest(regions)


async def check_kept(c: Any, two: Any) -> None:
    """The two entries are there; the third one whole, or not at all."""
    msg = await two.append(2, 2, 1, commit=2)
    c.check(msg["success"], expected="entries 1 and 2 are there: nothing of "
            "them was damaged", observed="they are not", rule=TAIL,
            hint="Cut off the last record only.")
    await check_applied(c, [b"one", b"two"])


async def check_applied(c: Any, book: List[bytes]) -> None:
    """The node comes to have applied these commands, and no others."""
    def held() -> List[bytes]:
        return [act.head for act in c.applied(1) if act.size]

    await c.until(lambda: len(held()) >= len(book), limit_s=SOON_S,
                  what=f"{len(book)} commands are applied")
    c.check(held() == book, expected=f"applied: {book}",
            observed=f"applied: {held()}")


async def kept_images(c: Any, count: int) -> Tuple[List[Region], dict]:
    """Commits so many commands: where each has its record, and the disk."""
    await leads(c)
    regions = [await record_of(c, one) for one in commands("entry", count)]
    await c.power_cut(1)
    return regions, await c.disk_image(1)


def check_refusal(c: Any, sentence: str, region: Region) -> None:
    """The sentence of a node that found damage."""
    rest = sentence.replace(region.name, "")
    c.check(region.name in sentence and re.search(r"\d", rest),
            expected=f"a sentence that names the file {region.name} and an "
                     "offset in it",
            observed=f"'{sentence}'", rule=DAMAGE,
            hint="An instructor, or you in a year, has to find the place: "
                 "node_fatal(\"log file %s is damaged at offset %llu\", ...).")


@test("A bit that flips in the first or a middle record is found", part="A",
      points=3, nodes=1, config=ALONE, rule=DAMAGE, needs="entries_survive",
      hint="A record that is not whole, but is followed by one that is, was "
           "not torn: it is damaged. Do not take it for the tail: what follows "
           "it was promised. Refuse, and say which file and where.")
async def flip_in_the_middle(c):
    """Nine commands; a bit of the first one's record flips, or of the fifth's.
    The node must not start without what it had promised."""
    regions, image = await kept_images(c, 9)
    for region in (regions[0], regions[4]):
        c.check(region.end - region.start > 8, expected="a command's record "
                "has some bytes", observed=f"only {region} have changed")
        for at in places(c, region, 3):
            await c.disk_restore(1, image)
            await c.disk_flip(1, region.name, at, c.rng.randrange(8))
            sentence = await c.try_start(1)
            if sentence:
                check_refusal(c, sentence, region)
                continue
            # It served: then nothing may be missing, and nothing changed.
            await has_all(c, [1])
            await c.power_cut(1)


@test("A bit that flips in the last record never becomes an entry", part="A",
      points=1, nodes=2, peers=[2], config=CALM, rule=DAMAGE,
      needs="torn_tail",
      hint="The checksum covers every byte of a record, its head included.")
async def flip_at_the_end(c):
    """A follower's last entry, stored and not committed, is damaged. That may
    look like a torn tail: it may be cut off, or refused. It must not be
    believed."""
    _, _, region = await with_last_entry(c)
    image = await c.disk_image(1)
    for at in places(c, region, 2):
        await c.disk_restore(1, image)
        await c.disk_flip(1, region.name, at, c.rng.randrange(8))
        seats = await sit_or_refused(c, 2)
        if not seats:
            continue
        await check_kept(c, seats[0])
        # If entry 3 is there all the same, it must be what was sent.
        msg = await seats[0].append(2, 3, 1, commit=3)
        if msg["success"]:
            await check_applied(c, [b"one", b"two", b"three"])
        await c.power_cut(1)


# In the simulated world only: a machine's disk does not fill up on demand.
@test("A full disk loses nothing, and says so", part="A", points=2, nodes=1,
      config=TIGHT, worlds=("sim",), needs="entries_survive", rule=FULL,
      hint="await_disk_write returns DISK_FULL: nothing of it is there. Either "
           "end the node with a sentence, or stop acknowledging.")
async def full_disk(c):
    """There is no room for more, four times: none at all, or less than a file,
    or a little more. Whatever was acknowledged is there when there is room
    again, and the node has started anew."""
    await leads(c)
    for time, room in zip("abcd", (0, 1000, 2500, 5000)):
        await c.disk(1, room=room)
        c.may_give_up(1)
        for command in commands(f"full {time} ", 200, size=200):
            made = await c.propose(1, command, SOON_S)
            if not made.ok:
                break
        c.check(not made.ok, expected="a full disk takes no more",
                observed="200 commands of 200 bytes were acknowledged")
        if made.outcome == "GONE":
            c.check(await c.ended(1) and c.last_words(1),
                    expected="a node that ends for a full disk says so",
                    observed="it ended without a sentence")
        await c.power_cut(1)
        await c.disk(1, full=1 << 30)
        await back(c)
        await write(c, [f"after {time}".encode()])


# In the simulated world only: a machine's disk does not fail on demand.
@test("A sync that failed is never believed", part="A", points=3, nodes=1,
      config=TIGHT, worlds=("sim",), rule=DISK, needs="entries_survive",
      hint="After a failed sync its bytes are gone, and the next one succeeds "
           "without them. End the node, or write everything again.")
async def failed_sync(c):
    """The n-th sync from now fails, for n from 1 to 12. Commands that were
    acknowledged, before and after, are there when the power has been cut."""
    await leads(c)
    for n in range(1, 13):
        await c.disk(1, fail_at=n)
        c.may_give_up(1)
        for number in range(14):
            pair = await asyncio.gather(*(
                c.propose(1, b"%d.%d%c" % (n, number, one), SOON_S)
                for one in b"xy"))
            if any(one.outcome == "GONE" for one in pair):
                break
        if not c.alive(1):
            c.check(c.last_words(1), expected="a node that ends says why",
                    observed="it ended without a sentence")
        await c.power_cut(1)
        await c.disk(1, fail_at=0)
        await back(c)


# In the simulated world only: it counts writes and syncs.
@test("A crash while it recovers, at every write and sync", part="A", points=3,
      nodes=1, config=TIGHT, worlds=("sim",), needs="torn_writes", rule=TAIL,
      hint="Recovery may repair only what it could do twice: it may be cut "
           "off anywhere, and then it starts from what it has left.")
async def crash_in_recovery(c):
    """The log ends in a torn record, over a few files. The node dies at the
    n-th write, sync or end of a sync after its start, for every n up to where
    it leads."""
    await leads(c)
    await write(c, commands("kept", 40, size=250))
    tried = 0
    for point in ("write", "sync", "synced"):
        await c.disk(1, torn_at=30)
        await c.crash_at(1, "sync", 1)
        await c.propose(1, f"torn {point}".encode(), SOON_S)
        c.check(await c.ended(1), expected="a commit takes a sync",
                observed="it was committed without one", rule=DURABLE,
                hint=SYNCED)
        for n in range(1, 60):
            await c.disk(1, torn_at=c.rng.randrange(60))
            if not await c.start_crashing(1, point, n):
                break
            tried += 1
        await has_all(c, [1])
        await write(c, [f"after {point}".encode()])
    c.check(tried >= 3, expected="a start that leads has written and synced: "
            "a term, a vote, a no-op", observed=f"it died {tried} times")
    return f"{tried} crash points"
