"""pycurl's CurlMulti, driven by epoll: callbacks in one thread, a reused handle per worker."""

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Callable
from urllib.parse import urlencode

import pycurl

from recorder import Recorder
from tasks import (
    SEARCH_PATH,
    START_PATH,
    TIMEOUT_S,
    Batch,
    FetchError,
    check_session,
    check_status,
    page_path,
    search_form,
)

VERSION = f"pycurl {pycurl.version.split()[0].removeprefix('PycURL/')}, libcurl {pycurl.version_info()[1]}"

_KINDS = {
    pycurl.E_COULDNT_CONNECT: "connect_failed",
    pycurl.E_GOT_NOTHING: "connection_lost",
    pycurl.E_OPERATION_TIMEDOUT: "deadline_exceeded",
    pycurl.E_OUT_OF_MEMORY: "out_of_resources",
    pycurl.E_PARTIAL_FILE: "connection_lost",
    pycurl.E_RECV_ERROR: "connection_lost",
    pycurl.E_SEND_ERROR: "connection_lost",
}

_EPOLL_EVENTS = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}


class EventLoop:
    """Runs transfers and calls back when they are done."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._deadline_s: float | None = None
        self._callbacks: dict[pycurl.Curl, Callable[[FetchError | None], None]] = {}
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)

    def close(self) -> None:
        self._multi.close()
        self._epoll.close()

    def start(self, handle: pycurl.Curl, on_done: Callable[[FetchError | None], None]) -> None:
        """Starts a transfer. `on_done` receives its error, or None, and may start the next one."""
        self._callbacks[handle] = on_done
        self._multi.add_handle(handle)

    def run(self) -> None:
        """Returns when there are no transfers."""
        while self._callbacks:
            timeout_s = None if self._deadline_s is None else max(self._deadline_s - time.monotonic(), 0)
            for socket, events in self._epoll.poll(timeout_s):
                mask = pycurl.CSELECT_IN if events & ~select.EPOLLOUT else 0
                if events & select.EPOLLOUT:
                    mask |= pycurl.CSELECT_OUT
                self._multi.socket_action(socket, mask)
            if self._deadline_s is not None and self._deadline_s <= time.monotonic():
                self._deadline_s = None
                self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            self._finish_transfers()

    def _watch_socket(self, what: int, socket: int, _multi: pycurl.CurlMulti, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            with contextlib.suppress(OSError):  # closed already
                self._epoll.unregister(socket)
            return
        try:
            self._epoll.modify(socket, _EPOLL_EVENTS[what])
        except FileNotFoundError:
            self._epoll.register(socket, _EPOLL_EVENTS[what])

    def _set_timer(self, timeout_ms: int) -> None:
        self._deadline_s = None if timeout_ms < 0 else time.monotonic() + timeout_ms / 1e3

    def _finish_transfers(self) -> None:
        remaining = 1
        while remaining:
            remaining, succeeded, failed = self._multi.info_read()
            done: list[tuple[pycurl.Curl, FetchError | None]] = [(handle, None) for handle in succeeded]
            done += [
                (handle, FetchError(_KINDS.get(code, "bad_response"), text)) for handle, code, text in failed
            ]
            for handle, error in done:
                self._multi.remove_handle(handle)
                self._callbacks.pop(handle)(error)


class Worker:
    """Runs one item after another with its handle."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._batch = client.batch
        self._item = 0
        self._body = bytearray()
        self._handle = pycurl.Curl()
        self._handle.setopt(pycurl.WRITEFUNCTION, self._body.extend)
        self._handle.setopt(pycurl.COOKIEFILE, "")  # keeps cookies in memory
        self._handle.setopt(pycurl.ACCEPT_ENCODING, "")  # all that libcurl decodes
        self._handle.setopt(pycurl.NOSIGNAL, 1)
        self._handle.setopt(pycurl.TIMEOUT, TIMEOUT_S)

    def close(self) -> None:
        self._handle.close()

    def begin_next_item(self) -> None:
        item = next(self._client.items, None)
        if item is None:
            return
        self._item = item
        self._client.recorder.begin(item)
        self._handle.setopt(pycurl.FRESH_CONNECT, not self._batch.keep_connections)
        if self._batch.task == "scrape":
            self._handle.setopt(pycurl.COOKIELIST, "ALL")  # removes them
            self._handle.setopt(pycurl.FORBID_REUSE, 0)
            self._get(START_PATH, self._on_start_page)
        else:
            self._handle.setopt(pycurl.FORBID_REUSE, not self._batch.keep_connections)
            self._get(page_path(item), self._on_page)

    def _get(self, path: str, on_response: Callable[[], None]) -> None:
        self._handle.setopt(pycurl.HTTPGET, 1)
        self._fetch(path, on_response)

    def _on_start_page(self) -> None:
        self._check_status("the start page")
        # Lines of seven fields that tabs separate; the sixth is the name.
        check_session(line.split("\t")[5] for line in self._handle.getinfo(pycurl.INFO_COOKIELIST))
        self._handle.setopt(pycurl.FRESH_CONNECT, 0)
        self._handle.setopt(pycurl.FORBID_REUSE, not self._batch.keep_connections)
        self._handle.setopt(pycurl.POSTFIELDS, urlencode(search_form(self._item)))
        self._fetch(SEARCH_PATH, self._on_page)

    def _on_page(self) -> None:
        self._check_status("the page")
        self._client.recorder.finish(self._item, self._batch.read_page(self._item, bytes(self._body)))
        self.begin_next_item()

    def _check_status(self, page: str) -> None:
        check_status(self._handle.getinfo(pycurl.RESPONSE_CODE), page)

    def _fetch(self, path: str, on_response: Callable[[], None]) -> None:
        """Starts a request. An error ends the item."""

        def on_done(error: FetchError | None) -> None:
            try:
                if error is not None:
                    raise error
                on_response()
            except FetchError as item_error:
                self._client.recorder.finish(self._item, item_error)
                self.begin_next_item()

        self._body.clear()
        self._handle.setopt(pycurl.URL, self._batch.url + path)
        self._client.loop.start(self._handle, on_done)


class Client:
    """What the workers share."""

    def __init__(self, batch: Batch, recorder: Recorder) -> None:
        self.batch = batch
        self.recorder = recorder
        self.items = iter(range(batch.items))
        self.loop = EventLoop()

    def run(self) -> None:
        workers = [Worker(self) for _ in range(min(self.batch.workers, self.batch.items))]
        for worker in workers:
            worker.begin_next_item()
        self.loop.run()
        self.loop.close()
        for worker in workers:
            worker.close()


def run(batch: Batch, recorder: Recorder) -> None:
    Client(batch, recorder).run()
