"""One test, once, in one world: sets it up, runs it, judges it, cleans up.

Each runs in a process of the grader's own (workers.py), which is also the
parent of all that the test starts.
"""

from __future__ import annotations

import asyncio
import hashlib
import pathlib
import time
import traceback
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from . import acts, backtrace, sim_loop, sim_replay, timeline
from .build import CHECKER
from .cluster import Cluster
from .failure import (CRASHED, GRADER_ERROR, PASSED, TIMEOUT, Failure,
                      GraderError)
from .patience import TEST_LIMIT_S, Patience
from .real_world import RealWorld
from .record import Violation, frame_lines
from .results import TestResult
from .sandbox import OPEN, Sandbox
from .scene import of_real as scene_of
from .sim_process import Simulator, hash_again
from .sim_world import SimWorld
from .spec import REAL, SIM, Test
from .world import World

_GRACE_S = 0.5           # for a node's end to show up behind a failure
_SHOW_FRAMES = 12        # in the report of a failure
_SHOW_LOG_LINES = 8      # of each node, if none is known to be to blame
_SHOW_OTHERS_LINES = 3   # of the others, if one is
_SHOW_CULPRIT_LINES = 16 # of the one that is
_MAX_ADVICE = 3          # remarks of the simulator shown

OnViolation = Callable[[Violation], None]
OnFault = Callable[[BaseException], None]
WorldMaker = Callable[[OnViolation, OnFault], World]


@dataclass(frozen=True)
class Trial:
    """What to run."""

    spec: Test
    name: str              # "rpc/echo"
    stack: str             # results.OWN or ISOLATED
    binary: pathlib.Path   # the node
    proxy: pathlib.Path    # the real world's network, or the simulator
    seed: int              # as on the command line
    replay: str            # the command for it
    raft: bool             # its nodes hold elections
    sanitized: bool        # built with a sanitizer
    trace: bool            # keep everything, for --replay
    brief: bool = False    # the verdict only: nobody reads why
    world: str = REAL      # where it runs
    twin: Optional["Trial"] = None  # in the real world, once this has passed
    seeds: int = 1         # to run, from seed on, up to the first that fails
    html: Optional[pathlib.Path] = None  # where its timeline page goes
    isolate: bool = False  # each simulated node in a process of its own
    sandbox: Sandbox = OPEN  # behind which nodes run
    make_simulator: Callable[..., Simulator] = Simulator  # debug.py's records


@dataclass
class _Scene:
    """What one trial set up, as far as it came."""

    world: Optional[World] = None
    cluster: Optional[Cluster] = None
    over_us: int = 0        # when the test was over, on the record's clock
    covered: str = ""       # what the test says it has gone through


