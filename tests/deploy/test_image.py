"""The container image: built from its Dockerfile, and run as a hardened container runs it."""

import importlib.util
import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from rorbridge import __version__
from rorbridge.events.result import Status, decode
from tests.deploy.image import Image, built, context
from tests.deploy.tools import CHECKOUT, told, tool
from tests.support.kafka import Broker, Topics, publish, read
from tests.support.processes import Service, free_port, running_lookalike
from tests.support.requests import ANSWERED, Sent

DISTROLESS_MB = 60
"""Size of gcr.io/distroless/python3-debian13, unpacked, in millions of bytes: what its Debian packages hold."""
BUDGET_MB = 200


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    with built() as found:
        yield found


def test_hadolint_finds_nothing() -> None:
    code, said = told([tool("hadolint"), "deploy/Dockerfile"])
    assert (code, said) == (0, "")


def test_hadolint_would_find_something() -> None:
    dockerfile = (CHECKOUT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    code, said = told([tool("hadolint"), "-"], dockerfile.replace('CMD ["run"]', "CMD run"))
    assert code == 1
    assert "DL3025" in said


def test_a_build_sees_what_the_image_is_made_of_and_nothing_else() -> None:
    seen = context()
    fixed = {"pyproject.toml", "README.md", "LICENSE", "requirements-build.lock", "requirements-run.lock"}
    fixed.add("deploy/kafka/pom.xml")
    assert fixed <= seen
    assert {one for one in seen - fixed if not one.startswith("rorbridge/")} == set()
    assert not {one for one in seen if one.endswith(".pyc")}


def test_it_runs_as_a_numbered_user_and_starts_the_service_without_a_shell(image: Image) -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", image.config["User"])
    assert image.config["Entrypoint"] + image.config["Cmd"] == ["python3", "-m", "rorbridge", "run"]
    assert image.config["Healthcheck"]["Test"][:2] == ["CMD", "python3"]
    assert image.config["StopSignal"] == "SIGTERM"
    assert image.config["ExposedPorts"] == {"8080/tcp": {}}
    assert image.config["Labels"]["org.opencontainers.image.version"] == __version__


def test_its_environment_is_what_the_dockerfile_says_and_none_of_the_build(image: Image) -> None:
    assert image.environment.keys() == {
        "PATH",
        "PYTHONPATH",
        "PYTHONSAFEPATH",
        "PYTHONUNBUFFERED",
        "PYTHONDONTWRITEBYTECODE",
        "RORBRIDGE_HTTP__HOST",
    }


def test_it_holds_the_packages_of_its_lock_and_no_other(image: Image) -> None:
    lock = (CHECKOUT / "requirements-run.lock").read_text(encoding="utf-8")
    pinned = {re.sub(r"[-_.]+", "-", one).lower() for one in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    folders = (image.root / "opt" / "rorbridge").glob("*.dist-info")
    held = {re.sub(r"[-_.]+", "-", one.name.split("-", 1)[0]).lower() for one in folders}
    # A pin may be for another system or another Python.
    assert held <= pinned | {"rorbridge"}
    assert {"rorbridge", "aiokafka", "faststream", "uvloop"} <= held


def test_it_fits_the_budget(image: Image) -> None:
    files = [one for one in (image.root / "opt" / "rorbridge").rglob("*") if one.is_file()]
    size_mb = sum(one.stat().st_size for one in files) / 1e6
    print(f"{size_mb:.1f} MB on top of the base")  # noqa: T201 - for who runs it with -s
    assert DISTROLESS_MB + size_mb < BUDGET_MB


def test_its_user_can_change_nothing_in_it_and_nothing_gives_more_rights(image: Image) -> None:
    for one in (image.root / "opt" / "rorbridge").rglob("*"):
        facts = one.lstat()
        assert (facts.st_uid, facts.st_gid) == (0, 0), one
        assert facts.st_mode & stat.S_IROTH, one
        assert not facts.st_mode & (stat.S_IWOTH | stat.S_ISUID | stat.S_ISGID), one


def test_every_module_is_compiled_and_the_bytecode_does_not_depend_on_file_times(image: Image) -> None:
    package = image.root / "opt" / "rorbridge"
    modules = [one for one in package.rglob("*.py") if (package / "rorbridge") in one.parents]
    assert len(modules) > 100
    for module in modules:
        [compiled] = (module.parent / "__pycache__").glob(f"{module.stem}.cpython-*.pyc")
        header = compiled.read_bytes()[:8]
        assert header[:4] == importlib.util.MAGIC_NUMBER
        assert int.from_bytes(header[4:], "little") == 0b01, "hash-based and unchecked (PEP 552)"


def test_nothing_can_be_written_and_no_right_is_left(image: Image) -> None:
    asked = "import json, os; print(json.dumps([os.getuid(), os.getgid(), open('/proc/self/status').read()]))"
    asked += "; open('/x', 'w')"
    code, said = image.run(["python3", "-c", asked], {})
    uid, gid, status = json.loads(said.splitlines()[0])
    assert f"{uid}:{gid}" == image.config["User"]
    assert re.search(r"^CapEff:\s*0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s*1$", status, re.MULTILINE)
    assert code == 1
    assert "Read-only file system: '/x'" in said


@pytest.mark.kafka
async def test_it_answers_requests_says_that_it_is_healthy_and_ends_with_0(
    image: Image, broker: Broker, topics: Topics, tmp_path: Path
) -> None:
    port = free_port()
    log = tmp_path / "log"
    with running_lookalike(200) as lookalike:
        settings = topics.settings(broker) | {"RORBRIDGE_HTTP__PORT": str(port)}
        settings |= {f"RORBRIDGE_ROR__{name.upper()}": value for name, value in lookalike.items()}
        healthcheck = image.config["Healthcheck"]["Test"][1:]
        assert image.run(healthcheck, settings)[0] == 1, "nothing listens yet"

        with image.running([*image.config["Entrypoint"], *image.config["Cmd"]], settings, log) as service:
            await Service(service, f"http://127.0.0.1:{port}", log).ready()
            assert image.run(healthcheck, settings) == (0, "")

            example = (CHECKOUT / "schemas" / "examples" / "01-one-activity.json").read_bytes()
            await publish(broker, topics.requests, [Sent("one", None, example, [], ANSWERED)])
            [result] = await read(broker, [topics.results], until=lambda found: len(found) == 1)
            assert decode(result.value or b"").status in {Status.MATCHED, Status.NO_MATCH}

            service.terminate()
            assert service.wait(30) == 0, log.read_text()
        assert image.run(healthcheck, settings)[0] == 1, "it has ended"
