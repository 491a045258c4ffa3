"""Words for the tests of lab 4: rules, clusters, what must be there again."""

from __future__ import annotations

import asyncio
import struct
from typing import Any, Callable, Dict, Iterable, List, Sequence, Tuple

from conclave import Failure

# A node that is its whole cluster, and leads soon after it has started.
ALONE = {"heartbeat_ms": 20, "election_min_ms": 40, "election_max_ms": 80,
         "rpc_timeout_ms": 15, "segment_bytes": 16384, "snapshot_log_bytes": 0}
# A cluster that a busy machine does not unsettle.
BRISK = {"heartbeat_ms": 40, "election_min_ms": 160, "election_max_ms": 320,
         "rpc_timeout_ms": 35, "segment_bytes": 16384, "snapshot_log_bytes": 0}
# A follower that never campaigns while the test talks to it.
CALM = {"heartbeat_ms": 50, "election_min_ms": 60000,
        "election_max_ms": 120000, "rpc_timeout_ms": 40,
        "segment_bytes": 16384, "snapshot_log_bytes": 0}
# A leader whom the test follows.
PATIENT = {"heartbeat_ms": 100, "election_min_ms": 200,
           "election_max_ms": 400, "rpc_timeout_ms": 90,
           "segment_bytes": 16384, "snapshot_log_bytes": 0}

SOON_S = 20.0      # for what must happen; in virtual time that costs nothing
SLOW_US = 100_000  # a simulated sync that nothing overtakes by chance

DURABLE = ("Raft paper, Figure 2, State: persistent state is updated on stable "
           "storage before responding to RPCs")
KEPT = ("Leader Completeness (Raft paper, Figure 3): what was committed stays, "
        "whoever loses power")
TAIL = ("labs/4-persistence/README.md, Part A: what a crash has torn was never "
        "promised; everything before it was")
DAMAGE = ("labs/4-persistence/README.md, Part A: what was durable and is not "
          "whole any more ends the node, with the file and the offset")
FULL = ("labs/4-persistence/README.md, Part A: on a full disk nothing that was "
        "acknowledged is lost")
DISK = "handout/node/disk.h: what a failed sync covered is gone"
GROUP = ("handout/node/store.h, await_store_sync: one sync covers all changes "
         "made before it")
COMPACT = "Raft paper, section 7 (Log compaction)"
INSTALL = "Raft paper, Figure 13, InstallSnapshot RPC"


# Nodes that are alone

async def leads(c: Any, node: int = 1, limit_s: float = SOON_S) -> None:
    """Waits until a node says that it leads."""
    async def confirmed() -> bool:
        return await c.confirm(node) == "OK"

    await c.until(confirmed, what=f"node {node} leads", limit_s=limit_s,
                  rule="Raft paper, section 5.2 (Leader election)")


async def write(c: Any, commands: Iterable[bytes], node: int = 1) -> None:
    """Proposes one after the other to the leader, which must take them."""
    for command in commands:
        made = await c.propose(node, command, SOON_S)
        c.check(made.ok, expected=f"node {node}, which leads, commits "
                f"{made.shown}", observed=made.text or made.outcome)


async def back(c: Any, node: int = 1) -> None:
    """A node that was killed starts, leads, and has all that it promised."""
    await c.start(node)
    await leads(c, node)
    await has_all(c, [node])


async def has_all(c: Any, nodes: Sequence[int]) -> None:
    """These nodes have applied all that was promised, and nothing that nobody
    proposed; their machines say so too."""
    await c.all_applied(nodes, limit_s=SOON_S)
    check_known(c)


def check_known(c: Any) -> None:
    """Nobody has applied what nobody has proposed."""
    known = {one.data[:64] for one in c.proposals}
    for node in c.nodes:
        for act in c.applied(node):
            c.check(not act.size or act.head in known,
                    expected="what is applied is what was proposed, byte for "
                             "byte",
                    observed=f"node {node} applied {act.head!r} at index "
                             f"{act.index}, which nobody has proposed",
                    node=node, hint="A record counts only if its checksum "
                                    "says so.")


