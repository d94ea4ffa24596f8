"""Whether Kafka lets us do our work: topics, rights, transactions. What is written for that is aborted.

And whether the schema registry does, where one is set.
"""

from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from rorbridge.bus import topics
from rorbridge.bus.connection import connection, in_words
from rorbridge.bus.delivery import NoTransactionsError, committed, ensure_transactions
from rorbridge.bus.registry import RegistryError, ResultSchema, connected
from rorbridge.settings import LOCAL_HOSTS, KafkaSettings, SchemaRegistrySettings
from rorbridge.telemetry.finding import Finding, State

_POLL_MS = 1_000
_CHECKED = [("rorbridge-check", b"aborted")]


async def findings(settings: KafkaSettings, create_partitions: int | None = None) -> AsyncIterator[Finding]:
    """Take the steps one after the other; what stands on a step that failed is skipped.

    With *create_partitions* topics that are missing are created with so many.
    """
    rest = ("topics", "read rights", "write rights")
    consumer: AIOKafkaConsumer | None = None
    try:
        consumer = AIOKafkaConsumer(**connection(settings), enable_auto_commit=False, auto_offset_reset="latest")
        await consumer.start()
        there = await consumer.topics()
    except (KafkaError, OSError, ValueError) as error:
        mend = "check RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS, __SECURITY_PROTOCOL, the files and the credentials"
        told = "no connection" if isinstance(error, KafkaConnectionError) else in_words(error)  # its text has no cause
        yield Finding("kafka", State.FAILED, f"{settings.bootstrap_servers}: {told}", mend)
        for step in rest:
            yield Finding(step, State.SKIPPED, "no connection to Kafka")
        if consumer:
            await consumer.stop()
        return
    try:
        yield Finding("kafka", State.OK, f"connected to {settings.bootstrap_servers}")
        missing = [one for one in settings.topics if one not in there]
        on_topics = await _topics(settings, missing, create_partitions)
        yield on_topics
        if on_topics.state is State.FAILED:
            for step in rest[1:]:
                yield Finding(step, State.SKIPPED, "not all topics are there")
            return
        numbers = await topics.partitions(settings, settings.requests_topic)
        yield await _reading(settings, consumer, TopicPartition(settings.requests_topic, numbers[0]))
        yield await _writing(settings)
    finally:
        await consumer.stop()


async def registry_findings(settings: SchemaRegistrySettings, results_topic: str) -> AsyncIterator[Finding]:
    """Look for the schema of results, or whether it may be registered; registers nothing."""
    if settings.url is None:
        return
    step, subject = "schema registry", ResultSchema(settings, results_topic).subject
    try:
        async with connected(settings) as registry:
            found = await registry.find(subject, may_register=settings.auto_register)
            if found is None and not await registry.would_take(subject):
                raise registry.incompatible(subject)
    except RegistryError as error:
        yield Finding(step, State.FAILED, error.found, error.mend)
        return
    told = f"no schema under {subject} yet; the service registers it" if found is None else f"id {found}, {subject}"
    if settings.username and settings.url.scheme != "https" and settings.url.host not in LOCAL_HOSTS:
        mend = "use https: whoever listens can read the password"
        yield Finding(step, State.WARNING, f"{told}, over plain HTTP", mend)
        return
    yield Finding(step, State.OK, told)


async def _topics(settings: KafkaSettings, missing: list[str], create_partitions: int | None) -> Finding:
    """Look whether the topics are there, and create those that are *missing* if we are to."""
    step, names = "topics", ", ".join(missing)
    if missing and not create_partitions:
        mend = "create them (rorbridge check --create-topics 12 does, with 12 partitions), or grant Describe on them"
        return Finding(step, State.FAILED, f"not there or not to be seen: {names}", mend)
    if missing and create_partitions:
        try:
            await topics.create(settings, dict.fromkeys(missing, create_partitions))
        except (KafkaError, OSError) as error:
            mend = "grant Create on them, or create them with an account that may"
            return Finding(step, State.FAILED, f"{names} could not be created: {error!r}", mend)
    numbers = await topics.partitions(settings, settings.requests_topic)
    created = f"created {names}" if missing else "all three"
    return Finding(step, State.OK, f"{created}; {settings.requests_topic} has {len(numbers)} partitions")


async def _reading(settings: KafkaSettings, consumer: AIOKafkaConsumer, partition: TopicPartition) -> Finding:
    """Fetch from the end of a partition, outside of the group, and read the group's offset."""
    step = "read rights"
    try:
        consumer.assign([partition])
        await consumer.seek_to_end(partition)
        await consumer.getmany(timeout_ms=_POLL_MS)
        await committed(settings, partition)
    except TopicAuthorizationFailedError:
        return Finding(step, State.FAILED, f"no Read on topic {settings.requests_topic}", "grant it")
    except GroupAuthorizationFailedError:
        return Finding(step, State.FAILED, f"no Read on group {settings.group_id}", "grant it")
    except (KafkaError, OSError, TimeoutError) as error:
        return Finding(step, State.FAILED, f"{error!r}")
    return Finding(step, State.OK, f"topic {settings.requests_topic} and group {settings.group_id}")


async def _writing(settings: KafkaSettings) -> Finding:
    """Write to both topics within a transaction, and abort it: no read_committed reader sees it."""
    step = "write rights"
    if settings.delivery == "at-least-once":
        return Finding(step, State.SKIPPED, "at least once: nothing can be written without being seen")
    try:
        await ensure_transactions(settings)
        await _write_and_abort(settings)
    except NoTransactionsError as error:
        return Finding(step, State.FAILED, str(error))
    except TransactionalIdAuthorizationFailed:
        mend = f"grant Write on transactional ids that begin with {settings.group_id}."
        return Finding(step, State.FAILED, "no right on the transactional ids", mend)
    except TopicAuthorizationFailedError as error:
        return Finding(step, State.FAILED, f"no Write on topic: {error}", "grant it on results and dead letters")
    except (KafkaError, OSError, TimeoutError) as error:
        return Finding(step, State.FAILED, f"{error!r}")
    return Finding(step, State.OK, f"{settings.results_topic} and {settings.dead_letter_topic}, in a transaction")


async def _write_and_abort(settings: KafkaSettings) -> None:
    producer = AIOKafkaProducer(
        **connection(settings), transactional_id=f"{settings.group_id}.{settings.requests_topic}.preflight"
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        try:
            for topic in (settings.results_topic, settings.dead_letter_topic):
                await producer.send_and_wait(topic, b"", headers=_CHECKED)
        finally:
            await producer.abort_transaction()
    finally:
        await producer.stop()
