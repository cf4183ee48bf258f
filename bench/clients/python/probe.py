"""One client process of farebench, started by bench: runs one batch with a Python strategy and reports it.

The protocol is that of bench/probe/client_protocol.hpp: ready, go, report, exit. --version prints one line of
JSON: the versions of the libraries, and the missing Debian packages of each strategy.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import resource
import sys

READY = "farebench-client 2 ready"
EXIT_USAGE = 2

# Modules that each strategy imports.
PACKAGES = {
    "python_sync": ("requests", "bs4"),
    "python_threads": ("requests", "bs4"),
    "python_gevent": ("gevent", "requests", "bs4"),
    "python_asyncio": ("aiohttp", "bs4"),
}


def write_line(line: str) -> None:
    print(line, flush=True)


def read_line_equals(expected: str) -> bool:
    return sys.stdin.readline() == expected + "\n"


def version() -> str:
    """Returns the versions of the libraries and the missing Debian packages of each strategy, as JSON."""
    libraries = {"python": platform.python_version()}
    for name in sorted({name for names in PACKAGES.values() for name in names}):
        try:
            libraries[name] = importlib.import_module(name).__version__
        except ImportError:
            pass
    missing = {
        strategy: [f"python3-{name}" for name in names if name not in libraries]
        for strategy, names in PACKAGES.items()
    }
    return json.dumps({"program": "probe.py", "libraries": libraries, "missing": missing})


def prepare_process() -> None:
    """Raises the limit of open files and ignores proxies, as fetch_probe does."""
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        os.environ.pop(name, None)


def run(strategy: str, url: str, workers: int, days: int) -> int:
    prepare_process()
    # Imported here because gevent must patch first, and because each strategy should load only its own
    # libraries.
    runner = importlib.import_module(strategy)
    record_module = importlib.import_module("record")
    batch = importlib.import_module("workload").Batch(url, days, workers)
    write_line(READY)
    if not read_line_equals("go"):
        return EXIT_USAGE
    record = record_module.Record(days)
    try:
        runner.run(batch, record)
        write_line(record.report())
    except Exception as error:  # not the error of a day
        write_line(f"failed {type(error).__name__}: {' '.join(str(error).split())}")
    return 0 if read_line_equals("exit") else EXIT_USAGE


def at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--strategy", choices=PACKAGES, default="python_sync")
    flags.add_argument("--url", default="", help="base URL of the site, e.g. http://127.0.0.1:8080")
    flags.add_argument("--workers", type=at_least_one, default=1, help="maximum number of scrapes in flight")
    flags.add_argument("--days", type=at_least_one, default=1, help="number of days to scrape")
    flags.add_argument("--version", action="store_true", help="print versions as one line of JSON")
    arguments = flags.parse_args()
    if arguments.version:
        write_line(version())
        return 0
    return run(arguments.strategy, arguments.url, arguments.workers, arguments.days)


if __name__ == "__main__":
    sys.exit(main())