def commands(prefix: str, count: int, size: int = 0) -> List[bytes]:
    """Different commands of a size."""
    return [f"{prefix}{number}".encode().ljust(size, b".")
            for number in range(1, count + 1)]


# The ledger, as handout/standin/ledger.c has it

_BASIS, _PRIME, _MASK = 0xcbf29ce484222325, 0x100000001b3, (1 << 64) - 1


HELD = _MASK  # next_offset of a follower that needs nothing of a snapshot


def fnv(digest: int, data: bytes) -> int:
    """64-bit FNV-1a of some bytes, going on from a value."""
    for byte in data:
        digest = (digest ^ byte) * _PRIME & _MASK
    return digest


def digest_of(book: Iterable[bytes]) -> int:
    """Of all commands in their order."""
    digest = 0
    for command in book:
        digest = fnv(digest ^ _BASIS, command)
    return digest


def state_of(book: Sequence[bytes]) -> bytes:
    """The ledger that has these commands, as a snapshot of it travels."""
    return struct.pack("<QQ", len(book), digest_of(book)) + b"".join(
        struct.pack("<I", len(one)) + one for one in book)


async def ledger(c: Any, node: int) -> Tuple[int, int]:
    """How many commands a node's machine has entered, and their digest."""
    reply = await c.cmd(node, "LEDGER")
    c.check(isinstance(reply, list) and len(reply) == 2,
            expected="LEDGER is answered by two numbers", observed=repr(reply))
    return reply[0], reply[1] & _MASK


async def has_book(c: Any, node: int, book: Sequence[bytes], why: str) -> None:
    """A node's machine comes to be that of these commands."""
    await _has(c, node, lambda: book, why)


async def has_promised(c: Any, node: int) -> None:
    """A node's machine comes to be that of all commands that take effect."""
    await _has(c, node, c.book, "all that was promised")


async def _has(c: Any, node: int, wanted: Callable[[], Sequence[bytes]],
               why: str) -> None:
    seen: List[Tuple[int, int]] = [(0, 0)]

    async def is_so() -> bool:
        seen[0] = await ledger(c, node)
        book = wanted()
        return seen[0] == (len(book), digest_of(book))

    try:
        await c.until(is_so, what=f"node {node}'s machine: {why}",
                      limit_s=SOON_S)
    except Failure as failure:
        count = len(wanted())
        failure.observed = (f"its ledger holds {seen[0][0]} commands, not "
                            f"{count}" if seen[0][0] != count else
                            "its ledger holds as many commands, but not the "
                            "same in the same order")
        raise


async def take_snapshot(c: Any, node: int = 1) -> None:
    """SNAPSHOT, which must be answered by OK."""
    reply = await c.cmd(node, "SNAPSHOT", timeout_s=SOON_S)
    c.check(reply == b"OK", expected=f"node {node} takes a snapshot",
            observed=f"it answered {reply!r}", rule=COMPACT, node=node)


# Clusters

def others(c: Any, *left_out: int) -> List[int]:
    return [node for node in c.ids if node not in left_out]


async def commit_all(c: Any, wanted: Iterable[bytes], **where: Any) -> None:
    for command in wanted:
        await c.commit(command, **where)


async def everyone_back(c: Any, name: str) -> None:
    """All start, agree on one more command, and have all of them."""
    await c.start()
    await c.commit(name.encode())
    await has_all(c, list(c.nodes))


async def stopped(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Ends what ran beside the test; its errors are the test's."""
    for task in tasks:
        task.cancel()
    for done in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(done, Exception):
            raise done


def fields(frame: Any) -> Dict[str, Any]:
    """Of a message that decodes; {} otherwise."""
    return frame.msg or {}
