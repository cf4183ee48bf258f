"""requests in a ThreadPoolExecutor."""

from concurrent.futures import ThreadPoolExecutor

from blocking import scrape_day
from record import Record
from workload import Batch


def run(batch: Batch, record: Record) -> None:
    with ThreadPoolExecutor(max_workers=batch.workers) as pool:
        for _ in pool.map(lambda day: scrape_day(batch, day, record), range(batch.days)):
            pass  # raises the exceptions of scrape_day
