"""One day's scrape with requests: what python_sync, python_threads and python_gevent share."""

from __future__ import annotations

import errno
import http.client

import requests
import urllib3.exceptions

from record import Record
from workload import (
    SEARCH_PATH,
    START_PATH,
    Batch,
    Fare,
    FetchError,
    check_session,
    check_status,
    parse_fares,
    search_form,
)

# requests would wait for ever; aiohttp's default for both.
TIMEOUT_S = 300

_OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)


def _kind_of(error: requests.RequestException) -> str:
    """requests wraps what urllib3 wrapped around what the socket said: the cause is down the chain."""
    if isinstance(error, requests.ConnectTimeout):
        return "connect_timeout"
    if isinstance(error, requests.Timeout):
        return "deadline_exceeded"
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None:
        chain.append(link)
        link = link.__cause__ or link.__context__
    if any(isinstance(one, OSError) and one.errno in _OUT_OF_RESOURCES for one in chain):
        return "out_of_resources"
    if any(isinstance(one, urllib3.exceptions.NewConnectionError) for one in chain):
        return "connect_failed"
    if any(isinstance(one, http.client.RemoteDisconnected) for one in chain):
        return "connection_lost"
    if any(isinstance(one, http.client.BadStatusLine) for one in chain):
        return "bad_response"
    if isinstance(error, (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        return "connection_lost"
    return "bad_response"


def scrape(url: str, day: int) -> list[Fare]:
    """A new session, and so a new connection, for the day. Raises FetchError."""
    try:
        with requests.Session() as session:
            start = session.get(url + START_PATH, timeout=TIMEOUT_S)
            check_status(start.status_code, "the start page")
            check_session(session.cookies.keys())
            page = session.post(url + SEARCH_PATH, data=search_form(day), timeout=TIMEOUT_S)
            check_status(page.status_code, "the search")
            return parse_fares(page.text)
    except requests.RequestException as error:
        raise FetchError(_kind_of(error), str(error)) from error


def scrape_day(batch: Batch, day: int, record: Record) -> None:
    """One day from its being taken to its outcome."""
    record.begin(day)
    try:
        record.deliver(day, scrape(batch.url, day))
    except FetchError as error:
        record.deliver(day, error)
