#!/usr/bin/env python3
"""A node that serves clients, and misbehaves when told to: for the runner's
tests. It has no peers. NAME.conf's comments are not read; how it misbehaves is
a client's command, or, at its start, a word in the file `mood` beside it.
"""

import os
import pathlib
import select
import signal
import socket
import sys
import time


def commands_of(data):
    """The words of RESP commands (whole, as our client sends them)."""
    for command in data.split(b"*")[1:]:
        yield command.split(b"\r\n")[2::2]


def spin():
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    print("endless loop: coroutine 'await_echo' has run for 5 s without "
          "waiting", file=sys.stderr, flush=True)
    sys.exit(70)


def fork_away():
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)


def flood():
    while True:
        sys.stdout.write("x" * 65536)


def crash():
    print("crashed: SIGSEGV in coroutine 'rpc serve'", file=sys.stderr,
          flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)


ACTS = {"CRASH": crash, "EXIT": lambda: sys.exit(0), "SPIN": spin,
        "FORK": fork_away, "FLOOD": flood, "MUTE": lambda: time.sleep(600)}


def address():
    """Where clients find this node, from the configuration."""
    config = sys.argv[sys.argv.index("--config") + 1]
    me = sys.argv[sys.argv.index("--id") + 1]
    for line in pathlib.Path(config).read_text().splitlines():
        word = line.split()
        if word[:2] == ["node", me]:
            fields = dict(one.split("=", 1) for one in word[2:])
            host, port = fields["client"].rsplit(":", 1)
            return host, int(port)
    raise SystemExit("the configuration has no such node")


def answer(words):
    name = words[0].decode().upper()
    if name == "PING":
        return b"+PONG\r\n"
    if name == "ECHO":
        return b"$%d\r\n%s\r\n" % (len(words[1]), words[1])
    if name in ACTS:
        ACTS[name]()
        return b"+OK\r\n"
    return b"-ERR no such command\r\n"


def serve(server):
    clients = []
    while True:
        for sock in select.select([server, *clients], [], [])[0]:
            if sock is server:
                clients.append(server.accept()[0])
                continue
            data = sock.recv(1 << 16)
            if data:
                for words in commands_of(data):
                    sock.sendall(answer(words))
            else:
                clients.remove(sock)
                sock.close()


def main():
    mood = pathlib.Path(sys.argv[0]).with_name("mood")
    word = mood.read_text().strip() if mood.exists() else ""
    if word in ACTS and word != "MUTE":
        ACTS[word]()
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(address())
    server.listen(16)
    print("ready", flush=True)
    print("0.000001  n1  start     by a fake", file=sys.stderr, flush=True)
    if word == "MUTE":
        time.sleep(600)
    serve(server)


main()
