"""One client process of farebench, started by bench: runs a batch and reports it."""

from __future__ import annotations

import argparse
import functools
import importlib
import os
import platform
import sys
from collections.abc import Callable

from recorder import Recorder
from tasks import Batch, Result, read_bytes

READY = "farebench-client 2 ready"
EXIT_USAGE = 2

# A strategy's module is named run_STRATEGY.
STRATEGIES = ("sync", "threads", "gevent", "asyncio", "httpx", "pycurl")


def write_line(line: str) -> None:
    print(line, flush=True)


def read_line_equals(expected: str) -> bool:
    return sys.stdin.readline() == expected + "\n"


def page_reader(task: str, parser: str) -> tuple[Callable[[int, bytes], Result], list[str]]:
    """Returns the function that reads a task's pages, and its libraries. The task get loads none."""
    if task == "get":
        return read_bytes, []
    import bs4

    from fares import read_fares

    libraries = [f"bs4 {bs4.__version__}"]
    if parser == "lxml":
        from lxml import etree

        libraries.append(f"lxml {etree.__version__}")
    return functools.partial(read_fares, parser=parser), libraries


def at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def parse_arguments() -> argparse.Namespace:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--strategy", choices=STRATEGIES, required=True)
    flags.add_argument(
        "--html", choices=("html.parser", "lxml"), default="html.parser", help="BeautifulSoup's parser"
    )
    flags.add_argument("--url", required=True, help="scheme, host and port of the site")
    flags.add_argument("--task", choices=("scrape", "get"), required=True)
    flags.add_argument(
        "--workers", type=at_least_one, required=True, help="maximum number of items in progress"
    )
    flags.add_argument("--items", type=at_least_one, required=True, help="number of items")
    flags.add_argument("--connections", choices=("kept", "fresh"), required=True)
    flags.add_argument(
        "--warm-up", type=at_least_one, default=0, help="number of items to run before the batch"
    )
    return flags.parse_args()


def main() -> int:
    arguments = parse_arguments()
    try:
        # Before other modules: gevent must patch the standard library first.
        strategy = importlib.import_module(f"run_{arguments.strategy}")
        read_page, libraries = page_reader(arguments.task, arguments.html)
    except ModuleNotFoundError as error:
        print(f"client.py: {error}", file=sys.stderr)
        return EXIT_USAGE
    batch = Batch(
        url=arguments.url,
        task=arguments.task,
        items=arguments.items,
        workers=arguments.workers,
        keep_connections=arguments.connections == "kept",
        read_page=read_page,
    )
    if arguments.warm_up:
        strategy.run(batch._replace(items=arguments.warm_up), Recorder(arguments.warm_up))
    write_line(READY)
    if not read_line_equals("go"):
        return EXIT_USAGE
    recorder = Recorder(batch.items)
    try:
        strategy.run(batch, recorder)
        write_line(
            recorder.report(", ".join([strategy.VERSION, *libraries, f"Python {platform.python_version()}"]))
        )
    except Exception as error:  # not the error of an item
        write_line(f"failed {type(error).__name__}: {' '.join(str(error).split())}")
    return 0 if read_line_equals("exit") else EXIT_USAGE


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # Skips the interpreter's teardown, in which gevent can crash.
    os._exit(status)
