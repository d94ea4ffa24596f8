"""Options and ways that several commands share."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from rorbridge.cli.exits import Exit
from rorbridge.cli.output import fail

if TYPE_CHECKING:
    from pydantic import BaseModel

    from rorbridge.settings import KafkaSettings

Model = TypeVar("Model", bound="BaseModel")

_AGO = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


BEGINNING = datetime.fromtimestamp(0, UTC)
"""A time before all records."""


def moment(text: str) -> datetime:
    """Read a time, or an age such as ``30m``, as a time with its zone; without one it is the local one.

    What is earlier than Kafka can tell is the beginning.
    """
    try:
        if ago := _AGO.fullmatch(text):
            return max(BEGINNING, datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
        time = datetime.fromisoformat(text)
        if time.year < BEGINNING.year:
            return BEGINNING
        return max(BEGINNING, time if time.tzinfo else time.astimezone())
    except OverflowError:
        return BEGINNING
    except ValueError:
        raise typer.BadParameter(
            f"{text} is neither a time such as 2026-11-24T08:00Z nor an age such as 30m, 2h, 7d"
        ) from None


Config = Annotated[
    Path | None,
    typer.Option("--config", help="TOML file with the settings; the environment wins over it.", show_default=False),
]
Since = Annotated[
    datetime | None,
    typer.Option("--since", parser=moment, metavar="TIME", help="From then on: 2026-11-24T08:00Z, or 30m, 2h, 7d ago."),
]


def settings(model: type[Model], config: Path | None) -> Model:
    """Read the settings, or end the command with one line that says what is wrong with them."""
    from rorbridge.settings import SettingsError, load

    try:
        return load(model, config)
    except SettingsError as error:
        fail(str(error), Exit.USAGE)


def kafka_settings(config: Path | None) -> "KafkaSettings":
    """Read what a client of Kafka needs; the libraries keep quiet, since the command says what goes wrong."""
    from rorbridge.settings import ClientSettings
    from rorbridge.telemetry import logs

    logs.configure("console", "CRITICAL")
    return settings(ClientSettings, config).kafka


@contextmanager
def reaching(kafka: "KafkaSettings") -> Iterator[None]:
    """End the command with one line when Kafka cannot be reached or refuses what the block asks of it."""
    from aiokafka.errors import (
        KafkaConnectionError,
        KafkaError,
        MessageSizeTooLargeError,
        UnknownTopicOrPartitionError,
    )

    from rorbridge.bus.connection import in_words

    try:
        yield
    except UnknownTopicOrPartitionError as error:
        names = ", ".join(map(str, error.args))
        fail(f"Kafka at {kafka.bootstrap_servers} has no topic {names}, or we may not see it", Exit.UNAVAILABLE)
    except KafkaConnectionError:
        fail(f"Kafka at {kafka.bootstrap_servers} cannot be reached; `rorbridge check` tells more", Exit.UNAVAILABLE)
    except MessageSizeTooLargeError:
        fail("this is larger than a record may be, which is 1 MiB unless Kafka is set otherwise", Exit.UNAVAILABLE)
    except (KafkaError, OSError) as error:
        fail(f"Kafka at {kafka.bootstrap_servers}: {in_words(error)}", Exit.UNAVAILABLE)
