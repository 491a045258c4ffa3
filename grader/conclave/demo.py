"""A cluster to play with: real nodes behind the proxy, a view, and a prompt.

    make demo NODES=5          the reference, or SUBMISSION=labs: your own
    make demo KEEP=1           on the data of the last time

demo_cluster.py runs the nodes, demo_client.py talks to them, demo_screen.py
and demo_terminal.py show them, demo_commands.py obeys what is typed, and
demo_load.py makes a load.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import pathlib
import shutil
import signal
import sys
from typing import Dict, List, Optional

from . import ports, results
from .build import Builder, NotBuilt
from .demo_client import Watch
from .demo_cluster import (CLIENT_PORT, MOST_NODES, TEXT_PORTS, BadFolder,
                           DemoCluster, Folder)
from .demo_commands import Commands, Quit
from .demo_loading import LoadProcess
from .demo_screen import Scene
from .demo_terminal import Front, Plain, Screen, is_screen
from .failure import GraderError
from .grading import EXIT_GRADER, EXIT_NOT_BUILT, EXIT_USAGE
from .spec import REAL, Lab
from .submission import BadSubmission, Submission

ROOT = pathlib.Path(__file__).resolve().parents[2]
NODES = 5                 # unless told otherwise
_LOOK_S = 0.25            # how often the nodes are asked how they are
_FIRST_LEADER_S = 20.0    # for a leader, until the prompt comes anyway
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_STAGES = {"rpc": "1-rpc", "election": "2-election",
           "replication": "3-replication", "persistence": "4-persistence",
           "kv": "5-kv"}


class Demo:
    """From the start of the nodes to their end."""

    def __init__(self, folder: Folder, tools: Dict[str, pathlib.Path],
                 port: int, name: str, sanitized: bool):
        self._stop: "asyncio.Future[str]" = \
            asyncio.get_running_loop().create_future()
        self._name = name
        self._trouble: List[str] = []      # not said yet
        self._leader = 0                   # who was said to lead
        self._term = 0                     # in which term
        self.front: Front = Screen(self._gone) if is_screen() \
            else Plain(self._gone)
        try:
            self.cluster = DemoCluster(folder, tools["proxy"], tools["node"],
                                       port, sanitized, self._trouble.append)
        except BaseException:
            self.front.close()
            raise
        addresses = {node: self.cluster.client_address(node)
                     for node in self.cluster.ids}
        self.watch = Watch(addresses,
                           lambda node: self.cluster.state(node) == "up")
        self.load = LoadProcess(list(addresses.values()))
        self.commands = Commands(self.cluster, self.watch, self.load,
                                 self.front.say, self._show)

    def _gone(self) -> None:
        self.stop("")

    def stop(self, why: str) -> None:
        if not self._stop.done():
            self._stop.set_result(why)

    async def run(self) -> str:
        """Until it is over; why that is, if there is something to say."""
        loop = asyncio.get_running_loop()
        for number in _ENDS:
            loop.add_signal_handler(number, self.stop, "")
        tasks = [asyncio.ensure_future(self._play()),
                 asyncio.ensure_future(self._look())]
        try:
            await asyncio.wait({self._stop, *tasks},
                               return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()          # what went wrong, if something did
            return self._stop.result() if self._stop.done() else ""
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self._close()
            for number in _ENDS:  # once is enough: what is left takes no time
                loop.remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)

    async def _close(self) -> None:
        self.load.kill()
        self.commands.close()
        self.watch.close()
        try:
            await self.cluster.close()
        finally:
            self.front.close()

    async def _play(self) -> None:
        """The nodes start, and what is typed is done. Ends at `quit`."""
        await self.cluster.open()
        wrong = await self.cluster.start(self.cluster.ids)
        for node, why in wrong.items():
            self.front.say(f"node {node} does not start: {why}")
        limit_s = asyncio.get_running_loop().time() + _FIRST_LEADER_S
        while not self.watch.leader() and \
                asyncio.get_running_loop().time() < limit_s:
            await asyncio.sleep(_LOOK_S)
        self.front.say(self._welcome())
        while True:
            self.front.wants()
            line = await self.front.lines.get()
            if line is None:
                return
            try:
                await self.commands.obey(line)
            except Quit:
                return

    def _welcome(self) -> str:
        first = self.cluster.client_address(self.cluster.ids[0])
        last = self.cluster.client_address(self.cluster.ids[-1])
        text = f"{len(self.cluster.ids)} nodes serve at {first} to {last}."
        if self.cluster.port_trouble:
            text += " " + self.cluster.port_trouble
        if not self.watch.leader():
            text += "\nNobody leads yet: `log 1` shows what node 1 says."
        plain = self.cluster.text_address(self.cluster.ids[0])
        above = ports.split(plain)[1] - ports.split(first)[1]
        return f"{text}\nFrom another terminal: {self._redis_cli()}\nPlain " \
               f"text: {plain}; each node's port for it is the other plus " \
               f"{above}.\n`help` lists what can be typed here."

    def _redis_cli(self) -> str:
        port = ports.split(self.cluster.client_address(self.cluster.ids[0]))[1]
        return f"redis-cli -c -p {port}"

    async def _look(self) -> None:
        """The view, and what happens by itself."""
        while True:
            await self.watch.look()
            for text in self._trouble:
                self.front.say(text)
            self._trouble.clear()
            self._tell_leader()
            self.front.draw(self._scene())
            await asyncio.sleep(_LOOK_S)

    def _tell_leader(self) -> None:
        leader = self.watch.leader()
        term = self.watch.health[leader].term if leader else self._term
        if (leader, term) == (self._leader, self._term):
            return
        if leader:
            self.front.say(f"* node {leader} leads in term {term}")
        elif self._leader:
            self.front.say("* nobody leads")
        self._leader, self._term = leader, term

    def _scene(self) -> Scene:
        return Scene(
            title=f"Conclave: {len(self.cluster.ids)} nodes of {self._name}, "
                  "every link through the proxy",
            ids=self.cluster.ids, addresses=self.watch.addresses,
            states={node: self.cluster.state(node)
                    for node in self.cluster.ids},
            health=self.watch.health, faults=self.cluster.faults,
            load=self.load.text(),
            hint=f"from another terminal: {self._redis_cli()}")

    def _show(self) -> None:
        self.front.show(self._scene())


def _labs() -> Dict[str, Lab]:
    """The stages of a store's node; their tests do not matter here."""
    names = list(_STAGES)
    return {name: Lab(name, folder, f"lab {folder[0]}", "", {},
                      f"node-{name}", names[:at + 1])
            for at, (name, folder) in enumerate(_STAGES.items())}


