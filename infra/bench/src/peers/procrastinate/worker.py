"""The consumer: `worker.py <database URL> <workers> <concurrency>`. Writes a line `<index> <nanoseconds>` at the beginning of each handler, of the
monotonic clock that Node's process.hrtime reads, too. Ends when its stdin closes, however its parent came to its end."""

import asyncio
import logging
import os
import sys
import threading
import time
from typing import Any

from procrastinate import App, PsycopgConnector
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool


def end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)  # Not gracefully: the measurement is over, and this cannot hang.


async def autocommit(connection: AsyncConnection) -> None:
    """One round trip for a statement instead of three."""
    await connection.set_autocommit(True)


def unchecked_pool(**args: Any) -> AsyncConnectionPool:
    """Saves another: no connection is asked whether it lives before it is used."""
    return AsyncConnectionPool(**{**args, "check": None})


logging.disable(logging.WARNING)
_, url, workers, concurrency = sys.argv
connections = int(workers) * 2
app = App(
    connector=PsycopgConnector(
        pool_factory=unchecked_pool,
        conninfo=url,
        configure=autocommit,
        min_size=connections,
        max_size=connections,
    )
)


@app.task(name="opened", queue="opened", retry=5)
async def opened(i: int, **_: str) -> None:
    os.write(1, b"%d %d\n" % (i, time.monotonic_ns()))


async def work() -> None:
    await app.run_worker_async(
        queues=["opened"],
        concurrency=int(concurrency),
        # A notification that comes while a fetch finds nothing is forgotten by the worker: so it asks again soon.
        fetch_job_polling_interval=0.5,
        delete_jobs="successful",
    )


async def main() -> None:
    async with app.open_async():
        # A worker takes one job after the other, each with a commit of its own: several share the disk's syncs.
        await asyncio.gather(*(work() for _ in range(int(workers))))


threading.Thread(target=end_with_parent, daemon=True).start()
asyncio.run(main())
