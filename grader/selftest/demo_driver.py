"""What tests of the demo have in common: a demo that is driven through pipes,
and a client that knows nothing of the grader's own."""

import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT_S = 180.0           # for anything that has to come
SILENCE_S = 2.0           # then the bare client asks another node
OVER = "The demo is over"


def command(data, *words):
    return [sys.executable, "-B", "-m", "conclave.demo", "--data", str(data),
            *words]


def environment(**more):
    return {**os.environ, "PYTHONPATH": str(ROOT / "grader"),
            "PYTHONDONTWRITEBYTECODE": "1", **more}


class Demo:
    """A demo that is driven through pipes."""

    def __init__(self, data, *words, **env):
        self.said = []
        self._lines = queue.Queue()
        self.process = subprocess.Popen(
            command(data, *words), cwd=ROOT, env=environment(**env), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        threading.Thread(target=self._read, daemon=True).start()
        self.type(f"patience {LIMIT_S:g}")

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def type(self, *lines):
        try:
            self.process.stdin.write("".join(line + "\n" for line in lines))
            self.process.stdin.flush()
        except BrokenPipeError:
            pass                  # it is over: until() shows what it said

    def until(self, pattern):
        """The next line that matches."""
        limit_s = time.monotonic() + LIMIT_S
        while time.monotonic() < limit_s:
            try:
                line = self._lines.get(timeout=1)
            except queue.Empty:
                continue
            if line is None:
                break
            self.said.append(line)
            found = re.search(pattern, line)
            if found:
                return found
        raise AssertionError(f"the demo never says {pattern!r}; it said:\n"
                             + "\n".join(self.said))

    def addresses(self):
        """Where clients find the nodes."""
        self.type("status", "# end", "nothing")
        self.until("^node ")
        found = []
        while True:
            row = self.until(r"^ +\d  ([\d.]+):(\d+) |is no command")
            if row[1] is None:
                return found
            found.append((row[1], int(row[2])))

    def end(self):
        """Lets it end; its status."""
        self.until(OVER)
        return self.process.wait(LIMIT_S)

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Bare:
    """A client on a bare socket, which knows RESP as its manual tells it."""

    def __init__(self, addresses):
        self.addresses = addresses
        self.at = 0
        self.stream = None

    def once(self, *words):
        """One reply's first byte and what follows, or None: no answer."""
        try:
            if self.stream is None:
                host, port = self.addresses[self.at]
                with socket.create_connection((host, port),
                                              SILENCE_S) as made:
                    self.stream = made.makefile("rwb")
            self.stream.write(b"*%d\r\n" % len(words))
            for word in words:
                self.stream.write(b"$%d\r\n%s\r\n" % (len(word),
                                                      word.encode()))
            self.stream.flush()
            head = self.stream.readline()
            if not head.endswith(b"\r\n"):
                raise OSError("it ended")
            if head[:1] != b"$" or head[1:2] == b"-":
                return head[:1].decode(), head[1:-2].decode()
            return "$", self.stream.read(int(head[1:]) + 2)[:-2].decode()
        except OSError:
            return None

    def ask(self, *words):
        """The leader's reply, whoever that is."""
        limit_s = time.monotonic() + LIMIT_S
        while time.monotonic() < limit_s:
            reply = self.once(*words)
            if reply and reply[0] != "-":
                return reply
            if reply and reply[1].startswith("MOVED 0 "):
                host, _, port = reply[1].split()[2].rpartition(":")
                self.turn(self.addresses.index((host, int(port))))
            else:
                self.turn((self.at + 1) % len(self.addresses))
            time.sleep(0.05)
        raise AssertionError(f"nobody answers {words}")

    def turn(self, at):
        self.close()
        self.at = at

    def close(self):
        if self.stream is not None:
            try:
                self.stream.close()
            except OSError:
                pass
            self.stream = None


class Writer(threading.Thread):
    """Writes keys, one after the other, and counts what is acknowledged."""

    def __init__(self, addresses):
        super().__init__(daemon=True)
        self.client = Bare(addresses)
        self.acknowledged = 0
        self.is_over = False
        self.wrong = None

    def run(self):
        try:
            while not self.is_over:
                reply = self.client.ask(
                    "SET", f"key-{self.acknowledged}",
                    f"value-{self.acknowledged}")
                if reply != ("+", "OK"):
                    raise AssertionError(f"SET is answered {reply}")
                self.acknowledged += 1
        except BaseException as error:
            self.wrong = error

    def goes_on(self, more=20):
        """Waits until so many more are acknowledged."""
        wanted = self.acknowledged + more
        limit_s = time.monotonic() + LIMIT_S
        while self.acknowledged < wanted:
            if self.wrong or time.monotonic() > limit_s:
                raise AssertionError(f"writing has stopped: {self.wrong}")
            time.sleep(0.02)

    def stop(self):
        self.is_over = True
        self.join(LIMIT_S)
