"""One day's scrape with requests, for python_sync, python_threads and python_gevent."""

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

# The default of aiohttp; requests has none.
TIMEOUT_S = 300

_OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)


def _kind_of(error: requests.RequestException) -> str:
    """Returns the kind of an error. Its cause, the socket's error, is wrapped by urllib3 and requests."""
    if isinstance(error, requests.ConnectTimeout):
        return "connect_timeout"
    if isinstance(error, requests.Timeout):
        return "deadline_exceeded"
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None:
        chain.append(link)
        link = link.__cause__ or link.__context__
    if any(isinstance(cause, OSError) and cause.errno in _OUT_OF_RESOURCES for cause in chain):
        return "out_of_resources"
    if any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in chain):
        return "connect_failed"
    if any(isinstance(cause, http.client.RemoteDisconnected) for cause in chain):
        return "connection_lost"
    if any(isinstance(cause, http.client.BadStatusLine) for cause in chain):
        return "bad_response"
    if isinstance(error, (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        return "connection_lost"
    return "bad_response"


def scrape(url: str, day: int) -> list[Fare]:
    """Scrapes a day in a new session, which has a new connection. Raises FetchError."""
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
    """Scrapes and records one day."""
    record.begin(day)
    try:
        record.deliver(day, scrape(batch.url, day))
    except FetchError as error:
        record.deliver(day, error)
