"""Reads the results as they come."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from tests.support.kafka import Broker, Topics

PATIENCE_S = 300.0
"""How long a run may go without what it waits for."""


class Results:
    """Reads the results as they are committed, and when each came.

    With librdkafka, in a thread of its own: a reader in Python is slower than what it measures, and takes its core.
    """

    def __init__(self, broker: Broker, topics: Topics, log: Path) -> None:
        self.at: dict[str, float] = {}
        self.last = b""
        self.bytes = 0
        self._topics = topics
        self._log = log
        self._failure = ""
        self._done = False
        self._consumer = Consumer(
            {
                "bootstrap.servers": broker.bootstrap_servers,
                "group.id": f"{topics.group}-bench",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 50,
            }
        )
        self._thread = threading.Thread(target=self._read, name="results", daemon=True)

    def __enter__(self) -> "Results":
        there = self._consumer.list_topics().topics
        self._consumer.assign(
            [
                TopicPartition(topic, partition, OFFSET_BEGINNING)
                for topic in (self._topics.results, self._topics.dead_letters)
                for partition in there[topic].partitions
            ]
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done = True
        self._thread.join()
        self._consumer.close()

    def _read(self) -> None:
        while not self._done:
            record = self._consumer.poll(0.05)
            if record is None:
                continue
            if error := record.error():
                self._failure = f"the results cannot be read: {error}"
                return
            if record.topic() == self._topics.dead_letters:
                self._failure = f"a dead letter; see {self._log}"
                return
            self.last = record.value() or b""
            self.bytes += len(self.last)
            self.at.setdefault(_correlation(record.headers()), time.time())

    async def until(self, count: int) -> None:
        """Wait until there are so many results. Raises AssertionError at a dead letter."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.at) < count:
                assert not self._failure, self._failure
                await asyncio.sleep(0.01)


def _correlation(headers: Any) -> str:
    return next((value.decode() for name, value in headers or () if name == "ce_correlationid"), "?")
