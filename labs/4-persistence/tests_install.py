"""Lab 4, part B: InstallSnapshot, frame by frame: one node, and the test in
its leader's place, or in its followers'."""

from __future__ import annotations

import asyncio
from typing import Any, List, Tuple

from conclave import RESTORE, Method, test

from .tests_seat import Seat, sit, sit_again
from .tests_words import (CALM, COMPACT, DURABLE, INSTALL, PATIENT,
                          SLOW_US, SOON_S, commands, has_book, state_of)

CHUNKS = {**PATIENT, "snapshot_chunk_bytes": 200}
LED = commands("led", 10, size=60)
LATE = 30  # requests; after more it never happens


def book(count: int) -> List[bytes]:
    """The commands that the leader's snapshots are made of."""
    return commands("held", count)


async def matches(c: Any, seat: Seat, term: int, index: int, entry_term: int,
                  wanted: bool, why: str, rule: str = INSTALL) -> None:
    """Whether the node's log has an entry (or its base) there."""
    msg = await seat.append(term, index, entry_term)
    c.check(msg["success"] == wanted,
            expected=f"entry {index} of term {entry_term} is "
                     f"{'there' if wanted else 'not there'}: {why}",
            observed="it is not" if wanted else "it is", rule=rule)


def restores(c: Any) -> List[int]:
    """The snapshots that the node's machine was replaced by, in this life."""
    latest: List[int] = []
    for act in c.acts(1):
        latest = [] if act.kind == 0 else \
            latest + [act.index] if act.kind == RESTORE else latest
    return latest


@test("A snapshot that comes in pieces replaces the machine and the log",
      part="B", points=2, nodes=2, peers=[2], config=CALM, rule=INSTALL,
      needs="append_survives",
      hint="Collect the chunks by offset; with the last one, make the file "
           "durable, restore the machine, then move the log's base.")