def derive_seed(seed: int, name: str) -> int:
    """A test's own 63-bit seed, unlike any other test's."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def blank(trial: Trial) -> TestResult:
    """A result that says nothing yet."""
    spec = trial.spec
    return TestResult(
        name=trial.name, title=spec.title, part=spec.part, kind=spec.kind,
        stack=trial.stack, max_score=spec.points, seed=trial.seed,
        replay=trial.replay, world=trial.world, hidden=spec.hidden)


async def run_real(trial: Trial) -> TestResult:
    """Runs it against processes, in real time."""
    random_seed = derive_seed(trial.seed, trial.name)
    return await _run(trial, lambda on_violation, on_fault: RealWorld(
        trial.spec, trial.proxy, trial.binary, random_seed, trial.sanitized,
        on_violation, on_fault, trial.sandbox))


def run_sim(trial: Trial) -> TestResult:
    """Runs it in the simulated world, in virtual time, in a loop of its own:
    each of its seeds, up to the first that fails."""
    result = _run_seed(trial)
    seconds, tried = result.seconds, 1
    while result.passed and tried < trial.seeds:
        seed = trial.seed + tried
        tried += 1
        result = _simulate(replace(
            trial, seed=seed, replay=trial.replay.replace(
                f"{trial.name}:{trial.seed}", f"{trial.name}:{seed}"))).result
        seconds += result.seconds
    result.seeds, result.seconds = tried, seconds
    return result


def _run_seed(trial: Trial) -> TestResult:
    """Runs it; if it passed, the same orders must give the same hash again."""
    result, _, orders = _simulate(trial)
    if result.passed and not trial.trace:
        again = hash_again(orders, *_simulator_words(trial))
        if again != result.trace_hash:
            one, other = (_simulate(trial, has_acts=True).acts
                          for _ in range(2))
            result.advice.append("two runs differed: "
                                 + sim_replay.first_difference(one, other))
    return result


class _Simulated(NamedTuple):
    """What comes of a run in the simulated world."""

    result: TestResult
    acts: List[str]    # at the nodes' doors, if they are wanted
    orders: List[str]  # that drove the simulator


def _simulator_words(trial: Trial) -> List[Any]:
    """What a simulator for it is made with."""
    return [trial.proxy, trial.binary, trial.sanitized, trial.isolate,
            *[trial.sandbox][not trial.sandbox:]]


def _simulate(trial: Trial, has_acts: bool = False) -> _Simulated:
    """Once."""
    random_seed = derive_seed(trial.seed, trial.name)
    try:
        sim = trial.make_simulator(*_simulator_words(trial))
    except GraderError as ours:
        result = blank(trial)
        judge(trial.spec, result, ours)
        return _Simulated(result, [], [])
    acts: List[str] = []

    def make_world(on_violation: OnViolation, on_fault: OnFault) -> World:
        world = SimWorld(trial.spec, sim, random_seed, on_violation, on_fault,
                         has_acts)
        world.acts = acts
        return world

    try:
        return _Simulated(sim_loop.run(sim, lambda: _run(trial, make_world)),
                          acts, sim.orders)
    finally:
        sim.close()


async def _run(trial: Trial, make_world: WorldMaker) -> TestResult:
    """Whatever happens is in the result; nothing is left behind."""
    result = blank(trial)
    began = time.monotonic()
    scene = _Scene()
    left: Optional[Failure] = None
    error: Optional[BaseException]
    try:
        try:
            error = await _play(trial, scene, make_world)
            _gather(trial, scene, result, error)
        finally:
            left = await _clean_up(scene)
        error = error or left
    except (OSError, GraderError) as ours:
        error = ours
    judge(trial.spec, result, error)
    if result.passed:
        result.observed = scene.covered
    result.seconds = time.monotonic() - began
    if trial.html is not None and (trial.trace or not result.passed):
        _write_page(trial.html, scene, result, error)
    return result


def _write_page(folder: pathlib.Path, scene: _Scene, result: TestResult,
                error: Optional[BaseException]) -> None:
    """Its timeline, if there is anything to show."""
    cluster, world = scene.cluster, scene.world
    if cluster is None or world is None or not world.record.last_us:
        return
    shown = scene_of(cluster, world.nodes.values(), scene.over_us,
                     getattr(error, "node", None))
    shown.is_virtual = world.name == SIM
    timeline.write_page(folder, shown, result)


async def _play(trial: Trial, scene: _Scene, make_world: WorldMaker
                ) -> Optional[BaseException]:
    """Sets up and runs; returns what went wrong, or None."""
    loop = asyncio.get_running_loop()
    trouble: asyncio.Future[BaseException] = loop.create_future()
    loop.set_exception_handler(
        lambda _, context: _stray(context, trouble))
    body = asyncio.ensure_future(_body(trial, scene, make_world,
                                       trouble))
    patience = Patience(TEST_LIMIT_S, 0.1)
    while not patience.over():
        await asyncio.wait({body, trouble}, timeout=patience.poll_s,
                           return_when=asyncio.FIRST_COMPLETED)
        if body.done() or trouble.done():
            break
    if scene.cluster is not None:
        scene.over_us = int(scene.cluster.now_ms() * 1000)
    if body.done() and body.exception() is not None:
        # A broken connection may be noticed before the death behind it, and a
        # silence before the endless loop behind it.
        if scene.world is not None and not trouble.done():
            await scene.world.look_around()
        await asyncio.wait({trouble}, timeout=_GRACE_S)
    finished = body.done()
    body.cancel()
    await asyncio.wait({body})
    if trouble.done():
        return trouble.result()
    if finished:
        return body.exception()
    return Failure(f"the test ends within {TEST_LIMIT_S:g} s",
                   "it was still under way", status=TIMEOUT)


def _stray(context: Dict[str, Any],
           trouble: "asyncio.Future[BaseException]") -> None:
    """An exception that nobody awaits. A forgotten task's is old news: the
    test has its verdict. In a callback of ours it is our fault."""
    error = context.get("exception")
    if "future" not in context and "task" not in context \
            and error is not None and not trouble.done():
        trouble.set_result(error)


async def _body(trial: Trial, scene: _Scene, make_world: WorldMaker,
                trouble: "asyncio.Future[BaseException]") -> None:
    spec = trial.spec
    cluster = await _set_up(trial, scene, make_world, trouble)
    if spec.start:
        await cluster.start()
    scene.covered = await spec.function(cluster) or ""
    await cluster.settle()
    cluster.check_history()
    _judge_acts(cluster, trial)


def _judge_acts(cluster: Cluster, trial: Trial) -> None:
    """What processes did to their machines; the simulator is asked as it
    happens (grader/check/logs.h)."""
    if trial.world != REAL:
        return
    found = acts.judge({node: cluster.proxy.acts_of(node)
                        for node in cluster.nodes}, bool(trial.spec.peers))
    if found is not None:
        cluster.violated(found)


async def _set_up(trial: Trial, scene: _Scene, make_world: WorldMaker,
                  trouble: "asyncio.Future[BaseException]") -> Cluster:
    """The world, and the test's view of it."""

    def fault(error: BaseException) -> None:
        if not trouble.done():
            trouble.set_result(error)

    world = make_world(lambda one: cluster.violated(one), fault)
    scene.world = world
    cluster = Cluster(trial.spec, world, trial.seed,
                      derive_seed(trial.seed, trial.name), trial.raft, trouble)
    scene.cluster = cluster
    cluster.checker = trial.proxy.with_name(CHECKER)
    await world.open()
    return cluster


