"""requests in a pool of greenlets, with sockets patched by gevent."""

from gevent import monkey

monkey.patch_all()  # before other modules import sockets and locks

from gevent.pool import Pool  # noqa: E402

from blocking import scrape_day  # noqa: E402
from record import Record  # noqa: E402
from workload import Batch  # noqa: E402


def run(batch: Batch, record: Record) -> None:
    Pool(batch.workers).map(lambda day: scrape_day(batch, day, record), range(batch.days))
