"""What a lab's tests.py says: the lab itself, and each test with its points.

Both are plain data. discover.py finds and checks them; runner.py runs them. A
test that runs in both worlds gives its points if it passes in both; in the
real one it is run only when it has passed in the simulated one. An exploration
runs in the simulated world alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import (Any, Awaitable, Callable, Dict, List, Mapping, Optional,
                    Sequence, Tuple, Union)

SIM = "sim"        # one simulator for all, virtual time
REAL = "real"      # a process a node, real time
WORLDS = (SIM, REAL)   # in the order in which a test meets them
MOST_DRAWN = 5     # nodes of an exploration that draws how many

SCENARIO = "scenario"  # drives a cluster of nodes
PEER = "peer"          # plays the peers of one node, frame by frame
EXPLORATION = "exploration"  # many seeds, a schedule of faults drawn from each
KINDS = (SCENARIO, PEER, EXPLORATION)


@dataclass(frozen=True)
class Lab:
    """One lab: what it is called and what its nodes are linked from."""

    name: str                 # on the command line: "rpc"
    folder: str               # under labs/, in course order: "1-rpc"
    title: str                # for people: "Lab 1: RPC"
    hours: str                # honest estimate: "10-14"
    parts: Mapping[str, str]  # "A" -> what the part is about
    binary: str               # the make target of its node: "node-rpc"
    stages: Sequence[str]     # labs whose code it holds, its own last
    elective: bool = False    # graded only when it is named


@dataclass(frozen=True)
class Test:
    """One test: the claim, what it is worth, and the cluster it wants."""

    function: Callable[[Any], Awaitable[Optional[str]]]
    # runs it, given a Cluster; what it covered, in a few words, or None
    name: str                 # the function's name: "echo"
    title: str                # the claim it proves
    part: str                 # of the lab: "A"
    points: int               # what passing gives
    ids: Tuple[int, ...]      # all nodes of the cluster
    peers: Tuple[int, ...]    # those of them that the test plays itself
    kind: str                 # SCENARIO or PEER
    start: bool               # the nodes run when the test begins
    needs: Tuple[str, ...]    # tests without which this one makes no sense
    config: Mapping[str, int] = field(default_factory=dict)
    logs: Mapping[int, Sequence[int]] = field(default_factory=dict)
    clocks: Mapping[int, float] = field(default_factory=dict)
    rule: str = ""            # what is broken when it fails, and where written
    hint: str = ""            # where to look then
    doc: str = ""             # the docstring: what it proves, which fault
    worlds: Tuple[str, ...] = WORLDS  # where it runs
    seeds: int = 1            # in the simulated world, unless told otherwise
    size: int = 0             # nodes of an exploration; 0: 2 to 5, drawn
    plan: str = ""            # what it tries (grader/sim/trial.h): "election"
    hidden: bool = False      # students do not have it (official.py)


def _names(needs: Union[str, Sequence[str], None]) -> Tuple[str, ...]:
    """One name, several, or none, as a tuple."""
    if needs is None:
        return ()
    return (needs,) if isinstance(needs, str) else tuple(needs)


def test(title: str, *, points: int, part: str = "", nodes: int = 3,
         ids: Optional[Sequence[int]] = None, peers: Sequence[int] = (),
         kind: str = "", start: bool = True,
         needs: Union[str, Sequence[str], None] = None,
         config: Optional[Mapping[str, int]] = None,
         logs: Optional[Mapping[int, Sequence[int]]] = None,
         clocks: Optional[Mapping[int, float]] = None,
         worlds: Sequence[str] = WORLDS, seeds: int = 1,
         rule: str = "", hint: str = "") -> Callable[[Callable], Callable]:
    """Marks an async function of one Cluster as a test.

    nodes=3 gives the ids 1, 2, 3; ids=[0, 1] names them. peers are ids that no
    process runs for: the test sits in their place. logs={2: [1, 1, 2]} fills
    node 2's store, on its first start, with entries of those terms.
    clocks={1: 1.1} makes node 1's clock run 10 % fast. worlds=("real",) keeps a
    test out of the simulated world; the reason belongs beside it. seeds=30 runs
    it for so many seeds there, each a test of its own, up to the first failure:
    for tests whose faults are drawn from c.rng.
    """
    chosen = tuple(ids) if ids is not None else tuple(range(1, nodes + 1))

    def mark(function: Callable) -> Callable:
        function.conclave_test = Test(  # type: ignore[attr-defined]
            function=function, name=function.__name__, title=title, part=part,
            points=points, ids=chosen, peers=tuple(peers),
            kind=kind or (PEER if peers else SCENARIO), start=start,
            needs=_names(needs), config=dict(config or {}),
            logs={node: list(terms) for node, terms in (logs or {}).items()},
            clocks=dict(clocks or {}), rule=rule, hint=hint,
            doc=_tidy(function.__doc__), worlds=tuple(worlds), seeds=seeds)
        return function

    return mark


def exploration(title: str, *, points: int, seeds: int, part: str = "",
                nodes: int = 0, plan: str = "election",
                needs: Union[str, Sequence[str], None] = None,
                rule: str = "", hint: str = ""
                ) -> Callable[[Callable], Callable]:
    """Marks a function as an exploration. Its body is empty: what is done to
    the cluster is drawn from each seed (grader/sim/swarm.h), and what is
    demanded of it is the same for all (grader/sim/trial.h). nodes=0 draws the
    cluster's size as well. plan= names what is tried: "election", or, of nodes
    that replicate, "log", "figure8", "disk", "figure8-disk"; or "crashes", one
    story with a crash at each of its points, where seeds= only limits them.
    """
    def mark(function: Callable) -> Callable:
        function.conclave_test = Test(  # type: ignore[attr-defined]
            function=function, name=function.__name__, title=title, part=part,
            points=points, ids=tuple(range(1, (nodes or MOST_DRAWN) + 1)),
            peers=(), kind=EXPLORATION, start=True, needs=_names(needs),
            rule=rule, hint=hint, doc=_tidy(function.__doc__), worlds=(SIM,),
            seeds=seeds, size=nodes, plan=plan)
        return function

    return mark


def _tidy(doc: Optional[str]) -> str:
    """A docstring without its indentation."""
    lines: List[str] = [line.strip() for line in (doc or "").splitlines()]
    return "\n".join(lines).strip()


def dependents(tests: Sequence[Test]) -> Dict[str, int]:
    """How many tests need each test, directly."""
    count: Dict[str, int] = {}
    for one in tests:
        for name in one.needs:
            count[name] = count.get(name, 0) + 1
    return count
