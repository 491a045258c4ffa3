"""Conclave's grader.

A lab's tests.py imports what it needs from here:

    from conclave import Lab, test

    LAB = Lab(name="rpc", folder="1-rpc", ...)

    @test("An echo comes back whole", part="A", points=2, nodes=2)
    async def echo(c):
        ...

`c` is a conclave.cluster.Cluster; its methods are the whole language of tests.
"""

from .failure import Failure
from .frames import Frame, Method, encode_reply, encode_request
from .resp import RespError
from .spec import Lab, exploration, test

__all__ = [
    "Failure",
    "Frame",
    "Lab",
    "Method",
    "RespError",
    "encode_reply",
    "encode_request",
    "exploration",
    "test",
]
