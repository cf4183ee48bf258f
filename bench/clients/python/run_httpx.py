"""httpx on asyncio's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import http.cookiejar

import httpx

from asyncio_items import run_items
from recorder import Recorder
from tasks import (
    SEARCH_PATH,
    SESSION_COOKIE,
    START_PATH,
    TIMEOUT_S,
    Batch,
    FetchError,
    Result,
    check_session,
    check_status,
    is_out_of_resources,
    page_path,
    search_form,
)

VERSION = f"httpx {httpx.__version__}"

# Loading the certificates takes far longer than an item.
_SSL_CONTEXT = httpx.create_ssl_context()


def _kind_of(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return "connect_timeout"
    if isinstance(error, httpx.TimeoutException):
        return "deadline_exceeded"
    if is_out_of_resources(error):
        return "out_of_resources"
    if isinstance(error, httpx.ConnectError):
        return "connect_failed"
    # A connection that ends early is a RemoteProtocolError, as is an invalid response.
    if isinstance(error, httpx.NetworkError) or "disconnected" in str(error) or "closed" in str(error):
        return "connection_lost"
    return "bad_response"


async def scrape(client: httpx.AsyncClient, batch: Batch, item: int) -> Result:
    start = await client.get(batch.url + START_PATH)
    check_status(start.status_code, "the start page")
    check_session(start.cookies)
    # Not the client's cookies, which all items that share the client would send.
    cookie = f"{SESSION_COOKIE}={start.cookies[SESSION_COOKIE]}"
    page = await client.post(batch.url + SEARCH_PATH, data=search_form(item), headers={"Cookie": cookie})
    check_status(page.status_code, "the search")
    return batch.read_page(item, page.content)


async def get(client: httpx.AsyncClient, batch: Batch, item: int) -> Result:
    page = await client.get(batch.url + page_path(item))
    check_status(page.status_code, "the page")
    return batch.read_page(item, page.content)


async def _run(batch: Batch, recorder: Recorder) -> None:
    fetch = scrape if batch.task == "scrape" else get
    no_cookies = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    limits = httpx.Limits(
        max_connections=batch.workers, max_keepalive_connections=batch.workers, keepalive_expiry=TIMEOUT_S
    )

    def new_client() -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=_SSL_CONTEXT, cookies=no_cookies, limits=limits, timeout=TIMEOUT_S)

    async with contextlib.AsyncExitStack() as stack:
        shared = await stack.enter_async_context(new_client()) if batch.keep_connections else None

        async def fetch_item(item: int) -> Result:
            try:
                if shared is not None:
                    return await fetch(shared, batch, item)
                async with new_client() as client:
                    return await fetch(client, batch, item)
            except httpx.HTTPError as error:
                raise FetchError(_kind_of(error), str(error)) from error

        await run_items(batch, recorder, fetch_item)


def run(batch: Batch, recorder: Recorder) -> None:
    asyncio.run(_run(batch, recorder))
