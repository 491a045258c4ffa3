"""One test, once: sets up its cluster, runs it, judges it, cleans up.

Each runs in a process of the grader's own (runner.py), which is also the
parent of all that the test starts.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import pathlib
import shutil
import stat
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from . import backtrace, ports, reaper, timeline
from .cluster import Cluster
from .failure import (CRASHED, GRADER_ERROR, PASSED, TIMEOUT, Failure,
                      GraderError)
from .layout import PORTS_A_NODE, Layout
from .node import Node
from .patience import TEST_LIMIT_S, Patience
from .proxy import Proxy
from .record import frame_lines
from .results import TestResult
from .scene import of_real
from .spec import Test

_GRACE_S = 0.5           # for a node's end to show up behind a failure
_SHOW_FRAMES = 12        # in the report of a failure
_SHOW_LOG_LINES = 8      # of each node, if none is known to be to blame
_SHOW_OTHERS_LINES = 3   # of the others, if one is
_SHOW_CULPRIT_LINES = 16 # of the one that is
_MAX_SOCKET_PATH = 90    # a Unix socket's path may be 107 bytes long


@dataclass(frozen=True)
class Trial:
    """What to run."""

    spec: Test
    name: str              # "rpc/echo"
    stack: str             # results.OWN or ISOLATED
    binary: pathlib.Path   # the node
    proxy: pathlib.Path    # the proxy
    seed: int              # as on the command line
    replay: str            # the command for it
    raft: bool             # its nodes hold elections
    sanitized: bool        # built with a sanitizer
    trace: bool            # keep everything, for --replay
    html: Optional[pathlib.Path] = None  # where its timeline page goes


@dataclass
class _Scene:
    """What one trial set up, as far as it came."""

    folder: pathlib.Path
    proxy: Optional[Proxy] = None
    cluster: Optional[Cluster] = None
    nodes: Dict[int, Node] = field(default_factory=dict)
    over_us: int = 0        # when the test was over, on the record's clock


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
        replay=trial.replay)


async def run(trial: Trial) -> TestResult:
    """Runs it. Whatever happens is in the result; nothing is left behind."""
    result = blank(trial)
    began = time.monotonic()
    scene = None
    error: Optional[BaseException]
    try:
        scene = _Scene(_make_folder())
        with ports.claim(PORTS_A_NODE * len(trial.spec.ids)) as block:
            try:
                error = await _play(trial, scene, block)
                _gather(trial, scene, result, error)
            finally:
                left = await _clean_up(scene)
        error = error or left
    except (OSError, GraderError) as ours:
        error = ours
    finally:
        if scene is not None:
            _remove_folder(scene.folder)
    judge(trial.spec, result, error)
    result.seconds = time.monotonic() - began
    if trial.html is not None and (trial.trace or not result.passed) \
            and scene is not None and scene.cluster is not None \
            and scene.cluster.proxy.record.last_us > 0:
        timeline.write_page(trial.html, of_real(
            scene.cluster, scene.nodes.values(), scene.over_us,
            getattr(error, "node", None)), result)
    return result


async def _play(trial: Trial, scene: _Scene, block: ports.PortBlock
                ) -> Optional[BaseException]:
    """Sets up and runs; returns what went wrong, or None."""
    loop = asyncio.get_running_loop()
    trouble: asyncio.Future[BaseException] = loop.create_future()
    loop.set_exception_handler(
        lambda _, context: _stray(context, trouble))
    body = asyncio.ensure_future(_body(trial, scene, block, trouble))
    patience = Patience(TEST_LIMIT_S, 0.1)
    while not patience.over():
        await asyncio.wait({body, trouble}, timeout=patience.poll_s,
                           return_when=asyncio.FIRST_COMPLETED)
        if body.done() or trouble.done():
            break
    if scene.cluster is not None:
        scene.over_us = int(scene.cluster.now_ms() * 1000)
    if body.done() and body.exception() is not None:
        # A broken connection may be noticed before the death behind it.
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


async def _body(trial: Trial, scene: _Scene, block: ports.PortBlock,
                trouble: "asyncio.Future[BaseException]") -> None:
    spec = trial.spec
    cluster = await _set_up(trial, scene, block, trouble)
    if spec.start:
        await cluster.start()
    await spec.function(cluster)
    await cluster.settle()


async def _set_up(trial: Trial, scene: _Scene, block: ports.PortBlock,
                  trouble: "asyncio.Future[BaseException]") -> Cluster:
    """The configuration, the proxy, and the nodes' places."""
    spec = trial.spec
    layout = Layout(scene.folder, block, spec.ids, spec.config, spec.logs)

    def fault(error: BaseException) -> None:
        if not trouble.done():
            trouble.set_result(error)

    proxy = Proxy(scene.folder, lambda one: cluster.violated(one), fault)
    scene.proxy = proxy
    for node in spec.ids:
        if node not in spec.peers:
            scene.nodes[node] = Node(
                node, trial.binary, layout.path, layout.data(node),
                layout.client[node], trial.sanitized, fault)
    random_seed = derive_seed(trial.seed, trial.name)
    cluster = Cluster(spec, layout, proxy, scene.nodes, trial.seed,
                      random_seed, trial.raft, trouble)
    scene.cluster = cluster
    await proxy.start(trial.proxy, random_seed, layout.cluster,
                      layout.routes())
    return cluster