async def _clean_up(scene: _Scene) -> Optional[Failure]:
    """Ends all; a Failure if a node had left something running."""
    if scene.cluster is not None:
        await scene.cluster.close()
    return await scene.world.close() if scene.world is not None else None


def judge(spec: Test, result: TestResult, error: Optional[BaseException]
          ) -> None:
    """Turns what went wrong into a verdict."""
    result.rule = spec.rule
    if error is None:
        result.status = PASSED
        return
    if isinstance(error, Failure):
        result.status = error.status
        result.rule = error.rule or spec.rule
        result.expected = error.expected
        result.observed = error.observed
        result.hint = error.hint or \
            ("" if error.status == CRASHED else spec.hint)
        result.at_start = error.at_start
        return
    result.status = GRADER_ERROR
    result.rule = ""
    result.expected = "the grader does its work"
    result.observed = f"the grader failed: {error}" if \
        isinstance(error, GraderError) else f"the test raised {error!r}"
    if not isinstance(error, GraderError):
        result.hint = "".join(traceback.format_exception(
            type(error), error, error.__traceback__)[-4:]).strip()


def _gather(trial: Trial, scene: _Scene, result: TestResult,
            error: Optional[BaseException]) -> None:
    """Keeps what explains a failure (or everything, for --replay)."""
    if scene.cluster is None or scene.world is None:
        return
    world = scene.world
    if isinstance(world, SimWorld):
        result.virtual_seconds = round(world.now_us / 1e6, 6)
        result.trace_hash = world.trace_hash()
        result.advice = world.advice[:_MAX_ADVICE]
    if error is not None:
        result.story = scene.cluster.story.lines()
        result.frames = [f"{at / 1000:8.3f}  {text}" for at, text in
                         frame_lines(world.record.frames, _SHOW_FRAMES)]
        result.logs = _logs(trial, world, getattr(error, "node", None))
    if trial.trace:
        result.trace = _trace(world, scene.cluster)


def _logs(trial: Trial, world: World, culprit: Optional[int]
          ) -> Dict[str, List[str]]:
    """The end of what each node said, and what it waits for."""
    logs: Dict[str, List[str]] = {}
    for number, node in world.nodes.items():
        count = _SHOW_CULPRIT_LINES if number == culprit else \
            _SHOW_LOG_LINES if culprit is None else _SHOW_OTHERS_LINES
        lines = node.log.last(count)
        if trial.world == REAL:
            lines = backtrace.readable(lines, trial.binary)
        elif culprit in (None, number):
            lines += [f"waits: {one}" for one in node.waits()[:count]]
        logs[str(number)] = lines
    return logs


def _trace(world: World, cluster: Cluster) -> List[str]:
    """Steps, frames, streams and output of the nodes in order of time."""
    record = world.record
    lines = [(at, f"step    {text}") for at, text in cluster.story.steps]
    lines += [(at, f"frame   {text}")
              for at, text in frame_lines(record.frames, None)]
    lines += [(one.time_us / 1000,
               f"stream  {one.frm} -> {one.to} {one.what}")
              for one in record.streams]
    lines += [(one.time_us / 1000, f"broken  {one.rule}: {one.observed}")
              for one in record.violations]
    for number, node in world.nodes.items():
        lines += [((line.at_s - world.offset_s) * 1000,
                   f"node {number}  {line.text}")
                  for line in node.log.lines()]
    lines.sort(key=lambda line: line[0])
    return [f"{at / 1000:9.4f}  {text}" for at, text in lines]
