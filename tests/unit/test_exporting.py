"""Where traces go is set by OTEL_*; what cannot be followed stops the start, a collector that is away stops nothing."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from opentelemetry.trace import SpanKind
from structlog.testing import capture_logs

from rorbridge.lookalike.server import ServerAddress
from rorbridge.telemetry import exporting as exporting_module
from rorbridge.telemetry.exporting import ExportSettingsError, exporting
from rorbridge.telemetry.traces import tracing
from tests.support.collector import collector
from tests.support.processes import environment, free_port
from tests.support.ror import ror_environment

SECRET = "Bearer the secret"
PEM = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----"
ONE_LINE = f"-----BEGIN PRIVATE KEY-----{SECRET}-----END PRIVATE KEY-----"
NO_HEADER = "a name or a value holds, decoded, what no header can"
NO_CREDENTIALS = "an address alone, without user, ? or #"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)


def put(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"OTEL_{name}", value)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"TRACES_EXPORTER": "none"},
        {"TRACES_EXPORTER": "", "EXPORTER_OTLP_ENDPOINT": ""},
        {"EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "SDK_DISABLED": "true"},
        {"EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "TRACES_EXPORTER": "none"},
        {"SERVICE_NAME": "ours", "TRACES_SAMPLER": "always_on"},
    ],
)
def test_nothing_is_traced_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    put(monkeypatch, **variables)
    with exporting():
        assert tracing.tracer is None


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER: 'zipkin' is not known here; otlp, console or none"),
        ({"EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT: it is no URL"),
        ({"EXPORTER_OTLP_TRACES_ENDPOINT": "http://[::1"}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: it is no URL"),
        ({"EXPORTER_OTLP_ENDPOINT": f"http://h:1/\n{SECRET}"}, "OTEL_EXPORTER_OTLP_ENDPOINT: it is no URL"),
        ({"EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' is not spoken here"),
        ({"TRACES_SAMPLER": "sometimes"}, "OTEL_TRACES_SAMPLER: 'sometimes' is not one of always_off"),
        ({"TRACES_SAMPLER": "traceidratio", "TRACES_SAMPLER_ARG": "10"}, "OTEL_TRACES_SAMPLER_ARG: '10'"),
        ({"TRACES_SAMPLER": "traceidratio", "TRACES_SAMPLER_ARG": "a"}, "OTEL_TRACES_SAMPLER_ARG: 'a'"),
        ({"EXPORTER_OTLP_CERTIFICATE": "/nowhere"}, "OTEL_EXPORTER_OTLP_CERTIFICATE: there is no file /nowhere"),
        ({"BSP_MAX_QUEUE_SIZE": "-1"}, "OTEL_BSP_* and OTEL_SPAN_*: max_queue_size must be a positive integer"),
        ({"SPAN_EVENT_COUNT_LIMIT": "a"}, "OTEL_BSP_* and OTEL_SPAN_*: OTEL_SPAN_EVENT_COUNT_LIMIT must be"),
        ({"EXPORTER_OTLP_HEADERS": SECRET}, "OTEL_EXPORTER_OTLP_HEADERS: it is no list"),
        ({"EXPORTER_OTLP_TRACES_HEADERS": f"a=1,{SECRET}"}, "OTEL_EXPORTER_OTLP_TRACES_HEADERS: it is no list"),
        ({"EXPORTER_OTLP_HEADERS": "a=Bearer%20the%20secret%0A1"}, f"OTEL_EXPORTER_OTLP_HEADERS: {NO_HEADER}"),
        (
            {"EXPORTER_OTLP_TRACES_HEADERS": f"a={quote(SECRET)}%0D%0Ab"},
            f"OTEL_EXPORTER_OTLP_TRACES_HEADERS: {NO_HEADER}",
        ),
        ({"EXPORTER_OTLP_HEADERS": "a%0Ab=Bearer%20the%20secret"}, f"OTEL_EXPORTER_OTLP_HEADERS: {NO_HEADER}"),
        ({"EXPORTER_OTLP_HEADERS": f"a={quote(SECRET)}%E2%82%AC"}, f"OTEL_EXPORTER_OTLP_HEADERS: {NO_HEADER}"),
        ({"EXPORTER_OTLP_ENDPOINT": f"http://us:{SECRET}@h:1"}, f"OTEL_EXPORTER_OTLP_ENDPOINT: {NO_CREDENTIALS}"),
        ({"EXPORTER_OTLP_ENDPOINT": f"http://{SECRET}@h:1"}, f"OTEL_EXPORTER_OTLP_ENDPOINT: {NO_CREDENTIALS}"),
        (
            {"EXPORTER_OTLP_TRACES_ENDPOINT": f"http://h/v1/traces?key={SECRET}"},
            f"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {NO_CREDENTIALS}",
        ),
        *(
            ({f"EXPORTER_OTLP_{kind}": value}, f"OTEL_EXPORTER_OTLP_{kind}: there is no file under what is set")
            for kind in ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY")
            for value in (PEM, PEM * 100, ONE_LINE)
        ),
        ({"EXPORTER_OTLP_CLIENT_KEY": SECRET}, "OTEL_EXPORTER_OTLP_CLIENT_KEY: there is no file under what is set"),
        ({"TRACES_EXPORTER": ONE_LINE}, "OTEL_TRACES_EXPORTER: what is set is not known here"),
        ({"TRACES_SAMPLER": ONE_LINE}, "OTEL_TRACES_SAMPLER: what is set is not one of"),
        ({"TRACES_SAMPLER": "traceidratio", "TRACES_SAMPLER_ARG": PEM}, "OTEL_TRACES_SAMPLER_ARG: what is set is not"),
        ({"EXPORTER_OTLP_PROTOCOL": PEM}, "OTEL_EXPORTER_OTLP_PROTOCOL: what is set is not spoken here"),
        ({"SPAN_EVENT_COUNT_LIMIT": PEM}, "OTEL_BSP_* and OTEL_SPAN_*: one of them is no number"),
    ],
)
def test_a_wrong_value_stops_the_start_with_a_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, variables: dict[str, str], says: str
) -> None:
    put(monkeypatch, **{"EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", **variables})
    with pytest.raises(ExportSettingsError) as raised, exporting():
        pass
    assert str(raised.value).startswith(says)
    assert "\n" not in str(raised.value)
    told = f"{raised.value}{caplog.text}".lower()
    assert not any(one in told for one in (SECRET.lower(), quote(SECRET).lower()))


def test_case_is_of_no_matter_in_an_exporter_or_a_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, TRACES_EXPORTER="OTLP", EXPORTER_OTLP_PROTOCOL="HTTP/Protobuf")
    put(monkeypatch, EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")
    with exporting():
        assert tracing.tracer is not None
    put(monkeypatch, TRACES_EXPORTER="None")
    with exporting():
        assert tracing.tracer is None


def test_the_command_ends_with_that_line(tmp_path: Path) -> None:
    settings = {
        "RORBRIDGE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
        **ror_environment(ServerAddress("http://127.0.0.1:1", "http://127.0.0.1:1")),
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
        "OTEL_PROPAGATORS": "pigeon",  # read once a process, when the library is
    }
    ended = subprocess.run(
        [sys.executable, "-m", "rorbridge", "run"],
        env=environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 64
    assert ended.stderr.splitlines() == [
        "rorbridge: OTEL_PROPAGATORS: Propagator pigeon not found. It is either misspelled or not installed."
    ]


def record(count: int) -> None:
    assert tracing.tracer is not None
    for number in range(count):
        tracing.tracer.start_span(f"span {number}", kind=SpanKind.INTERNAL).end()


async def test_what_is_left_is_sent_at_the_end_under_the_names_that_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    async with collector() as traces:
        put(
            monkeypatch,
            EXPORTER_OTLP_ENDPOINT=traces.endpoint,
            EXPORTER_OTLP_HEADERS="authorization=Bearer%20x",
            SERVICE_NAME="orientation",
            RESOURCE_ATTRIBUTES="deployment.environment.name=test,service.name=loses",
        )
        monkeypatch.setattr(exporting_module, "_FLUSH_S", 30.0)

        def run() -> None:
            with exporting():
                record(3)

        await asyncio.to_thread(run)
    assert [one.name for one in traces.spans] == ["span 0", "span 1", "span 2"]
    assert traces.headers[0]["authorization"] == "Bearer x"
    assert traces.resource["service.name"] == "orientation"
    assert traces.resource["deployment.environment.name"] == "test"
    assert set(traces.resource) == {
        "service.name",
        "service.version",
        "service.instance.id",
        "deployment.environment.name",
        "telemetry.sdk.language",
        "telemetry.sdk.name",
        "telemetry.sdk.version",
    }, "nothing of the machine or the command line"


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    async with collector() as traces:
        put(monkeypatch, EXPORTER_OTLP_ENDPOINT=traces.endpoint)
        await asyncio.to_thread(export, 3)
    assert len(traces.spans) == 3


def export(count: int) -> None:
    with exporting():
        record(count)


def test_a_collector_that_is_away_costs_spans_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    put(monkeypatch, EXPORTER_OTLP_ENDPOINT=away, EXPORTER_OTLP_TIMEOUT="2", BSP_MAX_QUEUE_SIZE="512")
    monkeypatch.setattr(exporting_module, "_FLUSH_S", 0.5)
    with capture_logs() as told:
        with exporting():
            record(5_000)
            ending = time.monotonic()
        assert time.monotonic() - ending < 5, "it would go on trying for 30 seconds"
    assert [one["event"] for one in told] == ["traces-on", "traces-lost"]
    assert sum("Queue full" in one.getMessage() for one in caplog.records) <= 2, "told once, not for each span"
