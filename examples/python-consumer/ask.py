"""Publish orientation requests on Kafka and print what comes of them, a line of JSON each.

    python ask.py --bootstrap-servers localhost:9092 request.json

Nothing of rorbridge is needed: the types in orientation_result.py come from its published JSON Schema.
"""

import argparse
import json
import signal
import sys
import time
from functools import partial
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from pydantic import ValidationError

from events import RESULT_TYPE, attributes, request_headers
from ledger import Ledger
from orientation_result import OrientationResult
from summary import summary


def main() -> int:
    """Run the command. Gives 0 when every request has its result, else 1."""
    options = arguments()
    try:
        return ask(options)
    except OSError as error:
        print(f"cannot read {error.filename or 'the request'}: {error.strerror}", file=sys.stderr)
    except KafkaException as error:
        print(f"Kafka: {error.args[0].str()}", file=sys.stderr)
    return 1


def ask(options: argparse.Namespace) -> int:
    """Publish the requests, then listen until all have their results or it is told to stop."""
    stopped: list[int] = []
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda number, _: stopped.append(number))

    ledger = Ledger(options.database)
    for file in options.files:
        ledger.add(file.name, file.read_bytes())

    connection = {
        "bootstrap.servers": options.bootstrap_servers,
        "reconnect.backoff.ms": 1000,  # from then on longer: librdkafka tells each attempt
        **dict(options.settings),
    }
    receiving = {
        "group.id": options.group,
        "isolation.level": "read_committed",  # results are written in transactions: what was aborted is not there
        "enable.auto.commit": False,  # committed in listen, after the work
        "auto.offset.reset": "earliest",  # a new group misses nothing; what is not ours is passed over
    }
    sending = {"enable.idempotence": True, "message.timeout.ms": int(options.timeout * 1000)}
    consumer = Consumer(connection | receiving)
    try:
        consumer.subscribe([options.results_topic])
        publish(ledger, Producer(connection | sending), options.requests_topic)
        deadline = time.monotonic() + options.timeout
        while not stopped and (options.follow or (ledger.unanswered() and time.monotonic() < deadline)):
            listen(ledger, consumer)
    finally:
        consumer.close()
    for request in ledger.unanswered():
        print(f"no result yet for {request.name} ({request.id})", file=sys.stderr)
    return 1 if ledger.unanswered() else 0


def publish(ledger: Ledger, producer: Producer, topic: str) -> None:
    """Publish what the ledger has as unsent, and note what Kafka confirms. Raises KafkaException."""
    failures: list[KafkaError] = []

    def confirm(request_id: str, error: KafkaError | None, _: Message) -> None:
        if error is None:
            ledger.mark_sent(request_id)
        else:
            failures.append(error)

    for request in ledger.unsent():
        producer.produce(
            topic,
            key=request.id,  # requests of one key are answered in their order; no key is needed
            value=request.data,
            headers=request_headers(request.id),
            on_delivery=partial(confirm, request.id),
        )
    producer.flush()  # until all are confirmed or have failed, at message.timeout.ms
    if failures:
        raise KafkaException(failures[0])


def listen(ledger: Ledger, consumer: Consumer) -> None:
    """Take what has come, do the work, then commit. Raises KafkaException."""
    messages = consumer.consume(num_messages=100, timeout=0.5)
    for message in messages:
        if message.error():
            raise KafkaException(message.error())
        handle(ledger, message)
    if messages:
        try:
            consumer.commit(asynchronous=False)
        except KafkaException as error:
            # Our partitions went to another member, or the broker is away. The records come again to whoever has the
            # partitions then, and the ledger knows them.
            print(f"not committed: {error.args[0].str()}", file=sys.stderr)


def handle(ledger: Ledger, message: Message) -> None:
    """Work on one record of the results topic: pass over, drop, or keep and tell."""
    event = attributes(dict(message.headers() or ()))
    request = ledger.find(event.get("correlationid"))
    if event.get("type") != RESULT_TYPE or "id" not in event or request is None:
        return  # of another kind, or the answer to somebody else
    data = message.value() or b""
    try:
        result = OrientationResult.model_validate_json(data)  # passes over fields that it does not know
    except ValidationError as error:
        # It would be no better the next time: say where it is, and do not let it block the others.
        place = f"{message.topic()}/{message.partition()}/{message.offset()}"
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        print(f"cannot read {place}: {wrong}", file=sys.stderr)
        return
    with ledger.db:
        is_new = ledger.keep(event["id"], request.id, result.status, data)
        # Your own work with a new result goes here, into the same transaction.
    if is_new:
        print(json.dumps(summary(request.name, result), ensure_ascii=False), flush=True)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Ask for orientation over Kafka and print the answers.")
    parser.add_argument("files", nargs="*", type=Path, help="requests, a JSON file each")
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--requests-topic", default="ror.orientation.requests")
    parser.add_argument("--results-topic", default="ror.orientation.results")
    parser.add_argument("--group", default="example-python-consumer", help="consumer group")
    parser.add_argument("--database", type=Path, default=Path("ledger.sqlite"), help="what was asked and answered")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds to wait for the results")
    parser.add_argument("--follow", action="store_true", help="go on until interrupted")
    parser.add_argument(
        "-X",
        dest="settings",
        action="append",
        default=[],
        type=setting,
        metavar="NAME=VALUE",
        help="setting of the Kafka client, such as for TLS",
    )
    return parser.parse_args()


def setting(text: str) -> tuple[str, str]:
    """Split a setting into name and value."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text} is not of the form NAME=VALUE")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
