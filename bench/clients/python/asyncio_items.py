"""Items as tasks on asyncio's event loop, for the strategies asyncio and httpx."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from recorder import Recorder
from tasks import Batch, FetchError, Result


async def run_items(batch: Batch, recorder: Recorder, fetch: Callable[[int], Awaitable[Result]]) -> None:
    """Runs one task per item; a semaphore admits as many at a time as there are workers."""
    semaphore = asyncio.Semaphore(batch.workers)

    async def run_item(item: int) -> None:
        async with semaphore:
            recorder.begin(item)
            try:
                recorder.finish(item, await fetch(item))
            except FetchError as error:
                recorder.finish(item, error)

    await asyncio.gather(*(run_item(item) for item in range(batch.items)))