async def _clean_up(scene: _Scene) -> Optional[Failure]:
    """Ends every process; a Failure if a node had left some running."""
    if scene.cluster is not None:
        await scene.cluster.close()
    for node in scene.nodes.values():
        await node.kill()
    known = set()
    if scene.proxy is not None and scene.proxy.process is not None:
        known.add(scene.proxy.process.pid)
    orphans = reaper.kill_orphans(known)
    for node in scene.nodes.values():
        if node.process is not None:
            node.process.kill_group()
    if scene.proxy is not None:
        await scene.proxy.close()
    if not orphans:
        return None
    first = orphans[0]
    owner = next((f"node {node.id}" for node in scene.nodes.values()
                  if first.session in node.pids), "a node")
    return Failure(
        "nothing that a node started outlives it",
        f"{owner} left {len(orphans)} process{'es' * (len(orphans) > 1)} "
        f"running ('{first.name}', pid {first.pid}); the grader killed "
        f"{'them' if len(orphans) > 1 else 'it'}",
        rule="a node is one process (handout/node/host.h)",
        hint="Lab code never forks: use co_spawn.")


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
    if scene.cluster is None or scene.proxy is None:
        return
    frames = scene.proxy.record.frames
    if error is not None:
        result.story = scene.cluster.story.lines()
        result.frames = [f"{at / 1000:8.3f}  {text}"
                         for at, text in frame_lines(frames, _SHOW_FRAMES)]
        culprit = getattr(error, "node", None)
        for node in scene.nodes.values():
            count = _SHOW_CULPRIT_LINES if node.id == culprit else \
                _SHOW_LOG_LINES if culprit is None else _SHOW_OTHERS_LINES
            result.logs[str(node.id)] = backtrace.readable(
                node.log.last(count), trial.binary)
    if trial.trace:
        result.trace = _trace(scene)


def _trace(scene: _Scene) -> List[str]:
    """Steps, frames, streams and output of the nodes in order of time."""
    assert scene.cluster is not None and scene.proxy is not None
    record = scene.proxy.record
    lines = [(at, f"step    {text}") for at, text in scene.cluster.story.steps]
    lines += [(at, f"frame   {text}")
              for at, text in frame_lines(record.frames, None)]
    lines += [(one.time_us / 1000,
               f"stream  {one.frm} -> {one.to} {one.what}")
              for one in record.streams]
    lines += [(one.time_us / 1000, f"broken  {one.rule}: {one.observed}")
              for one in record.violations]
    for node in scene.nodes.values():
        lines += [((line.at_s - scene.proxy.offset_s) * 1000,
                   f"node {node.id}  {line.text}")
                  for line in node.log.lines()]
    lines.sort(key=lambda line: line[0])
    return [f"{at / 1000:9.4f}  {text}" for at, text in lines]


def _make_folder() -> pathlib.Path:
    """A fresh folder whose path is short enough for a socket."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cv-"))
    if len(str(folder)) > _MAX_SOCKET_PATH:
        folder.rmdir()
        raise GraderError(f"the folder for temporary files has too long a "
                          f"path for a socket ({folder}): set TMPDIR to a "
                          "shorter one")
    return folder


def _remove_folder(folder: pathlib.Path) -> None:
    """Removes it, even if a node took permissions away inside."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        for path, _, _ in os.walk(folder):
            os.chmod(path, stat.S_IRWXU)
        shutil.rmtree(folder, ignore_errors=True)
