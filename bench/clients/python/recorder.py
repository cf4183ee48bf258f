"""Measurement of a batch and its report."""

from __future__ import annotations

import json
import math
import resource
import threading
import time
from collections import Counter

from tasks import FetchError, Result

MAX_FIRST_ERRORS = 3


def bucket(us: int) -> int:
    """Returns a time's bucket as docs/clients.md defines it."""
    shift = max(us.bit_length() - 8, 0)
    return 128 * shift + (us >> shift)


class Usage:
    """CPU time and context switches of this process, including threads that have ended."""

    def __init__(self) -> None:
        now = resource.getrusage(resource.RUSAGE_SELF)
        self.cpu_us = (now.ru_utime + now.ru_stime) * 1e6
        self.context_switches = now.ru_nvcsw + now.ru_nivcsw


class Recorder:
    """Records outcomes, from any thread. Keeps no pages or fares."""

    def __init__(self, items: int) -> None:
        self._lock = threading.Lock()
        self._started_s = [math.inf] * items
        self._item_us: list[int] = []
        self._last_outcome_s = 0.0
        self._half_done_s = 0.0
        self._fares = 0
        self._digest = 0
        self._errors = 0
        self._first_errors: list[str] = []
        self._before = Usage()

    def begin(self, item: int) -> None:
        """Called when a worker starts an item."""
        self._started_s[item] = time.monotonic()

    def finish(self, item: int, outcome: Result | FetchError) -> None:
        """Called with the outcome of an item."""
        now_s = time.monotonic()
        with self._lock:
            self._last_outcome_s = max(self._last_outcome_s, now_s)
            self._item_us.append(int((now_s - self._started_s[item]) * 1e6))
            if len(self._item_us) == self._half_of_items():
                self._half_done_s = now_s
            if isinstance(outcome, FetchError):
                self._errors += 1
                if len(self._first_errors) < MAX_FIRST_ERRORS:
                    self._first_errors.append(f"item {item}: {outcome}")
            else:
                self._fares += outcome.fares
                self._digest += outcome.digest

    def _half_of_items(self) -> int:
        return (len(self._started_s) + 1) // 2

    def report(self, version: str) -> str:
        """Returns the report as one line of JSON. `version` names the HTTP library and Python."""
        after = Usage()
        outcomes = len(self._item_us)
        first_s = min(self._started_s)
        optional: dict[str, object] = {}
        if outcomes:
            optional["first_item_at_s"] = first_s  # CLOCK_MONOTONIC
        if outcomes >= self._half_of_items():
            optional["half_done_ms"] = (self._half_done_s - first_s) * 1e3
        if self._first_errors:
            optional["first_errors"] = self._first_errors
        return json.dumps(
            {
                "version": version,
                "wall_ms": (self._last_outcome_s - first_s) * 1e3 if outcomes else 0.0,
                "cpu_us": after.cpu_us - self._before.cpu_us,
                "context_switches": after.context_switches - self._before.context_switches,
                "outcomes": outcomes,
                "attempts": outcomes,  # without retries
                "fares": self._fares,
                "digest": self._digest % 2**64,
                "errors": self._errors,
                "item_histogram": sorted(Counter(map(bucket, self._item_us)).items()),
            }
            | optional
        )
