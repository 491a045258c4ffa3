"""Proves that the grader's Python decoder reads what docs/protocol.md says."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conclave import frames  # noqa: E402
from conclave.frames import (BadBytes, Frame, Method, decode_payload,
                             encode_frame, encode_reply, encode_request,
                             take_frame)  # noqa: E402
from conclave.leader import LeaderWatch, leaders_by_term  # noqa: E402
from conclave.record import Record, describe  # noqa: E402


class Bytes(unittest.TestCase):
    def test_a_request_is_laid_out_as_documented(self):
        payload = encode_request(Method.ADD, budget_ms=7, client=8, sequence=9,
                                 amount=10)
        data = encode_frame("REQUEST", Method.ADD, 0x1122334455667788, payload)
        self.assertEqual(data.hex(), (
            "28000000" "c5" "01" "2100" "8877665544332211"
            "07000000" "0800000000000000" "0900000000000000"
            "0a00000000000000"))

    def test_every_method_comes_back_from_its_bytes(self):
        samples = {"u8": 1, "u32": 2**32 - 1, "u64": 2**64 - 1, "bool": True,
                   "rest": b"rest", "span": b"span",
                   "entries": [(1, b""), (2, b"xy")]}
        for kind, table, encode in (
                ("REQUEST", frames.REQUEST_FIELDS, encode_request),
                ("REPLY", frames.REPLY_FIELDS, encode_reply)):
            for method, fields in table.items():
                values = {name: samples[form] for name, form in fields}
                msg = decode_payload(kind, method, encode(method, **values))
                for name, value in values.items():
                    self.assertEqual(msg[name], value, (kind, method, name))

    def test_missing_and_trailing_bytes_are_refused(self):
        whole = encode_request(Method.REQUEST_VOTE, term=3, candidate=1)
        for size in range(len(whole)):
            with self.assertRaises(BadBytes):
                decode_payload("REQUEST", Method.REQUEST_VOTE, whole[:size])
        with self.assertRaises(BadBytes):
            decode_payload("REQUEST", Method.REQUEST_VOTE, whole + b"x")

    def test_a_boolean_is_0_or_1(self):
        good = encode_reply(Method.REQUEST_VOTE, term=1, granted=True)
        with self.assertRaises(BadBytes):
            decode_payload("REPLY", Method.REQUEST_VOTE, good[:-1] + b"\2")

    def test_an_entry_count_is_not_believed(self):
        head = encode_request(Method.APPEND_ENTRIES, term=1)[:-4]
        with self.assertRaises(BadBytes):
            decode_payload("REQUEST", Method.APPEND_ENTRIES,
                           head + b"\xff\xff\xff\xff")

    def test_an_error_reply_has_text(self):
        payload = encode_reply(Method.FAIL, outcome=-6, text="no such luck")
        self.assertEqual(decode_payload("REPLY", Method.FAIL, payload),
                         {"outcome": -6, "text": "no such luck"})

    def test_bytes_that_do_not_decode_give_no_msg(self):
        frame = Frame("REPLY", Method.ADD, 1, b"\0\0\0\0half")
        self.assertIsNone(frame.msg)

    def test_frames_are_cut_anywhere(self):
        data = encode_frame("PING", call_id=1) + encode_frame(
            "REQUEST", Method.ECHO, 2, encode_request(Method.ECHO, body=b"hi"))
        for cut in range(len(data)):
            frame, size = take_frame(data[:cut])
            self.assertEqual((frame is None, size), (cut < 16, 0 if cut < 16
                                                     else 16))
        second, size = take_frame(data[16:])
        self.assertEqual(size, len(data) - 16)
        self.assertEqual(second.msg["body"], b"hi")

    def test_lengths_magic_and_types_are_checked_early(self):
        good = encode_frame("PING")
        for bad in (b"\x0b\0\0\0", b"\x0d\x00\x10\x00",
                    good[:4] + b"\xc4\4", good[:4] + b"\xc5\6"):
            with self.assertRaises(BadBytes):
                take_frame(bad)
        self.assertEqual(take_frame(b"\x0c\x00\x10\x00"), (None, 0))

    def test_a_preface(self):
        data = frames.encode_preface(7, 1, 2, 3)
        self.assertEqual(len(data), 32)
        self.assertEqual(frames.decode_preface(data), (7, 1, 2, 3))
        with self.assertRaises(BadBytes):
            frames.decode_preface(b"x" * 32)


def line_of(n, frm, to, kind, method, call_id, payload, time_us=1000):
    """The proxy's line for a frame on stream 5, dialled by the smaller id."""
    return (f"F {time_us} {n} {frm} {to} 5 1 {frames.TYPE_NUMBERS[kind]} "
            f"{method} {call_id} {len(payload)} {payload.hex() or '-'}")


