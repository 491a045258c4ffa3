"""Proves that a node which may be in an endless loop is waited for as long as
it computes, however little of the machine it gets."""

import asyncio
import pathlib
import sys
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conclave import client  # noqa: E402

LOOKS = 30


class Suspect:
    """A node that is ended after some looks, and has got no CPU time yet."""

    def __init__(self, computes):
        self.computes = computes
        self.looks = 0

    @property
    def alive(self):
        self.looks += 1
        return self.looks < LOOKS

    def cpu_s(self):
        return 0.0

    def wants_cpu(self):
        return self.computes


class Suspects(unittest.TestCase):
    def looks(self, computes):
        suspect = Suspect(computes)
        with mock.patch.object(client, "_WATCHDOG_LIMIT_S", 0.1):
            asyncio.run(client._await_watchdog(suspect))
        return suspect.looks

    def test_one_that_computes_is_waited_for(self):
        self.assertEqual(self.looks(True), LOOKS)

    def test_one_that_rests_is_not(self):
        self.assertLess(self.looks(False), LOOKS)


if __name__ == "__main__":
    unittest.main()
