"""Where traces go, by the settings of OpenTelemetry (``OTEL_*``).

They go nowhere unless an endpoint or an exporter is set. Exporting has a thread of its own and a queue that is bounded
(``OTEL_BSP_MAX_QUEUE_SIZE``): a collector that is away costs the spans that do not fit, and nothing else.
"""

import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import requests
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
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
"""Source of both: RFC 9110, sections 5.1 and 5.5."""
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
    exporters = {one.strip() for one in named.lower().split(",")}
    if unknown := sorted(exporters - _EXPORTERS):
        shown = _shown(unknown[0])
        raise ExportSettingsError(f"OTEL_TRACES_EXPORTER: {shown} is not known here; otlp, console or none")
    exporters.discard("none")
    if exporters:
        _check_sampler()
    if "otlp" in exporters:
        _check_otlp()
    return exporters


def _check_sampler() -> None:
    sampler = _set("OTEL_TRACES_SAMPLER").lower() or "parentbased_always_on"
    if sampler not in _SAMPLERS:
        known = ", ".join(sorted(_SAMPLERS))
        raise ExportSettingsError(f"OTEL_TRACES_SAMPLER: {_shown(sampler)} is not one of {known}")
    ratio = _set("OTEL_TRACES_SAMPLER_ARG")
    if sampler.endswith("traceidratio") and ratio:
        try:
            is_ratio = 0 <= float(ratio) <= 1
        except ValueError:
            is_ratio = False
        if not is_ratio:
            raise ExportSettingsError(f"OTEL_TRACES_SAMPLER_ARG: {_shown(ratio)} is not a share from 0 to 1")


def _check_otlp() -> None:
    for name, value in _of_otlp("PROTOCOL")[:1]:  # the first one counts
        if value.lower() != "http/protobuf":
            raise ExportSettingsError(
                f"{name}: {_shown(value)} is not spoken here; use http/protobuf, which collectors take on port 4318"
            )
    for name, value in _of_otlp("ENDPOINT"):
        if not _is_url(value):
            raise ExportSettingsError(f"{name}: it is no URL of http or https, such as http://collector:4318")
        if "@" in urlsplit(value).netloc or "?" in value or "#" in value:  # the exporter logs where it cannot send to
            raise ExportSettingsError(
                f"{name}: an address alone, without user, ? or #; what lets us in goes into OTEL_EXPORTER_OTLP_HEADERS"
            )
    for name, value in (*_of_otlp("CERTIFICATE"), *_of_otlp("CLIENT_CERTIFICATE"), *_of_otlp("CLIENT_KEY")):
        if not _is_file(value):
            shown = value if _may_be_shown(value) and not name.endswith("CLIENT_KEY") else "under what is set"
            raise ExportSettingsError(f"{name}: there is no file {shown}; it takes the path of one, in PEM")
    for name, value in _of_otlp("HEADERS"):
        _check_headers(name, value)


def _of_otlp(kind: str) -> list[tuple[str, str]]:
    """Give the variables of one kind that are set: that of traces, then that of all signals."""
    names = (f"OTEL_EXPORTER_OTLP_TRACES_{kind}", f"OTEL_EXPORTER_OTLP_{kind}")
    return [(name, value) for name in names if (value := _set(name))]


def _may_be_shown(text: str) -> bool:
    """Tell whether a value can be no content of a file, such as a key, that was pasted in the place of its path."""
    return "-----" not in text and text.isprintable()


def _shown(text: str) -> str:
    return repr(text) if _may_be_shown(text) else "what is set"


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except OSError:  # as when it is longer than a path may be
        return False


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return text.isprintable() and parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
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
    if not all(_HEADER_NAME.fullmatch(one) and _HEADER_VALUE.fullmatch(text) for one, text in parsed.items()):
        raise ExportSettingsError(f"{name}: a name or a value holds, decoded, what no header can, such as a newline")


def _provider(exporters: set[str]) -> TracerProvider:
    try:
        provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        for name in sorted(exporters):
            exporter = OTLPSpanExporter(session=_session()) if name == "otlp" else ConsoleSpanExporter()
            provider.add_span_processor(BatchSpanProcessor(exporter))
    except ValueError as error:  # of OTEL_BSP_* and OTEL_SPAN_*; it names the one or the other
        told = str(error) if _may_be_shown(str(error)) else "one of them is no number"
        raise ExportSettingsError(f"OTEL_BSP_* and OTEL_SPAN_*: {told}") from None
    return provider


def _session() -> requests.Session:
    """Give what the exporter calls with; as with all connections, proxies of the environment play no part."""
    session = requests.Session()
    session.trust_env = False
    return session


def _resource() -> Resource:
    """Say who we are, unless OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES do."""
    ours = {"service.name": "rorbridge", "service.version": __version__}
    return Resource.create({**ours, **OTELResourceDetector().detect().attributes})


def _propagator() -> TextMapPropagator:
    try:
        from opentelemetry.propagate import get_global_textmap  # noqa: PLC0415 - reading it reads OTEL_PROPAGATORS
    except ValueError as error:
        told = str(error) if _may_be_shown(str(error)) else "one of them is not known"
        raise ExportSettingsError(f"OTEL_PROPAGATORS: {told}") from None
    return get_global_textmap()
