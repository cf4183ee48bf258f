"""requests, one item after another."""

from recorder import Recorder
from requests_items import VERSION as VERSION
from requests_items import Client
from tasks import Batch


def run(batch: Batch, recorder: Recorder) -> None:
    with Client(batch, recorder) as client:
        for item in range(batch.items):
            client.run_item(item)
