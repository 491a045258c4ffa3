"""The proxy end to end: streams that come and go, the record, the commands.

What passes and the faults of links are test_proxy.py's.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import unittest

from proxy_net import (APPEND, ECHO, LIMIT_S, PROXY, REQUEST, VOTE, Net,
                       ProxyCase, call_id, frame, is_reset, preface, read,
                       read_frame, reply, request)


class ProxyLifeTest(ProxyCase):
    # The life of streams

    def test_reset_is_of_the_dialler_named(self) -> None:
        net = self.net()
        ours, other = net.dial(1, 2), net.dial(2, 1)
        net.do("reset 1 2")
        self.assertTrue(is_reset(ours[0]) and is_reset(ours[1]))
        other[0].sendall(request(ECHO, 1, b""))
        read_frame(other[1])
        net.settle()
        self.assertEqual([line[5] for line in net.record.of("S")],
                         ["up", "up", "reset"])
        net.do("reset * *")
        self.assertTrue(is_reset(other[0]) and is_reset(other[1]))

    def test_reset_loses_what_waits(self) -> None:
        net = self.net()
        one, _ = net.dial(1, 2)
        net.do("link 1 2 clog=1")
        one.sendall(request(ECHO, 1, b""))
        net.record.until(lambda line: line.kind == "F")
        net.do("reset 1 2")
        self.assertEqual(net.record.until(lambda line: line.kind == "L")[3],
                         "down")

    def test_a_dead_target_resets_the_dialler(self) -> None:
        net = self.net()
        net.targets[2].close()
        one = net.connect(2)
        one.sendall(preface(1, 2))
        self.assertTrue(is_reset(one))

    def test_wrong_prefaces_are_refused(self) -> None:
        net = self.net()
        for wrong in (preface(1, 3), preface(9, 2), preface(2, 2),
                      preface(1, 2, cluster=8), b"x" * 32):
            one = net.connect(2)
            one.sendall(wrong)
            self.assertTrue(is_reset(one), wrong)
        net.settle()
        self.assertEqual(len([line for line in net.record.of("M")
                              if "refused:" in line]), 5)

    def test_a_half_closed_stream_still_answers(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2)
        one.sendall(request(ECHO, 1, b""))
        one.shutdown(socket.SHUT_WR)
        read_frame(two)
        self.assertEqual(two.recv(1), b"")
        two.sendall(reply(ECHO, 1, b"late"))
        self.assertEqual(call_id(read_frame(one)), 1)
        two.close()
        self.assertEqual(one.recv(1), b"")
        self.assertEqual(net.record.until(
            lambda line: line.kind == "S" and line[5] != "up")[5], "down")

    def test_frames_for_the_dead_are_lost(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2)
        net.do("link 2 1 cut=1")  # so that node 1 is not told
        two.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                       struct.pack("ii", 1, 0))
        two.close()               # a reset
        while "down" not in [line[3] for line in net.record.of("L")]:
            one.sendall(request(ECHO, 1, b""))
            net.settle()
        net.do("heal")
        self.assertTrue(is_reset(one))

    def test_the_end_waits_while_cut(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2)
        net.do("partition 1 2 3")
        two.close()
        self.silent(one)
        net.do("heal")
        self.assertEqual(one.recv(1), b"")

    def test_a_receiver_that_does_not_read_stops_the_sender(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2)
        chunk = request(ECHO, 1, b"x" * 65000)
        one.settimeout(1)
        sent = b""
        sizes = 0
        try:
            while sizes < 200 << 20:
                sent = sent or chunk
                done = one.send(sent)
                sent = sent[done:]
                sizes += done
        except TimeoutError:
            pass
        self.assertLess(sizes, 100 << 20, "the proxy takes without end")
        whole = sizes // len(chunk)
        for _ in range(whole):
            self.assertEqual(read(two, len(chunk)), chunk)

    # The record and the control socket

    def test_the_record_starts_at_the_beginning(self) -> None:
        net = self.net(watch=False)
        one, two = net.dial(1, 2)
        one.sendall(request(ECHO, 1, b""))
        read_frame(two)
        net.watch()
        net.settle()
        self.assertEqual([line.kind for line in net.record.lines
                          if line.kind in "SFD"], ["S", "F", "D"])

    def test_a_slow_watcher_misses_nothing(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2)
        net.do("link 1 2 loss=1")
        data = frame(REQUEST, ECHO, 1, b"x" * 4096)
        count = 20000  # 160 MiB of record
        block = data * 100
        one.settimeout(1)
        sent = 0
        try:
            while sent < count * len(data):
                sent += one.send(block[sent % len(data):])
        except TimeoutError:
            pass  # as it should be: nobody reads the record
        self.assertLess(sent, count * len(data))
        whole = sent // len(data)
        net.record.until(lambda line: line.kind == "F" and
                         line[2] == str(whole))
        numbers = [line[2] for line in net.record.of("F")]
        self.assertEqual(numbers, [str(n + 1) for n in range(whole)])

    def test_commands_are_answered_and_marked(self) -> None:
        net = self.net()
        net.do("mark two  words")
        net.do("link 1 2 loss=0.5 dup=0.25")
        net.do("note 1 anything at all")
        for bad, part in [
                ("", "no command"), ("frob", "'frob' is no command"),
                ("link 1 2", "needs"), ("link 1 9 cut=1", "'9' is no node"),
                ("link 1 1 cut=1", "another"), ("link 1 2 cut=2", "0 or 1"),
                ("link 1 2 loss=0.5 lost=1", "'lost=1' is no setting"),
                ("partition", "needs"), ("partition 1,2 2", "two sets"),
                ("reset 1", "needs"), ("watch", "already"),
                ("note", "needs"), ("note 1 start", "INCARNATION"),
                ("note 1 start x", "INCARNATION"), ("note 8 kill", "no node"),
                ("note * raft 50 150 300", "RATE"),
                ("note * raft 50 150 300 0", "rate"),
                ("note 1 log 1,x", "'x' is no term"),
                ("mark " + "x" * 9000, "8192"),
                ("link 1 2 " + "cut=1 " * 70, "at most"), ("heal 1", "alone")]:
            answer = net.command(bad)
            self.assertTrue(answer.startswith("error "), f"{bad}: {answer}")
            self.assertIn(part, answer)
        net.settle()
        texts = [" ".join(line[2:]) for line in net.record.of("M")]
        self.assertIn("two  words", texts)
        self.assertIn("link 1 2 loss=0.5 dup=0.25", texts)
        self.assertNotIn("link 1 2 cut=2", texts)
        self.assertEqual(net.record.of("B")[0][2:],
                         ["1", "anything", "at", "all"])

    def test_a_broken_rule_is_reported_after_its_frame(self) -> None:
        net = self.net()
        net.do("note * raft 50 150 300 1.0")
        for node in (1, 2, 3):
            net.do(f"note {node} start 1")
        for candidate in (1, 3):
            ask, answer = net.dial(candidate, 2)
            ask.sendall(request(VOTE, 5, struct.pack("<QIQQ", 4, candidate, 0,
                                                     0)))
            read_frame(answer)
            answer.sendall(reply(VOTE, 5, struct.pack("<QB", 4, 1)))
            read_frame(ask)
        broken = net.record.until(lambda line: line.kind == "V")
        self.assertEqual(broken[2:4], ["2", "vote-once"])
        self.assertIn("|", broken)
        before = net.record.lines[:net.record.lines.index(broken)]
        self.assertEqual(len([x for x in before if x.kind == "F"]), 4)

    def test_a_leader_with_its_votes_is_no_trouble(self) -> None:
        net = self.net()
        net.do("note * raft 50 150 300 1.0")
        net.do("note 1 start 1")
        ask, answer = net.dial(1, 2)
        for n in range(1, 51):
            ask.sendall(request(VOTE, 2 * n, struct.pack("<QIQQ", n, 1, 0, 0)))
            read_frame(answer)
            answer.sendall(reply(VOTE, 2 * n, struct.pack("<QB", n, 1)))
            read_frame(ask)
            ask.sendall(request(APPEND, 2 * n + 1,
                                struct.pack("<QIQQQI", n, 1, 0, 0, 0, 0)))
            read_frame(answer)
        net.settle()
        self.assertEqual(net.record.of("V"), [])

    def test_it_ends_with_its_last_client(self) -> None:
        net = Net()
        net.dial(1, 2)
        net.connect(3)
        net.record.socket.close()
        net.do("heal")
        net.control.socket.close()
        self.assertEqual(net.process.wait(LIMIT_S), 0)
        self.assertFalse(os.path.exists(net.path))
        net.close()

    def test_sigterm_ends_it(self) -> None:
        net = Net()
        one, _ = net.dial(1, 2)
        net.do("link * * clog=1")
        one.sendall(request(ECHO, 1, b"") * 10)
        net.settle()
        net.process.send_signal(signal.SIGTERM)
        self.assertEqual(net.process.wait(LIMIT_S), 0)
        net.close()

    def test_bad_options_are_explained(self) -> None:
        good = ["--control", "x", "--node", "1=127.0.0.1:1,127.0.0.1:2"]
        for words, part in [
                ([], "needed"), (["--control"], "needs a value"),
                (["--frob", "1"], "no option"), (["--seed", "x"], "number"),
                (good + ["--node", "1=127.0.0.1:3,127.0.0.1:4"], "twice"),
                (["--node", "1=127.0.0.1:3"], "ID=LISTEN,TARGET"),
                (["--node", "1=127.0.0.1,127.0.0.1:4"], "host:port"),
                (["--control", "x" * 200] + good[2:], "at most")]:
            done = subprocess.run([PROXY] + words, capture_output=True,
                                  text=True, timeout=LIMIT_S)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(part, done.stderr)


if __name__ == "__main__":
    unittest.main()
