"""The Python clients and fetch_probe against the same mock server."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import unittest
import urllib.request
from pathlib import Path

BIN = Path(os.environ["FAREBENCH_BIN_DIR"])
SOURCES = Path(os.environ["FAREBENCH_CLIENTS_DIR"])
LANGUAGES = ("python", "python_debian")
WORKERS = 3
ITEMS = 8
WARM_UP = 2

MANIFESTS = {
    language: json.loads((SOURCES / language / "manifest.json").read_text()) for language in LANGUAGES
}


def start(command: list[str], *flags: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*command, *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )


def flags_of(url: str, task: str = "scrape", connections: str = "kept") -> list[str]:
    flags = {
        "url": url,
        "task": task,
        "workers": str(WORKERS),
        "items": str(ITEMS),
        "connections": connections,
    }
    return [word for name, value in flags.items() for word in (f"--{name}", value)]


def report_of(command: list[str], *flags: str) -> dict:
    """Runs the protocol and returns the report."""
    with start(command, *flags) as client:
        assert client.stdin and client.stdout
        assert client.stdout.readline() == "farebench-client 2 ready\n"
        client.stdin.write("go\n")
        report = json.loads(client.stdout.readline())
        client.stdin.write("exit\n")
        assert client.stdout.read() == ""
    assert client.returncode == 0, client.returncode
    return report


class Manifests(unittest.TestCase):
    def test_debian_clients_differ_by_name_and_command(self) -> None:
        clients = {client["name"]: client for client in MANIFESTS["python"]["clients"]}
        for debian in MANIFESTS["python_debian"]["clients"]:
            client = clients[debian["name"].removesuffix("_debian")]
            expected = client | {
                "name": client["name"] + "_debian",
                "label": client["label"] + " (Debian)",
                "command": ["/usr/bin/python3", *client["command"][1:]],
            }
            self.assertEqual(debian, expected)


class Clients(unittest.TestCase):
    def setUp(self) -> None:
        self.commands: dict[str, list[str]] = {}
        for language in LANGUAGES:
            folder = BIN / "clients" / language
            if not (folder / "manifest.json").exists():
                continue
            for client in MANIFESTS[language]["clients"]:
                self.commands[client["name"]] = [
                    str(folder / word) if word.startswith("./") else word for word in client["command"]
                ]
        if not self.commands:
            self.skipTest("needs clients that ./dev clients python python_debian builds")

    def start_server(self) -> str:
        server = subprocess.Popen(
            [BIN / "mock_server", "--port", "0", "--latency", "0", "--page-kb", "30"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdout
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        return "http://" + server.stdout.readline().split()[-1]

    def test_report_equals_that_of_fetch_probe(self) -> None:
        url = self.start_server()
        probe = [str(BIN / "fetch_probe"), "--strategy", "sequential"]
        for task, connections in itertools.product(("scrape", "get"), ("kept", "fresh")):
            flags = flags_of(url, task, connections)
            expected = report_of(probe, *flags)
            self.assertEqual(expected["errors"], 0)
            for name, command in self.commands.items():
                with self.subTest(client=name, task=task, connections=connections):
                    urllib.request.urlopen(urllib.request.Request(url + "/stats", method="DELETE")).close()
                    report = report_of(command, *flags, "--warm-up", str(WARM_UP))
                    self.assertLessEqual(expected.keys(), report.keys())
                    for member in ("outcomes", "errors", "digest"):
                        self.assertEqual(report[member], expected[member], member)
                    self.assertEqual(report["fares"], expected.get("fares", 0))
                    self.assertRegex(report["version"], r"^\w+ \d.*, Python 3\.\d+\.\d+$")
                    self.check_stats(url, task, connections)

    def check_stats(self, url: str, task: str, connections: str) -> None:
        with urllib.request.urlopen(url + "/stats") as response:
            stats = json.load(response)
        fetched = ITEMS + WARM_UP
        self.assertEqual(stats["requests"], fetched * (2 if task == "scrape" else 1))
        self.assertEqual(stats["sessions"], fetched if task == "scrape" else 0)
        self.assertLessEqual(stats["in_flight_peak"], WORKERS)
        opened = stats["connections_accepted"] - 1  # that of /stats
        if connections == "fresh":
            self.assertEqual(opened, fetched)
        else:  # the warm-up has its own
            self.assertLessEqual(opened, WORKERS + WARM_UP)

    def test_closed_port_is_connect_failed(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        for name, command in self.commands.items():
            with self.subTest(client=name):
                report = report_of(command, *flags_of(f"http://127.0.0.1:{port}"))
                self.assertEqual((report["outcomes"], report["errors"]), (ITEMS, ITEMS))
                self.assertRegex(report["first_errors"][0], r"^item \d: connect_failed: ")

    def test_unknown_page_is_unexpected_status(self) -> None:
        url = self.start_server() + "/no"
        for name, command in self.commands.items():
            with self.subTest(client=name):
                report = report_of(command, *flags_of(url))
                self.assertEqual((report["outcomes"], report["errors"], report["digest"]), (ITEMS, ITEMS, 0))
                self.assertRegex(report["first_errors"][0], r"^item \d: unexpected_status: .* 404$")

    def test_end_of_input_exits(self) -> None:
        for name, command in self.commands.items():
            with self.subTest(client=name), start(command, *flags_of("http://127.0.0.1:1")) as client:
                output, _ = client.communicate("")
                self.assertEqual((client.returncode, output), (2, "farebench-client 2 ready\n"))

    def test_unknown_task_exits_before_ready(self) -> None:
        for name, command in self.commands.items():
            with self.subTest(client=name):
                flags = flags_of("http://127.0.0.1:1", task="put")
                run = subprocess.run([*command, *flags], input="", capture_output=True, text=True)
                self.assertEqual((run.returncode, run.stdout), (2, ""))
                self.assertIn("error: ", run.stderr)


if __name__ == "__main__":
    unittest.main()
