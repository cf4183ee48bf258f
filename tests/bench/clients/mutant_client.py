"""A client that keeps the protocol of docs/clients.md, unless --mutant NAME names a mistake.

check_client_test.cpp lists the names, and the check that each must fail.
"""

import argparse
import datetime
import html.parser
import http.client
import json
import re
import sys
import threading
import time
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

parser = argparse.ArgumentParser()
parser.add_argument("--mutant")
parser.add_argument("--url", required=True)
parser.add_argument("--task", required=True)
parser.add_argument("--workers", required=True, type=int)
parser.add_argument("--items", required=True, type=int)
parser.add_argument("--connections", required=True, choices=["kept", "fresh"])
parser.add_argument("--warm-up", default=0, type=int)
flags = parser.parse_args()
mutant = flags.mutant
if flags.task not in ("get", "scrape") and mutant != "accepts_any_task":
    parser.error(f"unknown task {flags.task}")
thread = threading.local()
shared = threading.Lock()
shared_cookie = None


def close():
    if hasattr(thread, "connection"):
        thread.connection.close()


def request(method, path, body=None, headers={}):
    """Returns a body and a cookie. Raises OSError or HTTPException."""
    if not hasattr(thread, "connection"):
        thread.connection = http.client.HTTPConnection(flags.url.removeprefix("http://"), timeout=30)
    if method == "POST" and mutant == "connects_twice" and flags.connections == "fresh":
        close()
    try:
        thread.connection.request(method, path, body, headers)
        with thread.connection.getresponse() as response:
            try:
                content = response.read()
            except http.client.IncompleteRead as error:
                if mutant != "accepts_part_of_page":
                    raise
                close()
                content = error.partial
            if response.status != 200 and mutant != "accepts_any_status":
                raise OSError(f"status {response.status}")
            return content, response.getheader("Set-Cookie")
    except BaseException:
        close()
        raise


VOID_ELEMENTS = {"br", "hr", "img", "input", "link", "meta", "wbr"}


class Fares(html.parser.HTMLParser):
    """Texts of the elements with the class select-line, whose start and end tags are balanced."""

    def __init__(self, page):
        super().__init__()
        self.texts = []
        self.depth = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag in VOID_ELEMENTS:
            return
        if self.depth:
            self.depth += 1
        elif "select-line" in (dict(attributes).get("class") or "").split():
            self.depth = 1
            self.texts.append("")

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        if self.depth and tag not in VOID_ELEMENTS:
            self.depth -= 1

    def handle_data(self, text):
        if self.depth:
            self.texts[-1] += text


FARE = re.compile(r"([0-9]{1,2}:[0-9]{2}) ([0-9]{1,2}:[0-9]{2}) (\S+) ([0-9]+) ([0-9]+)(?:[.,]([0-9]{1,2}))? (\S+)")


def fare_line(text):
    match = FARE.fullmatch(" ".join(text.split()))
    if match is None:
        if mutant == "guesses_fare":
            return "07:00|08:00|Relax|1|0|CZK\n"
        if mutant == "skips_invalid_fare":
            return ""
        raise OSError(f"invalid fare {text.split()}")
    departure, arrival, kind, seats, whole, hundredths, currency = match.groups()
    price = int(whole) * 100 + int((hundredths or "").ljust(2, "0"))
    return f"{departure:0>5}|{arrival:0>5}|{kind}|{int(seats)}|{price}|{currency}\n"


def cookie_of_session():
    global shared_cookie
    if mutant == "shares_session":
        with shared:
            if shared_cookie is None:
                shared_cookie = request("GET", "/m/")[1]
            return shared_cookie.split(";")[0]
    cookie = request("GET", "/m/")[1]
    if cookie is None:
        raise OSError("no cookie")
    if mutant == "shares_cookie":
        with shared:
            shared_cookie = shared_cookie or cookie
            cookie = shared_cookie
    return cookie.split(";")[0]


def scrape(item):
    day = datetime.date(2026, 3, 1) + datetime.timedelta(item)
    headers = {"Cookie": cookie_of_session(), "Content-Type": "application/x-www-form-urlencoded"}
    form = f"fromStation=ID10202003&toStation=ID10202002&departure={day:%d.%m.%y}"
    page, _ = request("POST", "/m/?0-1.IFormSubmitListener-searchForm-form", form, headers)
    lines = [fare_line(text) for text in Fares(page.decode()).texts]
    return zlib.crc32(f"{day}\n{''.join(lines)}".encode())


def run_item(item):
    """Returns a CRC-32 or the text of an error, and the time in ns."""
    start = time.monotonic_ns()
    result = fetch_item(item)
    return result, time.monotonic_ns() - start


def bucket(us):
    """Returns the bucket of a time in the histogram."""
    e = max(us.bit_length() - 8, 0)
    return 128 * e + (us >> e)


