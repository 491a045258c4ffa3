"""Conclave's grader.

A lab's tests.py imports what it needs from here:

    from conclave import Lab, test

    LAB = Lab(name="rpc", folder="1-rpc", ...)

    @test("An echo comes back whole", part="A", points=2, nodes=2)
    async def echo(c):
        ...

`c` is a conclave.cluster.Cluster; its methods are the whole language of tests.
"""

from .disk_words import Region, changed
from .failure import Failure
from .frames import Frame, Method, encode_reply, encode_request
from .record import APPLY, RESTORE, SNAPSHOT, START, Act
from .resp import RespError
from .seat import Follower, Seat, follow, leads, sit
from .spec import Lab, exploration, test

__all__ = [
    "APPLY",
    "Act",
    "Failure",
    "Follower",
    "Frame",
    "Lab",
    "Method",
    "RESTORE",
    "Region",
    "RespError",
    "SNAPSHOT",
    "START",
    "Seat",
    "changed",
    "encode_reply",
    "encode_request",
    "exploration",
    "follow",
    "leads",
    "sit",
    "test",
]
