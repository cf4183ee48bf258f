"""requests in a ThreadPoolExecutor."""

from concurrent.futures import ThreadPoolExecutor

from recorder import Recorder
from requests_items import VERSION as VERSION
from requests_items import Client
from tasks import Batch


def run(batch: Batch, recorder: Recorder) -> None:
    with Client(batch, recorder) as client, ThreadPoolExecutor(max_workers=batch.workers) as pool:
        for _ in pool.map(client.run_item, range(batch.items)):
            pass  # raises the exceptions of run_item
