"""A subscriber in Python: a durable consumer, explicit acknowledgement, and an effect that may be asked for twice.

    pip install -r requirements.txt
    NATS_URL=nats://localhost:4222 NATS_NKEY=crm.nk python subscriber.py crm

The effect and the id of the event that asked for it are one transaction: an event that comes again changes nothing.
"""

import asyncio
import json
import logging
import os
import signal
import sqlite3
import sys

import nats
from nats.js.errors import NotFoundError, ServiceUnavailableError

STREAM = "USER_EVENTS"
MAX_ATTEMPTS = 5
log = logging.getLogger("subscriber")


class Permanent(Exception):
    """No further attempt can cure it."""


def open_store(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    with database:
        database.execute("create table if not exists customer (user_id text primary key, email text not null)")
        database.execute("create table if not exists handled (event_id text primary key)")
    return database


def handle(database: sqlite3.Connection, msg) -> None:
    """Makes the effect; nothing for what is known already, and for types that we have nothing to do with."""
    headers = msg.headers or {}
    if headers.get("ce-type") != "user.email_verified.v1":
        return
    try:
        data = json.loads(msg.data)  # Unknown fields are ignored, as they must be.
        event_id, user_id, email = headers["ce-id"], data["userId"], data["email"]
    except (ValueError, KeyError, TypeError) as error:
        raise Permanent(f"no user.email_verified.v1: {error!r}") from error
    with database:  # Both or neither.
        row = database.execute("insert into handled values (?) on conflict do nothing", (event_id,))
        if row.rowcount == 1:
            database.execute(
                "insert into customer values (?, ?) on conflict (user_id) do update set email = excluded.email",
                (user_id, email),
            )
    log.info("handled %s new=%s", event_id, str(row.rowcount == 1).lower())


async def settle(js, durable: str, msg, failure: Exception | None) -> None:
    """Tells the server what becomes of the message: done, again later, or a dead letter."""
    delivered = msg.metadata.num_delivered
    if failure is None:
        await msg.ack_sync()  # Confirmed: an acknowledgement that is lost brings the message again.
    elif isinstance(failure, Permanent) or delivered >= MAX_ATTEMPTS:
        await bury(js, durable, msg, failure)
        await msg.term()
    else:
        log.warning("again later: %r", failure)
        await msg.nak(delay=2**delivered)


async def bury(js, durable: str, msg, why: Exception) -> None:
    """Puts the message where operators find it: npm run ops -- dead-letters list --durable crm."""
    original = msg.subject.removeprefix(f"user.retry.{durable}.")  # A replay came by another way.
    sequence = msg.metadata.sequence.stream
    headers = {
        name: value
        for name, value in (msg.headers or {}).items()
        if not name.startswith(("Nats-", "Postrider-Dead-"))
    } | {
        "Postrider-Dead-Reason": " ".join(str(why).split()),
        "Postrider-Dead-Stream": msg.metadata.stream,
        "Postrider-Dead-Consumer": durable,
        "Postrider-Dead-Sequence": str(sequence),
        "Postrider-Dead-Deliveries": str(msg.metadata.num_delivered),
        "Postrider-Dead-Subject": original,
        "Nats-Msg-Id": f"dlq:{msg.metadata.stream}:{durable}:{sequence}",  # Buried twice, it is stored once.
    }
    await js.publish(f"dead.{durable}.{original}", msg.data, headers=headers)


async def deliver(js, durable: str, database: sqlite3.Connection, msg) -> None:
    failure = None
    try:
        handle(database, msg)
    except Exception as error:
        failure = error
    try:
        await settle(js, durable, msg, failure)
    except Exception as error:
        log.warning("not settled, the server will deliver it again: %r", error)


async def main(durable: str) -> None:
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    nc = await nats.connect(
        os.environ["NATS_URL"],
        nkeys_seed=os.environ.get("NATS_NKEY"),  # The file with the seed of its key.
        name=durable,
        inbox_prefix=os.environ.get("NATS_INBOX_PREFIX", f"_INBOX_{durable}"),  # The user's permissions name it.
        max_reconnect_attempts=-1,
    )
    js = nc.jetstream()
    database = open_store(os.environ.get("STORE", "customers.sqlite"))
    # It was declared with the stack (infra/nats/consumers): we only pull from it.
    subscription = await js.pull_subscribe_bind(durable=durable, stream=STREAM)
    log.info("subscribed to %s as %s", STREAM, durable)
    while not stopping.is_set():
        try:
            messages = await subscription.fetch(batch=16, timeout=2)
        except asyncio.TimeoutError:  # Nothing came.
            continue
        except (NotFoundError, ServiceUnavailableError, nats.errors.Error) as error:
            log.warning("waiting for %s: %r", durable, error)
            await asyncio.sleep(1)
            continue
        for msg in messages:
            await deliver(js, durable, database, msg)
    await nc.flush()  # What came is settled by now.
    await nc.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("nats").setLevel(logging.WARNING)
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "crm"))