def histogram_of(times_ns):
    unit_ns = {"histogram_in_ms": 10**6, "histogram_in_ns": 1}.get(mutant, 10**3)
    pairs = sorted(Counter(bucket(ns // unit_ns) for ns in times_ns).items())
    if mutant == "histogram_without_an_item":
        pairs[0] = (pairs[0][0], pairs[0][1] + 1)
    if mutant == "histogram_out_of_order":
        pairs.append(pairs[0])
    return pairs


def fetch_item(item):
    """Returns a CRC-32, or the text of an error."""
    try:
        if flags.task == "scrape":
            return scrape(item)
        if mutant == "fetches_twice" and item == 0:
            request("GET", "/page/0")
        if mutant == "fetches_another" and item == 0:
            request("GET", "/page/1000")
        return zlib.crc32(request("GET", f"/page/{item}")[0])
    except (OSError, http.client.HTTPException) as error:
        if mutant == "ends_without_server" and isinstance(error, ConnectionRefusedError):
            sys.exit("no server")
        return f"item {item}: {error!r}"
    finally:
        closes = flags.connections == "fresh" and (mutant != "reuses_connection" or item % 2 == 0)
        if closes or mutant == "opens_connections":
            close()


def say(line):
    print(line, flush=True)


def expect(line):
    read = sys.stdin.readline()
    if mutant == "accepts_any_line" and line == "exit" and read:
        return
    if mutant == "runs_at_any_line" and line == "go" and read:
        return
    ignored = {"ignores_closed_input": "exit", "ignores_closed_input_before_go": "go"}
    if not read and ignored.get(mutant) == line:
        threading.Event().wait()
    if read != line + "\n":
        sys.exit(2)


def run_at_once(items):
    """Runs items of the task get, all in flight at once."""
    start = time.monotonic_ns()
    connections = [http.client.HTTPConnection(flags.url.removeprefix("http://")) for _ in items]
    for connection, item in zip(connections, items):
        connection.request("GET", f"/page/{item}")
    crcs = [zlib.crc32(connection.getresponse().read()) for connection in connections]
    return [(crc, time.monotonic_ns() - start) for crc in crcs]


def run_items(pool, items):
    if mutant == "exceeds_workers" or mutant == "always_uses_two_workers" and flags.workers == 1:
        return run_at_once(items)
    return list(pool.map(run_item, items))


def main():
    with ThreadPoolExecutor(flags.workers) as pool:
        warmed_up = [] if mutant == "skips_warm_up" else list(pool.map(run_item, range(flags.warm_up)))
        if mutant == "fetches_before_go":
            run_item(0)
        if mutant == "prints_noise":
            say("loading")
        say("farebench-probe 1 ready" if mutant == "speaks_version_1" else "farebench-client 2 ready")
        expect("go")
        began = time.monotonic()
        if mutant == "ends_in_batch":
            sys.exit(0)
        if mutant == "hangs_in_batch":
            sys.stdin.readline()
        items = list(range(flags.items))
        is_skipping = mutant == "skips_item" or mutant == "skips_single_item" and flags.items == 1
        left = items[-1:] if is_skipping or mutant == "reports_early" else []
        outcomes = run_items(pool, items[: len(items) - len(left)])
        wall_ms = (time.monotonic() - began) * 1e3
        results = [result for result, _ in outcomes]
        errors = [result for result in results if isinstance(result, str)]
        digest = sum(result for result in results if not isinstance(result, str))
        report = {
            "outcomes": flags.items,
            "errors": len(errors),
            "digest": digest,
            "first_errors": errors[:3],
            "wall_ms": wall_ms,
            "first_item_at_s": began,
            "item_histogram": histogram_of([ns for _, ns in outcomes]),
        }
        if mutant == "loses_error" and 0 < len(errors) < len(results):
            report["errors"] -= 1
        if mutant == "wrong_digest":
            report["digest"] += 1
        if mutant == "short_digest":
            report["digest"] %= 2**32
        if mutant == "wrong_outcomes":
            report["outcomes"] -= 1
        if mutant == "reports_warm_up":
            report["outcomes"] += len(warmed_up)
        if mutant == "reports_seconds":
            report["wall_ms"] /= 1e3
        if mutant == "wrong_clock":
            report["first_item_at_s"] = time.time()
        if mutant == "half_after_end":
            report["half_done_ms"] = 2 * wall_ms
        if mutant == "invalid_report":
            report["digest"] = str(digest)
        say(json.dumps(report))
        if mutant == "ignores_exit":
            sys.stdin.read()
        expect("exit")
        if mutant == "reports_early":
            run_item(left[0])
        if mutant == "prints_noise_at_exit":
            say("done")
        if mutant == "exits_with_1":
            sys.exit(1)


main()
