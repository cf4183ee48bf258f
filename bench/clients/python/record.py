"""What is measured of a batch: bench/probe's measured_batch, batch_report and fares_digest in Python."""

from __future__ import annotations

import json
import math
import resource
import threading
import time
import zlib
from collections.abc import Sequence

from workload import Fare, FetchError, date_of_day

ERRORS_TOLD = 3


def digest_of_day(day: int, fares: Sequence[Fare]) -> int:
    """See bench/probe/fares_digest.hpp: the CRC-32 of the day's text; a batch's digest is their sum."""
    lines = [date_of_day(day).isoformat()]
    for fare in fares:
        lines.append("|".join(map(str, fare)))
    return zlib.crc32("".join(line + "\n" for line in lines).encode())


def quantile(values: Sequence[float], share: float) -> float:
    """Nearest rank: the smallest value that at least `share` of them do not exceed; 0 of none."""
    if not values:
        return 0.0
    rank = max(math.ceil(share * len(values)), 1)
    return sorted(values)[rank - 1]


class Usage:
    """CPU time and context switches of this process so far, its ended threads included."""

    def __init__(self) -> None:
        now = resource.getrusage(resource.RUSAGE_SELF)
        self.cpu_us = (now.ru_utime + now.ru_stime) * 1e6
        self.context_switches = now.ru_nvcsw + now.ru_nivcsw


class Record:
    """Takes each outcome as it comes, from any thread, and keeps no fares: memory follows the workers."""

    def __init__(self, days: int) -> None:
        self._lock = threading.Lock()
        self._started_s = [0.0] * days
        self._scrape_ms: list[float] = []
        self._last_outcome_s = 0.0
        self._half_done_s = 0.0
        self._fares = 0
        self._digest = 0
        self._errors = 0
        self._first_errors: list[str] = []
        self._before = Usage()

    def begin(self, day: int) -> None:
        """A worker has taken this day."""
        self._started_s[day] = time.monotonic()

    def deliver(self, day: int, outcome: Sequence[Fare] | FetchError) -> None:
        """The day's one outcome."""
        now_s = time.monotonic()
        with self._lock:
            self._last_outcome_s = max(self._last_outcome_s, now_s)
            self._scrape_ms.append((now_s - self._started_s[day]) * 1e3)
            if len(self._scrape_ms) == self._half_of_days():
                self._half_done_s = now_s
            if isinstance(outcome, FetchError):
                self._errors += 1
                if len(self._first_errors) < ERRORS_TOLD:
                    self._first_errors.append(f"{date_of_day(day).isoformat()}: {outcome}")
            else:
                self._fares += len(outcome)
                self._digest += digest_of_day(day, outcome)

    def _half_of_days(self) -> int:
        return (len(self._started_s) + 1) // 2

    def report(self) -> str:
        """The batch report, one line of JSON; of a batch that has ended."""
        after = Usage()
        outcomes = len(self._scrape_ms)
        first_s = min(self._started_s)
        moments = {}
        if outcomes:
            moments["first_scrape_at_s"] = first_s  # by CLOCK_MONOTONIC, as the fixture's and the C++ probe's
        if outcomes >= self._half_of_days():
            moments["half_done_ms"] = (self._half_done_s - first_s) * 1e3
        return json.dumps(
            moments
            | {
                "wall_ms": (self._last_outcome_s - first_s) * 1e3 if outcomes else 0.0,
                "cpu_us": after.cpu_us - self._before.cpu_us,
                "context_switches": after.context_switches - self._before.context_switches,
                "outcomes": outcomes,
                "attempts": outcomes,  # nothing is ever repeated
                "fares": self._fares,
                "fares_digest": self._digest % 2**64,
                "errors": self._errors,
                "first_errors": self._first_errors,
                "scrape_p50_ms": quantile(self._scrape_ms, 0.50),
                "scrape_p99_ms": quantile(self._scrape_ms, 0.99),
            }
        )
