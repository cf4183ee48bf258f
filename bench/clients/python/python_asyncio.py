"""aiohttp: one task per day, and a semaphore that limits the tasks at work."""

from __future__ import annotations

import asyncio
import errno

import aiohttp

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

_OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)


def _kind_of(error: aiohttp.ClientError | asyncio.TimeoutError) -> str:
    if isinstance(error, asyncio.TimeoutError):  # including aiohttp's timeouts
        return "deadline_exceeded"
    if isinstance(error, OSError) and error.errno in _OUT_OF_RESOURCES:
        return "out_of_resources"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "connect_failed"
    if isinstance(error, (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)):
        return "connection_lost"
    return "bad_response"


async def scrape(url: str, day: int) -> list[Fare]:
    """Scrapes a day in a new session, which has a new connection. Raises FetchError."""
    # Otherwise aiohttp ignores cookies of hosts that are IP addresses.
    cookies = aiohttp.CookieJar(unsafe=True)
    try:
        async with aiohttp.ClientSession(cookie_jar=cookies) as session:
            async with session.get(url + START_PATH) as start:
                check_status(start.status, "the start page")
                await start.read()  # so that the connection is reused
            check_session([cookie.key for cookie in cookies])
            async with session.post(url + SEARCH_PATH, data=search_form(day)) as page:
                check_status(page.status, "the search")
                return parse_fares(await page.text())
    except (aiohttp.ClientError, asyncio.TimeoutError) as error:
        raise FetchError(_kind_of(error), str(error)) from error


async def _run(batch: Batch, record: Record) -> None:
    semaphore = asyncio.Semaphore(batch.workers)

    async def scrape_day(day: int) -> None:
        async with semaphore:
            record.begin(day)
            try:
                record.deliver(day, await scrape(batch.url, day))
            except FetchError as error:
                record.deliver(day, error)

    await asyncio.gather(*(scrape_day(day) for day in range(batch.days)))


def run(batch: Batch, record: Record) -> None:
    asyncio.run(_run(batch, record))