class TheRecord(unittest.TestCase):
    def setUp(self):
        self.violations = []
        self.record = Record(self.violations.append)

    def test_a_frame_and_its_fate(self):
        payload = encode_request(Method.ECHO, body=b"hi", budget_ms=90)
        self.record.feed(line_of(1, 1, 2, "REQUEST", 32, 7, payload))
        self.record.feed("D 1500 1 0")
        self.record.feed("D 9500 1 1")
        self.record.feed(line_of(2, 2, 1, "REPLY", 32, 7, b""))
        self.record.feed("L 2000 2 loss")
        first, second = self.record.frames
        self.assertEqual(first.delivered_us, [1500, 9500])
        self.assertEqual(describe(first), (
            '1 -> 2  REQUEST echo call 7: budget_ms 90, body "hi"  (delivered '
            '2 times)'))
        self.assertEqual(second.lost, "loss")
        self.assertIn("lost: loss", describe(second))

    def test_streams_come_and_go(self):
        self.record.feed("S 10 5 1 2 up 1")
        self.assertTrue(self.record.is_up(1, 2))
        self.assertFalse(self.record.is_up(2, 1))
        self.record.feed("S 20 5 1 2 reset 1")
        self.assertFalse(self.record.is_up(1, 2))

    def test_a_violation_is_passed_on(self):
        self.record.feed("V 10 2 vote-once one vote in a term | two: 1 and 3")
        (found,) = self.violations
        self.assertEqual((found.node, found.expected, found.observed),
                         (2, "one vote in a term", "two: 1 and 3"))
        self.assertIn("Figure 2", found.rule)

    def test_marks_garbage_and_unknown_lines(self):
        for line in ("ok", "M 5 settle-1", "G 6 5 1 2 77", "B 7 2 start 1"):
            self.record.feed(line)
        self.assertEqual(self.record.marks, {"settle-1": 5})
        self.assertEqual(self.record.garbage[0].size, 77)


class Leaders(unittest.TestCase):
    def setUp(self):
        self.frames = []

    def heartbeat(self, leader, follower, term, answer_term=None, call=1):
        for frm, to, kind, payload in (
                (leader, follower, "REQUEST", encode_request(
                    Method.APPEND_ENTRIES, term=term, leader=leader)),
                (follower, leader, "REPLY", encode_reply(
                    Method.APPEND_ENTRIES, term=answer_term or term,
                    success=True))):
            self.frames.append(Frame(
                kind, Method.APPEND_ENTRIES, call, payload, frm=frm, to=to,
                stream=10 * leader + follower, dialler=leader))

    def test_a_majority_counts_the_leader_itself(self):
        watch = LeaderWatch(self.frames, 5)
        self.heartbeat(1, 2, term=3)
        self.assertIsNone(watch.leader())
        self.heartbeat(1, 2, term=3, call=2)
        self.assertIsNone(watch.leader())
        self.heartbeat(1, 4, term=3)
        self.assertEqual(watch.leader(), (1, 3))
        self.assertIsNone(watch.leader(above_term=3))
        self.assertIsNone(watch.leader(unlike=1))
        self.assertIsNone(watch.leader(among=[2, 3]))

    def test_an_answer_in_another_term_does_not_count(self):
        watch = LeaderWatch(self.frames, 3)
        self.heartbeat(1, 2, term=3, answer_term=4)
        self.assertIsNone(watch.leader())

    def test_the_highest_term_wins_and_old_frames_are_passed_over(self):
        self.heartbeat(1, 2, term=3)
        watch = LeaderWatch(self.frames, 3, len(self.frames))
        self.assertIsNone(watch.leader())
        self.heartbeat(1, 2, term=3, call=2)
        self.heartbeat(0, 2, term=4)
        self.assertEqual(watch.leader(), (0, 4))
        self.assertEqual(leaders_by_term(self.frames), {3: {1}, 4: {0}})


if __name__ == "__main__":
    unittest.main()
