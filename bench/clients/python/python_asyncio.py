"""aiohttp: a task a day, a semaphore that lets so many of them work at once."""

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
    if isinstance(error, asyncio.TimeoutError):  # aiohttp's timeouts are of this kind too
        return "deadline_exceeded"
    if isinstance(error, OSError) and error.errno in _OUT_OF_RESOURCES:
        return "out_of_resources"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "connect_failed"
    if isinstance(error, (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)):
        return "connection_lost"
    return "bad_response"


async def scrape(url: str, day: int) -> list[Fare]:
    """A new session, and so a new connection, for the day. Raises FetchError."""
    # aiohttp keeps no cookies of a host that is a number unless told to.
    cookies = aiohttp.CookieJar(unsafe=True)
    try:
        async with aiohttp.ClientSession(cookie_jar=cookies) as session:
            async with session.get(url + START_PATH) as start:
                check_status(start.status, "the start page")
                await start.read()  # or its connection could not be used again
            check_session([cookie.key for cookie in cookies])
            async with session.post(url + SEARCH_PATH, data=search_form(day)) as page:
                check_status(page.status, "the search")
                return parse_fares(await page.text())
    except (aiohttp.ClientError, asyncio.TimeoutError) as error:
        raise FetchError(_kind_of(error), str(error)) from error


async def _run(batch: Batch, record: Record) -> None:
    at_once = asyncio.Semaphore(batch.workers)

    async def scrape_day(day: int) -> None:
        async with at_once:
            record.begin(day)
            try:
                record.deliver(day, await scrape(batch.url, day))
            except FetchError as error:
                record.deliver(day, error)

    await asyncio.gather(*(scrape_day(day) for day in range(batch.days)))


def run(batch: Batch, record: Record) -> None:
    asyncio.run(_run(batch, record))
