"""Proves that a benchmark's run which failed is told, and never taken for a
figure."""

import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "grader"), str(ROOT / "grader" / "bench")]

import kv  # noqa: E402
import kv_loads as loads  # noqa: E402
import kv_systems as systems  # noqa: E402

SET, GET = loads.Workload("SET", 64, 1), loads.Workload("GET", 256, 16)


class Runs(unittest.TestCase):
    def program(self, script):
        return loads.own(sys.executable, "-c", script)

    def test_a_run_is_read(self):
        load = self.program("print('1000 500000 40 90 0')")
        self.assertEqual((load.rate, load.median_us, load.p99_us),
                         (2000, 40, 90))

    def test_a_run_that_failed_is_none(self):
        for script, why in (
                ("import sys; sys.exit('no leader')", "no leader"),
                ("import sys; sys.exit(3)", "status 3"),
                ("import sys; print('9 9 9 9 4'); print('load: -MOVED 0 x', "
                 "file=sys.stderr)", "MOVED"),
                ("print('9 9 9 9 4')", "4 of 9 requests")):
            with self.subTest(script=script):
                with self.assertRaisesRegex(systems.Stopped, why):
                    self.program(script)

    def test_workloads_have_names_that_differ(self):
        names = [str(one) for one in loads.WORKLOADS]
        self.assertEqual(len(set(names)), 12)
        self.assertIn("SET   1 client", names)
        self.assertIn("GET 256 clients by 16", names)


class Shares(unittest.TestCase):
    def setUp(self):
        self.bench = kv.Bench(pathlib.Path(), 1, [SET, GET], [])

    def rates(self, system, workload, *values):
        self.bench.rates[loads.LOAD, system, workload] = list(values)

    def test_a_share_is_of_one_round(self):
        self.rates("conclave", SET, 50.0, None, 90.0)
        self.rates(systems.REDIS, SET, 100.0, 100.0, 100.0)
        self.assertEqual(self.bench.shares(loads.LOAD, SET), [0.5, 0.9])

    def test_reads_are_held_against_a_redis_that_keeps_nothing(self):
        self.rates("conclave", GET, 50.0)
        self.rates(systems.REDIS, GET, 1.0)
        self.assertEqual(self.bench.shares(loads.LOAD, GET), [])
        self.rates(systems.KEEPS_NOTHING, GET, 100.0)
        self.assertEqual(self.bench.shares(loads.LOAD, GET), [0.5])

    def test_nothing_measured_is_shown_as_that(self):
        self.assertEqual(kv.thousands([None, None]), "-")
        self.assertEqual(kv.thousands([1500.0, None, 2500.0]),
                         "2.00 (1.50-2.50)")


if __name__ == "__main__":
    unittest.main()
