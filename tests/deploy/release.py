"""The Helm chart, rendered by helm as at an installation."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.tools import tool
from tests.support.chart import CHART

NEWEST = "1.37.0"
OLDEST = "1.27.0"
"""Versions of Kubernetes: the newest one whose schemas we have, and the oldest one that Chart.yaml allows."""

Resource = dict[str, Any]


def values(name: str) -> Path:
    """Give one of the chart's files of values: default, minimal or full."""
    return CHART / "ci" / f"{name}-values.yaml"


class RefusedError(Exception):
    """Helm refused to render; the text is what it said."""


@dataclass(frozen=True)
class Release:
    """What would be installed."""

    text: str
    resources: Sequence[Resource]

    def one(self, kind: str) -> Resource:
        """Give the only resource of a kind."""
        [found] = [one for one in self.resources if one["kind"] == kind]
        return found

    @property
    def pod(self) -> Resource:
        """The pod of the service."""
        found: Resource = self.one("Deployment")["spec"]["template"]["spec"]
        return found

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the service's container."""
        [container] = self.pod["containers"]
        return {one["name"]: one["value"] for one in container["env"]}

    def environment_at(self, folder: Path, contents: Mapping[str, str]) -> dict[str, str]:
        """Give the same for a process here: mounted files are written to *folder*, with *contents* by their setting."""
        found = self.environment
        for name, value in found.items():
            if value.startswith("/etc/rorbridge/"):
                file = folder / value.removeprefix("/")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(contents.get(name.removesuffix("_FILE"), f"content of {name}"))
                found[name] = str(file)
        return found


def render(*given: Path | Mapping[str, Any] | str, kubernetes: str = NEWEST, chart: Path = CHART) -> Release:
    """Render the chart with files of values, trees of values and ``--set`` expressions. Raises RefusedError."""
    command: list[str] = [tool("helm"), "template", "demo", str(chart), "--namespace", "health"]
    command += ["--kube-version", kubernetes]
    read, write = os.pipe()
    tree: dict[str, Any] = {}
    for one in given:
        if isinstance(one, Path):
            command += ["--values", str(one)]
        elif isinstance(one, str):
            command += ["--set", one]
        else:
            tree |= one
    with os.fdopen(write, "w") as pipe:
        json.dump(tree, pipe)  # JSON is YAML
    command += ["--values", f"/dev/fd/{read}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, pass_fds=[read])
    finally:
        os.close(read)
    if done.returncode:
        raise RefusedError(done.stderr)
    return Release(done.stdout, [one for one in yaml.safe_load_all(done.stdout) if one])


def notes(name: str, folder: Path) -> str:
    """Give what helm says after an installation; without a cluster that is read from a copy where it is a resource."""
    chart = shutil.copytree(CHART, folder / "chart")
    text = (chart / "templates" / "NOTES.txt").read_text(encoding="utf-8")
    resource = '{{ include "notes" . | toJson }}'
    (chart / "templates" / "notes.yaml").write_text(
        f'{{{{ define "notes" }}}}{text}{{{{ end }}}}{{kind: Notes, apiVersion: v1, text: {resource}}}',
        encoding="utf-8",
    )
    said: str = render(values(name), chart=chart).one("Notes")["text"]
    return said
