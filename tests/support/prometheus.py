"""A real Prometheus for tests: found on the path, or taken from Debian's package without installing anything."""

import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.support.processes import free_port

_KEPT = Path(__file__).parents[2] / ".venv" / "prometheus"
_START_S = 30.0

Labels = dict[str, str]
Found = tuple[Labels, list[float]]
"""Labels and samples of a series."""


class PrometheusMissingError(Exception):
    """There is no Prometheus, and it could not be fetched."""


@dataclass(frozen=True)
class Tools:
    """The programs of a Prometheus release."""

    prometheus: Path
    promtool: Path

    def check(self, *arguments: str | Path, folder: Path) -> None:
        """Run promtool, which ends with 0; raises AssertionError with what it says otherwise."""
        done = subprocess.run(
            [self.promtool, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr


def tools() -> Tools:
    """Find Prometheus, or fetch it. Raises PrometheusMissingError."""
    found = {name: shutil.which(name) for name in ("prometheus", "promtool")}
    if found["prometheus"] and found["promtool"]:
        return Tools(Path(found["prometheus"]), Path(found["promtool"]))
    if not _KEPT.exists():
        _fetch()
    return Tools(_KEPT / "prometheus", _KEPT / "promtool")


def _fetch() -> None:
    """Unpack Debian's package into ``.venv``; it needs no right to install, and no list of packages but its own."""
    lacking = [name for name in ("apt-get", "dpkg-deb") if shutil.which(name) is None]
    if lacking or platform.system() != "Linux" or not _KEPT.parent.exists():
        raise PrometheusMissingError("no `prometheus` and `promtool` on the path; https://prometheus.io/download/")
    with tempfile.TemporaryDirectory(dir=_KEPT.parent) as name:
        folder = Path(name)
        for part in ("lists/partial", "archives/partial"):
            (folder / part).mkdir(parents=True)
        own = ("Dir::State::Lists=" + str(folder / "lists"), f"Dir::Cache={folder}", "APT::Sandbox::User=")
        options = [part for option in own for part in ("-o", option)]
        try:
            _run(["apt-get", "-qq", *options, "update"], folder)
            _run(["apt-get", "-qq", *options, "download", "prometheus"], folder)
            [package] = folder.glob("prometheus_*.deb")
            _run(["dpkg-deb", "--extract", str(package), "unpacked"], folder)
        except (subprocess.SubprocessError, ValueError) as error:
            told = f"Debian's package could not be had ({error})"
            raise PrometheusMissingError(f"{told}; install it, or https://prometheus.io/download/") from None
        unpacked = folder / "unpacked" / "usr" / "bin"
        with suppress(OSError):  # another process of this session was quicker
            unpacked.rename(_KEPT)


def _run(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C"}
    subprocess.run(command, cwd=folder, env=environment, check=True, timeout=120, capture_output=True)


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    url: str
    since: float
    """When it began to scrape; seconds since 1970."""

    def now(self, expression: str) -> list[Found]:
        """Evaluate an expression as of now. Raises AssertionError with what Prometheus says of a wrong one."""
        return [(one["metric"], [float(one["value"][1])]) for one in self._ask("query", query=expression)]

    def over_time(self, expression: str, step_s: float = 1.0) -> list[Found]:
        """Evaluate an expression for each step since the beginning, as a panel does."""
        asked = self._ask("query_range", query=expression, start=self.since, end=time.time(), step=step_s)
        return [(one["metric"], [float(value) for _, value in one["values"]]) for one in asked]

    def values(self, label: str, matching: str) -> set[str]:
        """Give the values of a label, as a variable of a dashboard does."""
        return set(self._get(f"label/{label}/values", {"match[]": matching}))

    def _ask(self, kind: str, **parameters: str | float) -> list[dict[str, Any]]:
        result: list[dict[str, Any]] = self._get(kind, parameters)["result"]
        return result

    def _get(self, path: str, parameters: Mapping[str, str | float]) -> Any:
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=30).json()
        assert answer["status"] == "success", (parameters, answer)
        return answer["data"]


@contextmanager
def running_prometheus(found: Tools, configuration: Mapping[str, Any], folder: Path) -> Iterator[Prometheus]:
    """Run a server with *configuration*, its data in *folder*."""
    file, log, port = folder / "prometheus.yml", folder / "prometheus.log", free_port()
    file.write_text(yaml.safe_dump(dict(configuration)), encoding="utf-8")
    options = {
        "--config.file": file,
        "--storage.tsdb.path": folder / "data",
        "--web.listen-address": f"127.0.0.1:{port}",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [found.prometheus, *(f"{name}={value}" for name, value in options.items())], stdout=output, stderr=output
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _await_ready(process, url, log)
        yield Prometheus(url, time.time())
    finally:
        process.terminate()
        process.wait()


def _await_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/-/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"Prometheus is not ready: {log.read_text()[-4000:]}")
