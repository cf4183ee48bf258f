"""The batch report."""

import json
import time
import unittest

try:
    import bs4  # noqa: F401
except ImportError:
    raise unittest.SkipTest("needs python3-bs4")

from record import Record, digest_of_day, quantile
from workload import Fare, FetchError

RELAX = Fare("07:05", "10:40", "Relax", 12, 24950, "CZK")


class TestRecord(unittest.TestCase):
    def test_digest_equals_that_of_fetch_probe(self) -> None:
        self.assertEqual(digest_of_day(0, [RELAX]), 3906192260)  # as in probe_test.cpp

    def test_quantile_is_nearest_rank(self) -> None:
        self.assertEqual(quantile([], 0.5), 0.0)
        self.assertEqual(quantile([3.0, 1.0, 2.0, 4.0], 0.5), 2.0)
        self.assertEqual(quantile([float(i) for i in range(100)], 0.99), 98.0)

    def test_report_counts_every_outcome(self) -> None:
        record = Record(5)
        for day in range(5):
            record.begin(day)
            record.deliver(day, [RELAX] if day == 0 else FetchError("connection_lost", "reset\nby peer"))
        report = json.loads(record.report())
        self.assertEqual((report["outcomes"], report["errors"], report["fares"]), (5, 4, 1))
        self.assertEqual(report["attempts"], 5)
        self.assertEqual(report["digest"], 3906192260)
        self.assertEqual(len(report["first_errors"]), 3)
        self.assertEqual(report["first_errors"][0], "2026-03-02: connection_lost: reset by peer")
        self.assertGreaterEqual(report["wall_ms"], report["item_p99_ms"])

    def test_report_has_start_and_half_time(self) -> None:
        record = Record(5)
        self.assertFalse({"first_item_at_s", "half_done_ms"} & json.loads(record.report()).keys())
        before_s = time.clock_gettime(time.CLOCK_MONOTONIC)
        for day in range(5):
            record.begin(day)
        begun_s = time.clock_gettime(time.CLOCK_MONOTONIC)
        for day in range(5):
            time.sleep(0.002)
            record.deliver(day, [RELAX])
            report = json.loads(record.report())
            self.assertTrue(before_s <= report["first_item_at_s"] <= begun_s)
            if day < 2:
                self.assertNotIn("half_done_ms", report)
            elif day == 2:  # three of five days
                half_done_ms = report["half_done_ms"]
                self.assertEqual(half_done_ms, report["wall_ms"])
        self.assertEqual(report["half_done_ms"], half_done_ms)
        self.assertLess(half_done_ms, report["wall_ms"])


if __name__ == "__main__":
    unittest.main()
