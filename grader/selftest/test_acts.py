"""acts.py: the file of a node's acts is read, and what it shows is judged."""

import pathlib
import struct
import sys
import tempfile
import unittest
from typing import Dict, List, Optional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conclave import acts  # noqa: E402
from conclave.record import (APPLY, RESTORE, RULES, SNAPSHOT, START,
                             Act)  # noqa: E402


def act(kind: int, index: int = 0, term: int = 0, sum64: int = 1) -> Act:
    return Act(kind, index, term, 1, b"x", sum64)


def rule(done: Dict[int, List[Act]], has_seats: bool = False
         ) -> Optional[str]:
    found = acts.judge(done, has_seats)
    return found.rule if found else None


class Judging(unittest.TestCase):
    def test_correct_nodes_are_not_blamed(self) -> None:
        self.assertIsNone(rule({
            1: [act(START), act(APPLY, 1, 1), act(APPLY, 2, 1),
                act(SNAPSHOT, 2, 1, 9), act(START), act(RESTORE, 2, 1, 9),
                act(APPLY, 3, 2)],
            2: [act(START), act(APPLY, 1, 1), act(RESTORE, 2, 1, 9)]}))

    def test_order(self) -> None:
        first = act(APPLY, 1, 1)
        for done in ([act(START), act(APPLY, 2, 1)], [first, first],
                     [first, act(APPLY, 2, 1), act(RESTORE, 1, 1)]):
            self.assertEqual(rule({1: done}), RULES["apply-order"])

    def test_one_entry_for_an_index(self) -> None:
        for other in (act(APPLY, 1, 2), act(APPLY, 1, 1, 2)):
            done = {1: [act(APPLY, 1, 1)], 2: [other]}
            self.assertEqual(rule(done), RULES["state-machine-safety"])
            self.assertIsNone(rule(done, has_seats=True))

    def test_one_state_after_an_entry(self) -> None:
        for kind in (SNAPSHOT, RESTORE):
            done = {1: [act(APPLY, 1, 1), act(SNAPSHOT, 1, 1, 3)],
                    2: [act(APPLY, 1, 1), act(kind, 1, 1, 4)]}
            self.assertEqual(rule(done), RULES["snapshot-equal"])


class Reading(unittest.TestCase):
    def test_a_record_cut_short_is_left_out(self) -> None:
        whole = struct.pack("<BQQIQ", APPLY, 7, 3, 70, 5) + b"y" * 64
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, acts.FILE)
            self.assertEqual(acts.read(path), [])
            path.write_bytes(whole + whole[:-1])
            self.assertEqual(acts.read(path),
                             [Act(APPLY, 7, 3, 70, b"y" * 64, 5)])


if __name__ == "__main__":
    unittest.main()
