"""The image, built from the Dockerfile by buildah, which needs no engine; its processes, confined as in a container."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy import standin
from tests.deploy.tools import CHECKOUT, installed
from tests.support.leftout import left_out

_CERTIFICATES = Path("/etc/ssl/certs")
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """A built image: its configuration, as `docker inspect` shows it, and its files."""

    config: Mapping[str, Any]
    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment that it gives to its processes."""
        return dict(one.split("=", 1) for one in self.config["Env"])

    @contextmanager
    def running(
        self, command: Sequence[str], environment: Mapping[str, str], output: Path
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a process as a hardened container would: a read-only root, no capability, the image's user, no shell."""
        with output.open("ab") as stream:
            process = subprocess.Popen(
                [*self._confined(), *command],
                env=self.environment | dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
        """Run a process to its end in the same way, and give its exit code and what it said."""
        with tempfile.NamedTemporaryFile() as output:
            with self.running(command, environment, Path(output.name)) as process:
                code = process.wait(60)
            return code, Path(output.name).read_text(encoding="utf-8")

    def _confined(self) -> list[str]:
        root = str(self.root)
        mounts = " && ".join(
            [
                'mount --bind "$0" "$0"',
                'mount -o remount,bind,ro "$0"',
                'mount --rbind /dev "$0/dev"',
                'mount -t proc -o ro proc "$0/proc"',
                'exec "$@"',
            ]
        )
        user = self.config["User"]
        return [
            *(str(shutil.which("unshare")), "--mount", "--propagation", "private", "--"),
            *(str(shutil.which("sh")), "-c", mounts, root),
            *(str(shutil.which("setpriv")), "--no-new-privs", "--"),
            *(str(shutil.which("chroot")), f"--userspec={user}", "--groups=", root),
        ]


@contextmanager
def built() -> Iterator[Image]:
    """Build the image, and remove it in the end."""
    buildah = installed("buildah", "buildah")
    if os.geteuid() != 0:
        left_out("a build without an engine, and a file system that is read-only, need root")
    with tempfile.TemporaryDirectory(prefix="rorbridge-image-") as folder:
        store = Path(folder)
        tool = [buildah, "--storage-driver", "vfs", "--root", f"{store}/root", "--runroot", f"{store}/run"]
        standin.runtime(store / "runtime")
        _base(tool, "scratch", store / "runtime", "runtime", _PATH)
        standin.builder(store / "builder")
        # Certificates of the machine, so that an index behind a proxy of its own can be reached; in the builder alone.
        certificates = f"PIP_CERT={_CERTIFICATES}/ca-certificates.crt"
        _base(tool, "localhost/runtime", store / "builder", "builder", certificates)
        build = [*tool, "bud", "--isolation", "chroot", "--format", "docker", "--pull-never", "--quiet"]
        build += ["--build-arg", "PYTHON_IMAGE=localhost/builder", "--build-arg", "RUNTIME_IMAGE=localhost/runtime"]
        if index := os.environ.get("PIP_INDEX_URL"):
            build += ["--build-arg", f"PIP_INDEX_URL={index}"]
        if _CERTIFICATES.is_dir():
            build += ["--volume", f"{_CERTIFICATES}:{_CERTIFICATES}:ro"]
        _do([*build, "--file", "deploy/Dockerfile", "--tag", "rorbridge", "."])
        container = _do([*tool, "from", "--pull-never", "localhost/rorbridge"])
        inspected = json.loads(_do([*tool, "inspect", "--type", "image", "localhost/rorbridge"]))
        try:
            yield Image(inspected["Docker"]["config"], Path(_do([*tool, "mount", container])))
        finally:
            _do([*tool, "rm", "--all"])


def context() -> set[str]:
    """Give the files of the checkout that a build gets to see."""
    buildah = installed("buildah", "buildah")
    with tempfile.TemporaryDirectory(prefix="rorbridge-context-") as folder:
        store = Path(folder)
        (store / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
        tool = [buildah, "--storage-driver", "vfs", "--root", f"{store}/root", "--runroot", f"{store}/run"]
        _do([*tool, "bud", "--quiet", "--file", f"{store}/Dockerfile", "--tag", "context", "."])
        root = Path(_do([*tool, "mount", _do([*tool, "from", "--pull-never", "localhost/context"])]))
        found = {str(one.relative_to(root)) for one in root.rglob("*") if one.is_file()}
        _do([*tool, "rm", "--all"])
        return found


def _base(tool: Sequence[str], base: str, root: Path, name: str, variable: str) -> None:
    container = _do([*tool, "from", "--pull-never", base])
    _do([*tool, "copy", container, str(root), "/"])
    _do([*tool, "config", "--env", variable, container])
    _do([*tool, "commit", "--quiet", container, name])
    _do([*tool, "rm", container])


def _do(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT)
    if done.returncode:
        message = f"{' '.join(command)}: {(done.stdout + done.stderr)[-3000:]}"
        raise RuntimeError(message)
    return done.stdout.strip()


if sys.platform != "linux":
    left_out("containers need Linux")
