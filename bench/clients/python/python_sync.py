"""requests, one day after another."""

from blocking import scrape_day
from record import Record
from workload import Batch


def run(batch: Batch, record: Record) -> None:
    for day in range(batch.days):
        scrape_day(batch, day, record)
