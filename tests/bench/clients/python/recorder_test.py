"""The batch report."""

import json
import time
import unittest

from recorder import Recorder, bucket
from tasks import FetchError, Result


class TestRecorder(unittest.TestCase):
    def test_buckets_equal_those_of_docs(self) -> None:
        times_us = (0, 255, 256, 1_000, 20_000, 1_000_000, 2**53 - 1)
        self.assertEqual([bucket(us) for us in times_us], [0, 255, 256, 506, 1052, 1780, 6015])

    def test_report_counts_every_outcome(self) -> None:
        recorder = Recorder(5)
        for item in range(5):
            recorder.begin(item)
            recorder.finish(
                item, Result(7, fares=1) if item == 0 else FetchError("connection_lost", "reset\nby peer")
            )
        report = json.loads(recorder.report("requests 2.28.1, Python 3.11.2"))
        self.assertEqual((report["outcomes"], report["errors"], report["fares"]), (5, 4, 1))
        self.assertEqual(report["attempts"], 5)
        self.assertEqual(report["digest"], 7)
        self.assertEqual(len(report["first_errors"]), 3)
        self.assertEqual(report["first_errors"][0], "item 1: connection_lost: reset by peer")
        self.assertEqual(sum(count for _, count in report["item_histogram"]), 5)
        self.assertEqual(report["version"], "requests 2.28.1, Python 3.11.2")

    def test_digest_is_below_2_to_the_64(self) -> None:
        recorder = Recorder(2)
        for item, digest in enumerate((2**64 - 1, 3)):
            recorder.begin(item)
            recorder.finish(item, Result(digest))
        report = json.loads(recorder.report(""))
        self.assertEqual(report["digest"], 2)
        self.assertNotIn("first_errors", report)

    def test_report_has_start_and_half_time(self) -> None:
        recorder = Recorder(5)
        self.assertFalse({"first_item_at_s", "half_done_ms"} & json.loads(recorder.report("")).keys())
        before_s = time.clock_gettime(time.CLOCK_MONOTONIC)
        for item in range(5):
            recorder.begin(item)
        begun_s = time.clock_gettime(time.CLOCK_MONOTONIC)
        for item in range(5):
            time.sleep(0.002)
            recorder.finish(item, Result(1))
            report = json.loads(recorder.report(""))
            self.assertTrue(before_s <= report["first_item_at_s"] <= begun_s)
            if item < 2:
                self.assertNotIn("half_done_ms", report)
            elif item == 2:  # three of five items
                half_done_ms = report["half_done_ms"]
                self.assertEqual(half_done_ms, report["wall_ms"])
        self.assertEqual(report["half_done_ms"], half_done_ms)
        self.assertLess(half_done_ms, report["wall_ms"])


if __name__ == "__main__":
    unittest.main()
