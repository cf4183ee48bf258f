"""Items with requests, for the strategies sync, threads and gevent."""

from __future__ import annotations

import collections
import contextlib
import http.client
from collections.abc import Iterator

import requests
import urllib3.exceptions

from recorder import Recorder
from tasks import (
    SEARCH_PATH,
    START_PATH,
    TIMEOUT_S,
    Batch,
    FetchError,
    Result,
    causes,
    check_session,
    check_status,
    is_out_of_resources,
    page_path,
    search_form,
)

VERSION = f"requests {requests.__version__}"


def _kind_of(error: requests.RequestException) -> str:
    """Returns the kind of an error. Its cause, the socket's error, is wrapped by urllib3 and requests."""
    if isinstance(error, requests.ConnectTimeout):
        return "connect_timeout"
    if isinstance(error, requests.Timeout):
        return "deadline_exceeded"
    if is_out_of_resources(error):
        return "out_of_resources"
    chain = causes(error)
    if any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in chain):
        return "connect_failed"
    if any(isinstance(cause, http.client.RemoteDisconnected) for cause in chain):
        return "connection_lost"
    if any(isinstance(cause, http.client.BadStatusLine) for cause in chain):
        return "bad_response"
    if isinstance(error, (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        return "connection_lost"
    return "bad_response"


def _body(response: requests.Response, page: str) -> bytes:
    check_status(response.status_code, page)
    # urllib3 1 ignores the end of a connection before the end of a body.
    if response.raw.length_remaining:
        raise FetchError(
            "connection_lost", f"{page} is incomplete: {response.raw.length_remaining} B missing"
        )
    return response.content


def scrape(session: requests.Session, batch: Batch, item: int) -> Result:
    start = session.get(batch.url + START_PATH, timeout=TIMEOUT_S)
    _body(start, "the start page")
    check_session(session.cookies.keys())
    page = session.post(batch.url + SEARCH_PATH, data=search_form(item), timeout=TIMEOUT_S)
    return batch.read_page(item, _body(page, "the search"))


def get(session: requests.Session, batch: Batch, item: int) -> Result:
    page = session.get(batch.url + page_path(item), timeout=TIMEOUT_S)
    return batch.read_page(item, _body(page, "the page"))


class Client:
    """Runs items, from any thread. Each item in progress has a session, which has a connection."""

    def __init__(self, batch: Batch, recorder: Recorder) -> None:
        self._batch = batch
        self._recorder = recorder
        self._fetch = scrape if batch.task == "scrape" else get
        # Appending and popping are safe in threads.
        self._idle: collections.deque[requests.Session] = collections.deque()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        for session in self._idle:
            session.close()

    @contextlib.contextmanager
    def _session(self) -> Iterator[requests.Session]:
        if not self._batch.keep_connections:
            with requests.Session() as session:
                yield session
            return
        try:
            session = self._idle.pop()
        except IndexError:
            session = requests.Session()
        try:
            yield session
        finally:
            session.cookies.clear()
            self._idle.append(session)

    def run_item(self, item: int) -> None:
        self._recorder.begin(item)
        try:
            with self._session() as session:
                result = self._fetch(session, self._batch, item)
            self._recorder.finish(item, result)
        except FetchError as error:
            self._recorder.finish(item, error)
        except requests.RequestException as error:
            self._recorder.finish(item, FetchError(_kind_of(error), str(error)))
