"""aiohttp on asyncio's event loop."""

from __future__ import annotations

import asyncio

import aiohttp

from asyncio_items import run_items
from recorder import Recorder
from tasks import (
    SEARCH_PATH,
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

VERSION = f"aiohttp {aiohttp.__version__}"


def _kind_of(error: aiohttp.ClientError | TimeoutError) -> str:
    if isinstance(error, TimeoutError):  # including aiohttp's timeouts
        return "deadline_exceeded"
    if is_out_of_resources(error):
        return "out_of_resources"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "connect_failed"
    if isinstance(error, (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)):
        return "connection_lost"
    return "bad_response"


async def scrape(session: aiohttp.ClientSession, batch: Batch, item: int) -> Result:
    async with session.get(batch.url + START_PATH) as start:
        check_status(start.status, "the start page")
        await start.read()  # so that the connection is reused
    check_session(cookie.key for cookie in session.cookie_jar)
    async with session.post(batch.url + SEARCH_PATH, data=search_form(item)) as page:
        check_status(page.status, "the search")
        return batch.read_page(item, await page.read())


async def get(session: aiohttp.ClientSession, batch: Batch, item: int) -> Result:
    async with session.get(batch.url + page_path(item)) as page:
        check_status(page.status, "the page")
        return batch.read_page(item, await page.read())


async def _run(batch: Batch, recorder: Recorder) -> None:
    fetch = scrape if batch.task == "scrape" else get
    connector = None
    if batch.keep_connections:
        connector = aiohttp.TCPConnector(limit=batch.workers, keepalive_timeout=TIMEOUT_S)

    async def fetch_item(item: int) -> Result:
        """Fetches in a new session. A session without the connector has a connection of its own."""
        try:
            async with aiohttp.ClientSession(
                connector=connector,
                connector_owner=connector is None,
                # Otherwise aiohttp ignores cookies of hosts that are IP addresses.
                cookie_jar=aiohttp.CookieJar(unsafe=True),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            ) as session:
                return await fetch(session, batch, item)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise FetchError(_kind_of(error), str(error)) from error

    try:
        await run_items(batch, recorder, fetch_item)
    finally:
        if connector is not None:
            await connector.close()


def run(batch: Batch, recorder: Recorder) -> None:
    asyncio.run(_run(batch, recorder))
