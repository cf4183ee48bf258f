"""The Python clients and fetch_probe against the same mock server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import unittest
from pathlib import Path

BIN = Path(os.environ["FAREBENCH_BIN_DIR"])
PROBE = ["/usr/bin/python3", str(BIN / "clients" / "python" / "probe.py")]
STRATEGIES = ("python_sync", "python_threads", "python_gevent", "python_asyncio")

MISSING: dict[str, list[str]] = json.loads(
    subprocess.run([*PROBE, "--version"], capture_output=True, check=True, text=True).stdout
)["missing"]


def report_of(program: list[str], strategy: str, url: str) -> dict:
    """Runs a probe's protocol and returns its report."""
    flags = ["--strategy", strategy, "--url", url, "--workers", "3", "--days", "8"]
    with subprocess.Popen(
        [*program, *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as probe:
        assert probe.stdin and probe.stdout
        assert probe.stdout.readline() == "farebench-client 2 ready\n"
        probe.stdin.write("go\n")
        report = json.loads(probe.stdout.readline())
        probe.stdin.write("exit\n")
    assert probe.returncode == 0, probe.returncode
    return report


class Probe(unittest.TestCase):
    def require_packages(self, strategy: str) -> None:
        if MISSING[strategy]:
            self.skipTest("needs " + ", ".join(MISSING[strategy]))

    def test_report_equals_that_of_fetch_probe(self) -> None:
        server = subprocess.Popen(
            [BIN / "mock_server", "--port", "0", "--latency", "0", "--page-kb", "30"],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        url = "http://" + server.stdout.readline().split()[-1]
        expected = report_of([str(BIN / "fetch_probe")], "sequential", url)
        self.assertGreater(expected["fares"], 0)
        for strategy in STRATEGIES:
            with self.subTest(strategy):
                self.require_packages(strategy)
                report = report_of(PROBE, strategy, url)
                self.assertNotIn("first_errors", report)
                self.assertEqual(report.keys(), expected.keys())
                for name in ("outcomes", "fares", "digest", "errors"):
                    self.assertEqual(report[name], expected[name], name)

    def test_closed_port_is_connect_failed(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        for strategy in STRATEGIES:
            with self.subTest(strategy):
                self.require_packages(strategy)
                report = report_of(PROBE, strategy, f"http://127.0.0.1:{port}")
                self.assertEqual((report["outcomes"], report["errors"]), (8, 8))
                self.assertRegex(report["first_errors"][0], r"^2026-03-0\d: connect_failed: ")

    def test_end_of_input_exits(self) -> None:
        for strategy in STRATEGIES:
            with self.subTest(strategy):
                self.require_packages(strategy)
                process = subprocess.run([*PROBE, "--strategy", strategy], input="", capture_output=True, text=True)
                self.assertEqual(process.returncode, 2)


if __name__ == "__main__":
    unittest.main()
