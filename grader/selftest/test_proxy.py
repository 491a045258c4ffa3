"""The proxy end to end: what passes it, and the faults of its links.

The life of streams and the control socket are test_proxy_life.py's.
"""

from __future__ import annotations

import os
import socket
import time
import unittest
from typing import List

from proxy_net import (ECHO, LIMIT_S, PING, ProxyCase, call_id, frame, read,
                       read_frame, reply, request)


class ProxyTest(ProxyCase):
    # What passes

    def test_frames_pass_both_ways_and_are_recorded(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2, incarnation=5)
        ask, answer = request(ECHO, 9, b"hi"), reply(ECHO, 9, b"ho")
        one.sendall(ask)
        self.assertEqual(read(two, len(ask)), ask)
        two.sendall(answer)
        self.assertEqual(read(one, len(answer)), answer)
        one.sendall(frame(PING, 0, 10))
        read_frame(two)
        net.settle()
        up = net.record.of("S")[0]
        self.assertEqual(up[3:], ["1", "2", "up", "5"])
        frames = net.record.of("F")
        self.assertEqual(frames[0][2:], ["1", "1", "2", up[2], "1", "REQUEST",
                                         "32", "9", "22", ask[16:].hex()])
        self.assertEqual(frames[1][2:], ["2", "2", "1", up[2], "1", "REPLY",
                                         "32", "9", "6", answer[16:].hex()])
        self.assertEqual(frames[2][7:], ["PING", "0", "10", "0", "-"])
        order = [line.kind for line in net.record.lines if line.kind in "FD"]
        self.assertEqual(order, ["F", "D"] * 3)
        for sent, delivered in zip(frames, net.record.of("D")):
            self.assertEqual(delivered[2:], [sent[2], "0"])
            self.assertLessEqual(int(sent[1]), int(delivered[1]))

    def test_large_frames_and_chunks_arrive_whole(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2)
        net.do("link 1 2 chunk=3")
        sent = b"".join(request(ECHO, n, bytes([n]) * (n * 7))
                        for n in range(1, 40))
        sent += request(ECHO, 99, os.urandom((1 << 20) - 20))
        one.sendall(sent)
        self.assertEqual(read(two, len(sent)), sent)
        net.settle()
        self.assertEqual(len(net.record.of("D")), 40)
        large = net.record.of("F")[-1]
        self.assertEqual(large[10], str(1 << 20))
        self.assertEqual(len(large[11]), 2 * 4096)

    def test_chunks_reach_the_receiver_one_by_one(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2)
        net.do("link 1 2 chunk=4")
        end_s = time.monotonic() + LIMIT_S
        while True:  # until we are quick enough to see it
            one.sendall(request(ECHO, 1, b"x" * 64))
            piece = two.recv(100)
            read(two, 100 - len(piece))
            if len(piece) <= 4:
                break
            self.assertLess(time.monotonic(), end_s, "no piece came alone")

    def test_garbage_passes_untouched(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2)
        net.do("link 1 2 loss=1 dup=1")
        garbage = b"\xff" * 7 + request(ECHO, 1, b"never a frame again")
        one.sendall(garbage)
        self.assertEqual(read(two, len(garbage)), garbage)
        net.settle()
        self.assertEqual(sum(int(line[5]) for line in net.record.of("G")),
                         len(garbage))
        self.assertEqual(net.record.of("F"), [])

    def test_garbage_waits_while_cut(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2)
        net.do("link 1 2 cut=1")
        one.sendall(b"\xff" * 9)
        self.silent(two)
        net.do("heal")
        self.assertEqual(read(two, 9), b"\xff" * 9)

    def test_a_piece_of_a_frame_passes_when_the_sender_ends(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2)
        whole = request(ECHO, 1, b"whole")
        one.sendall(whole + whole[:11])
        self.assertEqual(read(two, len(whole)), whole)
        self.silent(two)
        one.close()
        self.assertEqual(read(two, 11), whole[:11])
        self.assertEqual(two.recv(1), b"")

    # Faults

    def test_loss_is_of_one_link_only(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2)
        net.do("link 1 2 loss=1")
        one.sendall(request(ECHO, 1, b""))
        two.sendall(request(ECHO, 2, b""))
        self.assertEqual(call_id(read_frame(one)), 2)
        net.settle()
        self.assertEqual([line[3] for line in net.record.of("L")], ["loss"])
        net.do("heal")
        one.sendall(request(ECHO, 3, b""))
        self.assertEqual(call_id(read_frame(two)), 3)

    def test_the_seed_decides_who_is_lost(self) -> None:
        lost = []
        for seed in (1, 1, 2):
            net = self.net(seed=seed)
            one, two = net.dial(1, 2)
            net.do("link 1 2 loss=0.5")
            one.sendall(b"".join(request(ECHO, n, b"") for n in range(100)))
            one.sendall(b"".join(frame(PING, 0, n) for n in range(100)))
            net.record.until(lambda line: line.kind == "F" and
                             line[2] == "200")
            net.settle()
            lost.append([line[2] for line in net.record.of("L")])
        self.assertEqual(lost[0], lost[1])
        self.assertNotEqual(lost[0], lost[2])
        self.assertTrue(50 < len(lost[0]) < 150)

    def test_duplicates(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2)
        net.do("link 1 2 dup=1")
        one.sendall(request(ECHO, 1, b"twice"))
        self.assertEqual(read_frame(two), read_frame(two))
        net.settle()
        self.assertEqual([line[2:] for line in net.record.of("D")],
                         [["1", "0"], ["1", "1"]])

    def test_delay_keeps_order_and_reorder_does_not(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2)
        frames = b"".join(request(ECHO, n, b"") for n in range(200))
        net.do("link 1 2 delay_ms=20 jitter_ms=50 tail=0.1,100")
        one.sendall(frames)
        self.assertEqual([call_id(read_frame(two)) for _ in range(200)],
                         list(range(200)))
        net.settle()
        sent = {line[2]: int(line[1]) for line in net.record.of("F")}
        for line in net.record.of("D"):
            self.assertGreaterEqual(int(line[1]), sent[line[2]] + 20000)
        net.do("heal")
        net.do("link 1 2 reorder=0.3,50")
        one.sendall(frames)
        seen = [call_id(read_frame(two)) for _ in range(200)]
        self.assertNotEqual(seen, list(range(200)))
        self.assertEqual(sorted(seen), list(range(200)))

    def test_clog_holds_everything_back(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2)
        net.do("link 1 2 clog=1")
        one.sendall(b"".join(request(ECHO, n, b"") for n in range(10)))
        self.silent(two)
        net.settle()
        self.assertEqual(len(net.record.of("F")), 10)
        self.assertEqual(net.record.of("D"), [])
        net.do("link 1 2 clog=0")
        self.assertEqual([call_id(read_frame(two)) for _ in range(10)],
                         list(range(10)))

    def test_partition_cuts_between_sets_and_heals_inside(self) -> None:
        net = self.net(4)
        ends = {(a, b): net.dial(a, b) for a, b in
                [(1, 2), (1, 3), (4, 1), (4, 3)]}
        net.do("link 1 2 cut=1")
        net.do("partition 1,2 3")
        for number, (one, _) in enumerate(ends.values()):
            one.sendall(request(ECHO, number, b""))
        self.assertEqual(call_id(read_frame(ends[1, 2][1])), 0)
        net.record.until(lambda line: line.kind == "L" and line[2] == "4" or
                         len(net.record.of("L")) == 3)
        self.assertEqual({line[3] for line in net.record.of("L")}, {"cut"})
        net.do("heal")
        ends[4, 3][0].sendall(request(ECHO, 8, b""))
        self.assertEqual(call_id(read_frame(ends[4, 3][1])), 8)

    def test_a_cut_loses_what_is_under_way(self) -> None:
        net = self.net()
        one, two = net.dial(1, 2)
        net.do("link 1 2 delay_ms=300 clog=1")  # under way until we cut
        one.sendall(request(ECHO, 1, b""))
        net.record.until(lambda line: line.kind == "F")
        net.do("link 1 2 cut=1 clog=0 delay_ms=0")
        net.record.until(lambda line: line.kind == "L")
        net.do("heal")
        one.sendall(request(ECHO, 2, b""))
        self.assertEqual(call_id(read_frame(two)), 2)

    def test_a_storm_of_streams_and_faults(self) -> None:
        """Every fault at once, streams that come and go: it stays up."""
        net = self.net(5)
        ends: List[socket.socket] = []
        for turn in range(60):
            frm = 1 + turn % 5
            one, two = net.dial(frm, 1 + (turn + 1 + turn // 5 % 4) % 5)
            ends += [one, two]
            net.do(f"link * * loss=0.2 dup=0.3 delay_ms=1 jitter_ms=3 "
                   f"tail=0.1,5 reorder=0.3,5 chunk={turn % 7} "
                   f"clog={int(turn % 10 == 9)} cut={int(turn % 11 == 9)}")
            for end in ends:
                try:
                    end.send(request(ECHO, turn, b"x" * turn) + b"y" * 2)
                except OSError:
                    pass
            if turn % 3 == 0:
                ends.pop(turn % len(ends)).close()
            if turn % 8 == 0:
                net.do(f"reset {frm} *")
            if turn % 13 == 0:
                net.do("partition 1,2 3,4,5")
        net.do("heal")
        one, two = net.dial(1, 2)
        one.sendall(request(ECHO, 1, b"alive"))
        read_frame(two)
        net.settle()
        known = {line[2] for line in net.record.of("F")}
        done = [line[2] for line in net.record.of("L")]
        done += [line[2] for line in net.record.of("D") if line[3] == "0"]
        self.assertLessEqual(set(done), known)
        self.assertEqual(len(done), len(set(done)), "two fates of one frame")


if __name__ == "__main__":
    unittest.main()
