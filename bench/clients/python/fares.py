"""Fares of a page of the task scrape, parsed with BeautifulSoup."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from bs4 import BeautifulSoup

from tasks import FetchError, Result, date_of_item


class Fare(NamedTuple):
    """One bus connection, each field read from the page; times as "hh:mm"."""

    departure: str
    arrival: str
    type: str
    free_seats: int
    price_hundredths: int
    currency: str


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


def parse_fares(page: str, parser: str = "html.parser") -> list[Fare]:
    """Returns the page's fares in order. Raises FetchError for an invalid row.

    `parser` is the name of a parser of BeautifulSoup.
    """
    fares = []
    for row in BeautifulSoup(page, parser).find_all(class_="select-line"):
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


def digest_of_item(item: int, fares: Sequence[Fare]) -> int:
    """Returns the CRC-32 of the item's text: its date, then a line per fare."""
    lines = [date_of_item(item).isoformat()]
    for fare in fares:
        lines.append("|".join(map(str, fare)))
    return zlib.crc32("".join(line + "\n" for line in lines).encode())


def read_fares(item: int, page: bytes, parser: str) -> Result:
    """Reads a page of search results."""
    try:
        text = page.decode()
    except UnicodeDecodeError as error:
        raise FetchError("malformed_page", str(error)) from error
    fares = parse_fares(text, parser)
    return Result(digest_of_item(item, fares), len(fares))
