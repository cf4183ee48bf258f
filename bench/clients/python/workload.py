"""The scrape task: days, search form and fare rows. Same as bench/probe/scrape_task.hpp and the library."""

from __future__ import annotations

import datetime
import re
from typing import NamedTuple

from bs4 import BeautifulSoup

FIRST_DATE = datetime.date(2026, 3, 1)
ROUTE_FROM = "ID10202003"
ROUTE_TO = "ID10202002"

START_PATH = "/m/"
SEARCH_PATH = "/m/?0-1.IFormSubmitListener-searchForm-form"
SESSION_COOKIE = "JSESSIONID"


class Batch(NamedTuple):
    """Parameters of a run."""

    url: str  # scheme, host and port
    days: int
    workers: int


class Fare(NamedTuple):
    """One bus connection, each field read from the page; times as "hh:mm"."""

    departure: str
    arrival: str
    type: str
    free_seats: int
    price_hundredths: int
    currency: str


class FetchError(Exception):
    """Error of a scrape; `kind` is a name of the library's fetch_error_kind."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.kind}: {' '.join(self.detail.split())}"


def date_of_day(day: int) -> datetime.date:
    return FIRST_DATE + datetime.timedelta(days=day)


def search_form(day: int) -> dict[str, str]:
    departure = date_of_day(day).strftime("%d.%m.%y")
    return {"fromStation": ROUTE_FROM, "toStation": ROUTE_TO, "departure": departure}


def check_status(status: int, page: str) -> None:
    if status != 200:
        raise FetchError("unexpected_status", f"{page} returned status {status}")


def check_session(cookies: list[str]) -> None:
    """Checks the names of the start page's cookies."""
    if SESSION_COOKIE not in cookies:
        raise FetchError("no_session", f"the start page set no {SESSION_COOKIE} cookie")


_TIME = re.compile(r"(\d{1,2}):(\d\d)", re.ASCII)
_SEATS = re.compile(r"\d+", re.ASCII)
_PRICE = re.compile(r"(\d+)(?:[.,](\d\d?))?", re.ASCII)


def _clock_time(word: str) -> str:
    time = _TIME.fullmatch(word)
    if not time or int(time[1]) > 23 or int(time[2]) > 59:
        raise FetchError("malformed_page", f"read {word!r}, expected a time of day, hh:mm")
    return f"{int(time[1]):02}:{time[2]}"


def _seats(word: str) -> int:
    if not _SEATS.fullmatch(word):
        raise FetchError("malformed_page", f"free seats: read {word!r}, expected decimal digits")
    return int(word)


def _price_hundredths(word: str) -> int:
    price = _PRICE.fullmatch(word)
    if not price:
        raise FetchError("malformed_page", f"price: read {word!r}, expected 249, 249.5 or 249,50")
    return int(price[1]) * 100 + int((price[2] or "0").ljust(2, "0"))


def parse_fares(page: str) -> list[Fare]:
    """Returns the page's fares in order. Raises FetchError for an invalid row."""
    fares = []
    for row in BeautifulSoup(page, "html.parser").find_all(class_="select-line"):
        words = row.get_text().split()
        if len(words) != 6:
            raise FetchError("malformed_page", f"a fare row has {len(words)} words, expected 6")
        departure, arrival, kind, seats, price, currency = words
        fares.append(
            Fare(
                _clock_time(departure),
                _clock_time(arrival),
                kind,
                _seats(seats),
                _price_hundredths(price),
                currency,
            )
        )
    return fares
