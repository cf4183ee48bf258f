"""One client process of farebench, started by bench: runs one batch the Python way and reports it.

It speaks bench/probe/protocol.hpp on standard input and output: ready, go, report, exit. --version tells, as
one line of JSON, the versions of the libraries, and what Debian packages each way lacks.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import resource
import sys

READY = "farebench-probe 1 ready"
EXIT_USAGE = 2

# What each way imports.
PACKAGES = {
    "python_sync": ("requests", "bs4"),
    "python_threads": ("requests", "bs4"),
    "python_gevent": ("gevent", "requests", "bs4"),
    "python_asyncio": ("aiohttp", "bs4"),
}


def say(line: str) -> None:
    print(line, flush=True)


def hear(expected: str) -> bool:
    return sys.stdin.readline() == expected + "\n"


def version() -> str:
    """The libraries that can be imported, and by way, the Debian packages of those that can't."""
    libraries = {"python": platform.python_version()}
    for name in sorted({name for names in PACKAGES.values() for name in names}):
        try:
            libraries[name] = importlib.import_module(name).__version__
        except ImportError:
            pass
    missing = {
        way: [f"python3-{name}" for name in names if name not in libraries] for way, names in PACKAGES.items()
    }
    return json.dumps({"program": "probe.py", "libraries": libraries, "missing": missing})


def prepare_process() -> None:
    """What fetch_probe does for its strategies too: every file that may be open, and no proxy before the site."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        os.environ.pop(name, None)


def run(strategy: str, url: str, workers: int, days: int) -> int:
    prepare_process()
    # Imported only now: gevent must patch before others import, and each way has only its own libraries'
    # memory.
    way = importlib.import_module(strategy)
    record_module = importlib.import_module("record")
    batch = importlib.import_module("workload").Batch(url, days, workers)
    say(READY)
    if not hear("go"):
        return EXIT_USAGE
    record = record_module.Record(days)
    try:
        way.run(batch, record)
        say(record.report())
    except Exception as error:  # no outcome of a day's: the way could not run at all
        say(f"failed {type(error).__name__}: {' '.join(str(error).split())}")
    return 0 if hear("exit") else EXIT_USAGE


def at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--strategy", choices=PACKAGES, default="python_sync")
    flags.add_argument("--url", default="", help="the site, e.g. http://127.0.0.1:8080")
    flags.add_argument("--workers", type=at_least_one, default=1, help="most scrapes in flight")
    flags.add_argument("--days", type=at_least_one, default=1, help="how many days to scrape")
    flags.add_argument("--version", action="store_true", help="print what can be run, as one line of JSON")
    asked = flags.parse_args()
    if asked.version:
        say(version())
        return 0
    return run(asked.strategy, asked.url, asked.workers, asked.days)


if __name__ == "__main__":
    sys.exit(main())
