"""requests in a pool of greenlets, with sockets patched by gevent."""

from gevent import monkey

monkey.patch_all()  # before other modules import sockets and locks

import gevent  # noqa: E402
from gevent.pool import Pool  # noqa: E402

import requests_items  # noqa: E402
from recorder import Recorder  # noqa: E402
from tasks import Batch  # noqa: E402

VERSION = f"{requests_items.VERSION}, gevent {gevent.__version__}"


def run(batch: Batch, recorder: Recorder) -> None:
    with requests_items.Client(batch, recorder) as client:
        Pool(batch.workers).map(client.run_item, range(batch.items))
