"""The work of a batch, without I/O: paths, the search form, checks, and the result of an item."""

from __future__ import annotations

import datetime
import errno
import zlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

FIRST_DATE = datetime.date(2026, 3, 1)
ROUTE_FROM = "ID10202003"
ROUTE_TO = "ID10202002"

START_PATH = "/m/"
SEARCH_PATH = "/m/?0-1.IFormSubmitListener-searchForm-form"
SESSION_COOKIE = "JSESSIONID"

# Time limit of a request. The default of aiohttp; requests has none, and 5 s of httpx are too short for a
# request that waits for its turn among thousands.
TIMEOUT_S = 300

_OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)


class Result(NamedTuple):
    """Result of an item."""

    digest: int  # CRC-32
    fares: int = 0


class Batch(NamedTuple):
    """Parameters of a run."""

    url: str  # scheme, host and port
    task: str  # "scrape" or "get"
    items: int
    workers: int
    # At most one connection per worker, reused from item to item. Otherwise one per item.
    keep_connections: bool
    # Reads the last page of an item. Raises FetchError.
    read_page: Callable[[int, bytes], Result]


class FetchError(Exception):
    """Error of an item; `kind` is a name of the library's fetch_error_kind."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.kind}: {' '.join(self.detail.split())}"


def date_of_item(item: int) -> datetime.date:
    return FIRST_DATE + datetime.timedelta(days=item)


def search_form(item: int) -> dict[str, str]:
    departure = date_of_item(item).strftime("%d.%m.%y")
    return {"fromStation": ROUTE_FROM, "toStation": ROUTE_TO, "departure": departure}


def page_path(item: int) -> str:
    return f"/page/{item}"


def read_bytes(_item: int, page: bytes) -> Result:
    """Reads a page of the task get."""
    return Result(zlib.crc32(page))


def check_status(status: int, page: str) -> None:
    if status != 200:
        raise FetchError("unexpected_status", f"{page} returned status {status}")


def check_session(cookies: Iterable[str]) -> None:
    """Checks the names of the start page's cookies."""
    if SESSION_COOKIE not in cookies:
        raise FetchError("no_session", f"the start page set no {SESSION_COOKIE} cookie")


def causes(error: BaseException) -> list[BaseException]:
    """Returns an error and its causes. Libraries wrap the error of a socket."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None:
        chain.append(link)
        link = link.__cause__ or link.__context__
    return chain


def is_out_of_resources(error: BaseException) -> bool:
    return any(isinstance(cause, OSError) and cause.errno in _OUT_OF_RESOURCES for cause in causes(error))
