"""Where traces go, by the settings of OpenTelemetry (``OTEL_*``).

They go nowhere unless an endpoint or an exporter is set. Exporting has a thread of its own and a queue that is bounded
(``OTEL_BSP_MAX_QUEUE_SIZE``): a collector that is away costs the spans that do not fit, and nothing else.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from opentelemetry.util.re import parse_env_headers
from structlog.stdlib import get_logger

from rorbridge import __version__
from rorbridge.telemetry.traces import tracing

log = get_logger(__name__)

_EXPORTERS: Final = {"otlp", "console", "none"}
_SAMPLERS: Final = {
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
}
_FLUSH_S: Final = 5.0
"""How long the end of the service may take to send what is left."""


class ExportSettingsError(ValueError):
    """A variable of OpenTelemetry that cannot be followed; the text is one line that names it."""


@contextmanager
def exporting() -> Iterator[None]:
    """Record and export traces inside, where the environment asks for it. Raises ExportSettingsError.

    At the end what is left is sent, for up to _FLUSH_S seconds.
    """
    exporters = _checked()
    if not exporters:
        yield
        return
    # Baggage goes on only where it is asked for: who reads the results may not be meant to see it.
    if _set("OTEL_PROPAGATORS"):
        tracing.propagator = _propagator()
    provider = _provider(exporters)
    tracing.tracer = provider.get_tracer("rorbridge", __version__)
    log.info("traces-on", exporters=sorted(exporters), collector=urlsplit(_endpoint() or "").hostname)
    try:
        yield
    finally:
        tracing.tracer = None
        # Of its own: the processor would wait for 30 seconds, and what is still under way must not hold up the end.
        flushing = threading.Thread(target=provider.shutdown, name="flush traces", daemon=True)
        flushing.start()
        flushing.join(_FLUSH_S)
        if flushing.is_alive():
            log.warning("traces-lost", why=f"they could not be sent within {_FLUSH_S:g} s")


def _set(name: str) -> str:
    """Give a variable; one that is empty counts as not set, as OpenTelemetry has it."""
    return os.environ.get(name, "").strip()


def _endpoint() -> str | None:
    return next((value for _, value in _of_otlp("ENDPOINT")), None)


def _checked() -> set[str]:
    """Give the exporters that are asked for. Raises ExportSettingsError."""
    if _set("OTEL_SDK_DISABLED").lower() == "true":
        return set()
    named = _set("OTEL_TRACES_EXPORTER") or ("otlp" if _endpoint() else "none")
    exporters = {one.strip() for one in named.split(",")}
    if unknown := sorted(exporters - _EXPORTERS):
        raise ExportSettingsError(f"OTEL_TRACES_EXPORTER: {unknown[0]!r} is not known here; otlp, console or none")
    exporters.discard("none")
    if exporters:
        _check_sampler()
    if "otlp" in exporters:
        _check_otlp()
    return exporters


def _check_sampler() -> None:
    sampler = _set("OTEL_TRACES_SAMPLER").lower() or "parentbased_always_on"
    if sampler not in _SAMPLERS:
        raise ExportSettingsError(f"OTEL_TRACES_SAMPLER: {sampler!r} is not one of {', '.join(sorted(_SAMPLERS))}")
    ratio = _set("OTEL_TRACES_SAMPLER_ARG")
    if sampler.endswith("traceidratio") and ratio:
        try:
            is_ratio = 0 <= float(ratio) <= 1
        except ValueError:
            is_ratio = False
        if not is_ratio:
            raise ExportSettingsError(f"OTEL_TRACES_SAMPLER_ARG: {ratio!r} is not a share from 0 to 1")


def _check_otlp() -> None:
    for name, value in _of_otlp("PROTOCOL")[:1]:  # the first one counts
        if value != "http/protobuf":
            raise ExportSettingsError(
                f"{name}: {value!r} is not spoken here; use http/protobuf, which collectors take on port 4318"
            )
    for name, value in _of_otlp("ENDPOINT"):
        if not _is_url(value):
            raise ExportSettingsError(f"{name}: it is no URL of http or https, such as http://collector:4318")
    for name, value in (*_of_otlp("CERTIFICATE"), *_of_otlp("CLIENT_CERTIFICATE"), *_of_otlp("CLIENT_KEY")):
        if not Path(value).is_file():
            raise ExportSettingsError(f"{name}: there is no file {value}")
    for name, value in _of_otlp("HEADERS"):
        _check_headers(name, value)


def _of_otlp(kind: str) -> list[tuple[str, str]]:
    """Give the variables of one kind that are set: that of traces, then that of all signals."""
    names = (f"OTEL_EXPORTER_OTLP_TRACES_{kind}", f"OTEL_EXPORTER_OTLP_{kind}")
    return [(name, value) for name in names if (value := _set(name))]


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _check_headers(name: str, value: str) -> None:
    """Refuse what the library would write into the log to complain about it: the values are secrets."""
    complaints = logging.getLogger(parse_env_headers.__module__)
    complaints.disabled = True
    try:
        parsed = parse_env_headers(value, liberal=True)
    finally:
        complaints.disabled = False
    if len(parsed) < len({one.partition("=")[0].strip().lower() for one in value.split(",") if one.strip()}):
        raise ExportSettingsError(f"{name}: it is no list of name=value, separated by commas, values URL-encoded")


def _provider(exporters: set[str]) -> TracerProvider:
    try:
        provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        for name in sorted(exporters):
            exporter = OTLPSpanExporter() if name == "otlp" else ConsoleSpanExporter()
            provider.add_span_processor(BatchSpanProcessor(exporter))
    except ValueError as error:  # of OTEL_BSP_* and OTEL_SPAN_*; it names the one or the other
        raise ExportSettingsError(f"OTEL_BSP_* and OTEL_SPAN_*: {error}") from None
    return provider


def _resource() -> Resource:
    """Say who we are, unless OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES do."""
    ours = {"service.name": "rorbridge", "service.version": __version__}
    return Resource.create({**ours, **OTELResourceDetector().detect().attributes})


def _propagator() -> TextMapPropagator:
    try:
        from opentelemetry.propagate import get_global_textmap  # noqa: PLC0415 - reading it reads OTEL_PROPAGATORS
    except ValueError as error:
        raise ExportSettingsError(f"OTEL_PROPAGATORS: {error}") from None
    return get_global_textmap()