async def install_in_chunks(c):
    """An empty follower gets thirty commands in pieces of a hundred bytes, dies
    as soon as the last piece is answered, and goes on from there."""
    two, = await sit(c, 2)
    await c.disk(1, sync_us=SLOW_US // 4)
    await two.install_all(3, 30, 2, state_of(book(30)), 100)
    two, = await sit_again(c, 2)
    await has_book(c, 1, book(30), "the snapshot's, after a crash")
    await matches(c, two, 3, 30, 2, True, "the snapshot ends with it", DURABLE)
    await two.give(3, 30, 2, [(3, b"more")], commit=31)
    await has_book(c, 1, book(30) + [b"more"], "the snapshot's and one more")


@test("Pieces that come twice, or too early, do no harm", part="B", points=2,
      nodes=2, peers=[2], config=CALM, needs="install_in_chunks", rule=INSTALL,
      hint="next_offset is what you want next, whatever came: how much you "
           "have of this snapshot.")
async def wrong_offsets(c):
    """The leader's chunks are out of order, repeated, and begin in the middle.
    The follower says where it stands."""
    two, = await sit(c, 2)
    data = state_of(book(20))

    async def piece(start: int, end: int, wanted: int, done: bool = False
                    ) -> None:
        msg = await two.install(1, 20, 1, data[start:end], start, done)
        c.check(msg["next_offset"] == wanted,
                expected=f"next_offset {wanted} after bytes {start} to {end}",
                observed=str(msg["next_offset"]))

    await piece(100, 200, 0)
    await piece(0, 100, 100)
    await piece(100, 150, 150)
    await piece(100, 150, 150)
    await piece(200, 230, 150)
    await piece(220, len(data), 150, done=True)
    c.check(not restores(c), expected="no snapshot is installed that has a "
            "hole", observed=f"one up to entry {restores(c)[-1:]} was")
    await two.install(1, 20, 1, data[150:], 150, True)
    await has_book(c, 1, book(20), "the snapshot's")


@test("A newer snapshot takes the place of one that is half there", part="B",
      points=1, nodes=2, peers=[2], config=CALM, needs="install_in_chunks",
      rule=INSTALL,
      hint="What you have is the beginning of one snapshot: of that term, up "
           "to that entry. Chunks of another one start anew.")
async def newer_in_the_middle(c):
    """Half of a snapshot up to 10; then one up to 20, whole; then the rest of
    the first."""
    two, = await sit(c, 2)
    older, newer = state_of(book(10)), state_of(book(20))
    await two.install(1, 10, 1, older[:80], 0, False)
    msg = await two.install(1, 20, 1, newer[80:160], 80, False)
    c.check(msg["next_offset"] == 0, expected="next_offset 0: nothing of the "
            "snapshot up to 20 is there", observed=str(msg["next_offset"]))
    await two.install_all(1, 20, 1, newer, 100)
    await has_book(c, 1, book(20), "the newer snapshot's")
    await two.install(1, 10, 1, older[80:], 80, True)
    await c.sleep(100)
    await has_book(c, 1, book(20), "still the newer snapshot's")
    c.check(restores(c) == [20], expected="the snapshot up to 20 is installed, "
            "and no other", observed=f"installed: {restores(c)}")


@test("An older snapshot never replaces what is newer", part="B", points=2,
      nodes=2, peers=[2], config=CALM, needs="install_in_chunks", rule=INSTALL,
      hint="If the machine is there already, or beyond, answer and do nothing. "
           "If the log has the snapshot's last entry, keep what follows it.")
async def older_comes_late(c):
    """First a snapshot behind a snapshot, then one behind entries that are
    applied, then one behind entries that are only stored."""
    two, = await sit(c, 2)
    await two.install_all(1, 20, 1, state_of(book(20)), 1000)
    await two.install_all(1, 10, 1, state_of(book(10)), 1000)
    await has_book(c, 1, book(20), "that of the snapshot up to 20")
    await matches(c, two, 1, 20, 1, True, "a snapshot up to 20 was installed")
    more = commands("more", 6)
    await two.give(1, 20, 1, [(1, one) for one in more], commit=23)
    await has_book(c, 1, book(20) + more[:3], "three entries later")
    await two.install_all(1, 22, 1, state_of(book(20) + more[:2]),
                          1000)
    await matches(c, two, 1, 26, 1, True, "a snapshot up to 22 is older")
    await two.install_all(1, 25, 1, state_of(book(20) + more[:5]),
                          1000)
    await matches(c, two, 1, 26, 1, True, "it follows the snapshot's last "
                  "entry, which the log has with the same term")
    await two.append(1, 26, 1, commit=26)
    await has_book(c, 1, book(20) + more, "all of them")
    c.check(22 not in restores(c) and 10 not in restores(c),
            expected="older snapshots are not installed",
            observed=f"installed: {restores(c)}")
    two, = await sit_again(c, 2)
    await two.append(1, 26, 1, commit=26)
    await has_book(c, 1, book(20) + more, "all of them, after a crash")


@test("A snapshot drops a log that contradicts it", part="B", points=1,
      nodes=2, peers=[2], config=CALM, needs="install_in_chunks",
      rule=INSTALL + ", rule 7",
      hint="What follows an entry belongs to it. Unless the log has the "
           "snapshot's last entry, with its term, all of the log goes.")
async def contradicting_log(c):
    """The follower has five entries of term 1; the snapshot says that entry 3
    is of term 2."""
    two, = await sit(c, 2)
    await two.give(1, 0, 0, [(1, b"wrong%d" % n) for n in range(5)])
    await two.install_all(2, 3, 2, state_of(book(3)), 100)
    await has_book(c, 1, book(3), "the snapshot's")
    await matches(c, two, 2, 5, 1, False, "it followed another entry 3")
    await matches(c, two, 2, 3, 2, True, "the snapshot ends with it")
    two, = await sit_again(c, 2)
    await matches(c, two, 2, 5, 1, False, "it was dropped", DURABLE)
    await two.give(2, 3, 2, [(2, b"right")], commit=4)
    await has_book(c, 1, book(3) + [b"right"], "the snapshot's and one more")


@test("A snapshot changes neither the term nor the vote", part="B", points=2,
      peers=[2, 3], config=CALM, needs="install_in_chunks", rule=INSTALL,
      hint="last_included_term is an entry's term. The current term is another "
           "thing, and it never falls.")
async def term_stays(c):
    """The node votes in term 7, gets a snapshot whose last entry is of term 2,
    and dies. Before, an older leader's snapshot comes."""
    two, three = await sit(c, 2, 3)
    msg = await two.ask_vote(7)
    c.check(msg["granted"], expected="the vote", observed="refused")
    msg = await three.install(6, 10, 2, state_of(book(10)))
    c.check(msg["term"] == 7 and not restores(c), rule=INSTALL + ", rule 1",
            expected="a leader of term 6 is told of term 7, and its snapshot "
                     "is not taken",
            observed=f"term {msg['term']}, installed: {restores(c)}")
    msg = await two.install(7, 10, 2, state_of(book(10)))
    c.check(msg["term"] == 7, expected="term 7", observed=str(msg["term"]))
    await has_book(c, 1, book(10), "the snapshot's")
    for _ in range(2):
        msg = await three.ask_vote(7, 10, 2)
        c.check(not msg["granted"] and msg["term"] == 7,
                expected="refused, in term 7: node 2 has that vote",
                observed=f"{'granted' if msg['granted'] else 'refused'}, in "
                         f"term {msg['term']}")
        two, three = await sit_again(c, 2, 3)


@test("After compaction a log still knows how it ends", part="B", points=2,
      peers=[2, 3], config=CALM, needs="install_in_chunks",
      rule="Raft paper, section 7, and section 5.4.1 (Election restriction)",
      hint="store_term_at(store_base_index()) is the snapshot's term, not 0, "
           "also after a restart.")
async def log_check_after_compaction(c):
    """Nothing is left in the log but its base, entry 10 of term 2. A candidate
    with more entries of term 1 must not get its vote."""
    two, three = await sit(c, 2, 3)
    await two.install(2, 10, 2, state_of(book(10)))
    for term in (10, 20):
        for index, last_term, granted in ((30, 1, False), (9, 2, False),
                                          (10, 2, True)):
            term += 1
            msg = await three.ask_vote(term, index, last_term)
            c.check(msg["granted"] == granted,
                    expected=f"{'granted' if granted else 'refused'}: the "
                             "node's last entry is 10 of term 2",
                    observed=f"{'granted' if msg['granted'] else 'refused'}")
        two, three = await sit_again(c, 2, 3)
    await matches(c, two, 30, 10, 2, True, "the snapshot ends with it")


@test("A candidate whose log is all in its snapshot says how it ends",
      part="B", points=1, peers=[2, 3], config=PATIENT,
      needs="log_check_after_compaction",
      rule="Raft paper, Figure 2, RequestVote RPC, Arguments")
async def campaign_after_compaction(c):
    """A node gets a snapshot, hears nobody any more, and asks for votes; again
    after a crash."""
    two, _ = await sit(c, 2, 3)
    await two.install(5, 10, 2, state_of(book(10)))
    for _ in range(2):
        for _ in range(4):
            msg = (await two.asked(Method.REQUEST_VOTE)).msg
            if msg["term"] > 5:
                break
        c.check((msg["last_log_index"], msg["last_log_term"]) == (10, 2),
                expected="last entry 10 of term 2",
                observed=f"last entry {msg['last_log_index']} of term "
                         f"{msg['last_log_term']}")
        two, _ = await sit_again(c, 2, 3)


async def lead_with_snapshot(c: Any) -> Tuple[Seat, Tuple[int, int], Any]:
    """Node 1 leads, has committed ten commands with node 2, and has them in a
    snapshot: node 3's seat, the snapshot's last entry, who follows beside."""
    two, three = await sit(c, 2, 3)
    await two.accept(await two.elect())
    following = asyncio.ensure_future(two.follow())
    last = (0, 0)
    for command in LED:
        made = await c.propose(1, command, SOON_S)
        c.check(made.ok, expected="node 2's word makes a majority",
                observed=made.text or made.outcome)
        last = (made.index, made.term)
    reply = await c.cmd(1, "SNAPSHOT", timeout_s=SOON_S)
    c.check(reply == b"OK", expected="a snapshot", observed=repr(reply))
    return three, last, following


NOT_SENT = ("await_snapshot_send is for peers whose next index is at or below "
            "store_base_index().")


async def next_chunk(c: Any, seat: Seat, wanted: int = 0, hint: str = NOT_SENT
                     ) -> Any:
    """The next InstallSnapshot; AppendEntries are told that nothing is there,
    and votes are not given."""
    for _ in range(200):
        frame = await seat.asked()
        if frame.method == Method.INSTALL_SNAPSHOT:
            return frame
        if frame.method == Method.APPEND_ENTRIES:
            await seat.reply(frame, success=False, conflict_index=1)
    c.check(False, expected="InstallSnapshot for a follower whose next entry "
            f"is in the snapshot, from byte {wanted} on",
            observed="200 other requests", rule=COMPACT, hint=hint)


@test("A leader sends its snapshot piece by piece, as it is asked to",
      part="B", points=2, peers=[2, 3], config=CHUNKS, rule=INSTALL,
      needs=("install_in_chunks", "leader_counts_itself"),
      hint="The reply's next_offset decides where the next chunk begins.")
async def send_in_chunks(c):
    """A follower has nothing. It takes the chunks one by one, forgets what it
    had in the middle, and wants it again; then it goes on with the log."""
    three, (last, term), following = await lead_with_snapshot(c)
    have, forgot = b"", False
    try:
        for _ in range(100):
            frame = await next_chunk(
                c, three, len(have), "Node 3 says with next_offset what it "
                "wants next, be it less than it has been sent."
                if forgot else NOT_SENT)
            msg = frame.msg
            c.check(len(msg["data"]) <= 200, expected="at most "
                    "snapshot_chunk_bytes in a chunk",
                    observed=f"{len(msg['data'])} bytes")
            if msg["offset"] == len(have):
                have += msg["data"]
            done = msg["done"] and len(have) == msg["offset"] + \
                len(msg["data"])
            if len(have) > 400 and not forgot:
                have, forgot, done = b"", True, False
                c.note("node 3 has forgotten what it had of the snapshot")
            await three.reply(frame, next_offset=len(have))
            if done:
                break
        c.check(forgot and done, expected="a snapshot that comes whole after "
                "it was begun anew", observed=f"{len(have)} bytes came, and "
                "then not the ones that node 3 wanted")
        c.check(have == state_of(LED), expected="the machine's "
                "state, and nothing else",
                observed=f"{len(have)} bytes that are something else")
        made = asyncio.ensure_future(c.propose(1, b"one more", SOON_S))
        for _ in range(LATE):
            frame = await three.asked(Method.APPEND_ENTRIES)
            if frame.msg["prev_log_index"] >= last and frame.msg["entries"]:
                break
            await three.accept(frame)
        c.check(frame.msg["prev_log_index"] >= last and frame.msg["entries"],
                expected=f"entries behind {last}, where the snapshot ends",
                observed=f"entries behind {frame.msg['prev_log_index']}")
        await three.accept(frame)
        await made
    finally:
        following.cancel()


@test("A transfer that broke off is begun anew", part="B", points=2,
      peers=[2, 3], config=CHUNKS, rule=INSTALL, needs="send_in_chunks",
      hint="Whatever a failed call leaves behind, the next transfer begins "
           "with what the follower wants: offset 0 if nobody knows better.")
async def transfer_broken_off(c):
    """The follower's stream breaks in the middle of a transfer, and the
    follower has lost what it had: it must get every byte from the first."""
    three, _, following = await lead_with_snapshot(c)
    try:
        for _ in range(2):
            frame = await next_chunk(c, three)
            await three.reply(frame, next_offset=len(frame.msg["data"])
                              + frame.msg["offset"])
        await next_chunk(c, three)
        three.asked_on.reset()
        c.note("the stream from node 1 to node 3 breaks")
        three.asked_on = await three.peer.accept(1, SOON_S)
        have = b""
        for _ in range(100):
            frame = await next_chunk(c, three)
            if frame.msg["offset"] == len(have):
                have += frame.msg["data"]
                if frame.msg["done"]:
                    break
            await three.reply(frame, next_offset=len(have))
        c.check(frame.msg["done"] and have, expected="all of the snapshot",
                observed=f"{len(have)} bytes and no end: the last request was "
                         f"for offset {frame.msg['offset']}")
    finally:
        following.cancel()