def build(source: pathlib.Path,
          folder: pathlib.Path) -> Dict[str, pathlib.Path]:
    """The proxy and the node. NotBuilt, BadSubmission, GraderError."""
    labs = _labs()
    folder.mkdir(parents=True)
    builder = Builder(ROOT, folder)
    submission = Submission(source, ROOT, list(labs.values()), ["kv"])
    proxy = builder.tools([REAL])[REAL]
    node = builder.node(labs["kv"], labs, submission, results.OWN, [REAL])
    return {"proxy": proxy.resolve(), "node": node[REAL].resolve()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make demo", usage="make demo [NODES=5] [KEEP=1] "
        "[SUBMISSION=DIR] [PORT=7001] [DATA=DIR]")
    add = parser.add_argument
    add("--nodes", type=int)
    add("--keep", action="store_true")
    add("--submission", type=pathlib.Path)
    add("--port", type=int, default=CLIENT_PORT)
    add("--data", type=pathlib.Path)
    return parser


def _prepare(folder: Folder, options: argparse.Namespace) -> None:
    """The folder is as it was left, or new. BadFolder."""
    nodes = NODES if options.nodes is None else options.nodes
    if not 1 <= nodes <= MOST_NODES:
        raise BadFolder(f"NODES is a number from 1 to {MOST_NODES}")
    if not 1 <= options.port <= 65_535 - TEXT_PORTS - nodes:
        raise BadFolder("PORT is the first of the clients' ports, as 7001 is")
    if options.keep:
        folder.load()
    if not folder.nodes:
        folder.empty(nodes, int.from_bytes(os.urandom(4), "little") + 1)
    elif options.nodes not in (None, folder.nodes):
        raise BadFolder(f"what {folder.path} holds is of {folder.nodes} nodes: "
                        "leave NODES out, or KEEP")


def _demo(options: argparse.Namespace) -> None:
    default = "solution" if (ROOT / "solution").is_dir() else "labs"
    source = options.submission or ROOT / default
    if not source.is_dir():
        raise BadSubmission(f"there is no folder {source}")
    path = (options.data or ROOT / (os.environ.get("BUILD") or "build")
            / "demo").resolve()
    folder = Folder(path)
    programs = path / "programs"
    try:
        _prepare(folder, options)
        print("building the nodes", flush=True)
        shutil.rmtree(programs, ignore_errors=True)
        tools = build(source, programs)
        sanitized = os.environ.get("FLAVOUR") == "asan"
        why = asyncio.run(_play(folder, tools, options, source.name, sanitized))
    finally:
        folder.close()
    shutil.rmtree(programs, ignore_errors=True)
    again = "KEEP=1" + (f" DATA={options.data}" if options.data else "")
    _last_words(f"{why}The demo is over, no node runs any more. `make demo "
                f"{again}` goes on with its data.")


async def _play(folder: Folder, tools: Dict[str, pathlib.Path],
                options: argparse.Namespace, name: str, sanitized: bool) -> str:
    return await Demo(folder, tools, options.port, f"{name}/",
                      sanitized).run()


def _last_words(text: str) -> None:
    try:
        print(text, flush=True)
    except OSError:  # nobody reads
        sys.stdout = open(os.devnull, "w")


def main(words: Optional[List[str]] = None) -> int:
    """Runs the demo; its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A value may hold what this terminal has no letters for.
        sys.stdout.reconfigure(errors="replace")
    options = _parser().parse_args(words)
    try:
        _demo(options)
        return 0
    except (BadFolder, BadSubmission) as error:
        print(f"demo: {error}", file=sys.stderr)
        return EXIT_USAGE
    except NotBuilt as error:
        print(error.messages or error.sentence, file=sys.stderr)
        return EXIT_NOT_BUILT
    except (GraderError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return EXIT_GRADER
    except KeyboardInterrupt:  # before the nodes have started
        _last_words("The demo is over before it began.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
