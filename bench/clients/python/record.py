"""Measures a batch: the Python version of measured_batch, batch_report and fares_digest in bench/probe."""

from __future__ import annotations

import json
import math
import resource
import threading
import time
import zlib
from collections.abc import Sequence

from workload import Fare, FetchError, date_of_day

MAX_FIRST_ERRORS = 3


def digest_of_day(day: int, fares: Sequence[Fare]) -> int:
    """Returns the CRC-32 of the day's text; see fares_digest in bench/probe/scrape_task.hpp."""
    lines = [date_of_day(day).isoformat()]
    for fare in fares:
        lines.append("|".join(map(str, fare)))
    return zlib.crc32("".join(line + "\n" for line in lines).encode())


def quantile(values: Sequence[float], share: float) -> float:
    """Returns the quantile by nearest rank, 0 without values."""
    if not values:
        return 0.0
    rank = max(math.ceil(share * len(values)), 1)
    return sorted(values)[rank - 1]


class Usage:
    """CPU time and context switches of this process, including threads that have ended."""

    def __init__(self) -> None:
        now = resource.getrusage(resource.RUSAGE_SELF)
        self.cpu_us = (now.ru_utime + now.ru_stime) * 1e6
        self.context_switches = now.ru_nvcsw + now.ru_nivcsw


class Record:
    """Records outcomes, from any thread. Keeps no fares, so that memory depends on the workers only."""

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
        """Called when a worker starts a day."""
        self._started_s[day] = time.monotonic()

    def deliver(self, day: int, outcome: Sequence[Fare] | FetchError) -> None:
        """Called with the outcome of a day."""
        now_s = time.monotonic()
        with self._lock:
            self._last_outcome_s = max(self._last_outcome_s, now_s)
            self._scrape_ms.append((now_s - self._started_s[day]) * 1e3)
            if len(self._scrape_ms) == self._half_of_days():
                self._half_done_s = now_s
            if isinstance(outcome, FetchError):
                self._errors += 1
                if len(self._first_errors) < MAX_FIRST_ERRORS:
                    self._first_errors.append(f"{date_of_day(day).isoformat()}: {outcome}")
            else:
                self._fares += len(outcome)
                self._digest += digest_of_day(day, outcome)

    def _half_of_days(self) -> int:
        return (len(self._started_s) + 1) // 2

    def report(self) -> str:
        """Returns the report of the finished batch as one line of JSON."""
        after = Usage()
        outcomes = len(self._scrape_ms)
        first_s = min(self._started_s)
        moments = {"first_errors": self._first_errors} if self._first_errors else {}
        if outcomes:
            moments["first_item_at_s"] = first_s  # CLOCK_MONOTONIC
        if outcomes >= self._half_of_days():
            moments["half_done_ms"] = (self._half_done_s - first_s) * 1e3
        return json.dumps(
            moments
            | {
                "wall_ms": (self._last_outcome_s - first_s) * 1e3 if outcomes else 0.0,
                "cpu_us": after.cpu_us - self._before.cpu_us,
                "context_switches": after.context_switches - self._before.context_switches,
                "outcomes": outcomes,
                "attempts": outcomes,  # without retries
                "fares": self._fares,
                "digest": self._digest % 2**64,
                "errors": self._errors,
                "item_p50_ms": quantile(self._scrape_ms, 0.50),
                "item_p99_ms": quantile(self._scrape_ms, 0.99),
            }
        )
