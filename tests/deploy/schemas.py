"""Schemas for kubeconform, cut from what the projects publish to what our chart renders.

``python -m tests.deploy.schemas FOLDER-OF-KUBERNETES-SCHEMAS… -- CRD.yaml…`` writes them; SOURCES.md beside them says
where both come from. Descriptions are left out, objects are closed, so that a misspelt field is found.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parents[1] / "data" / "kubernetes"

KINDS = {
    "deployment-apps-v1",
    "service-v1",
    "serviceaccount-v1",
    "pod-v1",
    "networkpolicy-networking-v1",
    "poddisruptionbudget-policy-v1",
}
"""Kubernetes' own kinds that the chart renders."""


def kubernetes(folder: Path) -> None:
    """Write the kinds of a Kubernetes version, such as ``v1.37.0-local-strict``, each with what it refers to."""
    definitions = json.loads((folder / "_definitions.json").read_text())["$defs"]
    target = DATA / folder.name.removesuffix("-local-strict")
    target.mkdir(parents=True, exist_ok=True)
    for kind in sorted(KINDS):
        root = _plain(json.loads((folder / f"{kind}.json").read_text()))
        needed: dict[str, Any] = {}
        waiting = [root]
        while waiting:
            for name in _references(waiting.pop()):
                if name not in needed:
                    needed[name] = _plain(definitions[name])
                    waiting.append(needed[name])
        _write(target / f"{kind}.json", root | {"definitions": needed})


def custom(file: Path) -> None:
    """Write the kind of a custom resource definition, one schema for each of its served versions."""
    spec = yaml.safe_load(file.read_text(encoding="utf-8"))["spec"]
    for version in spec["versions"]:
        rule = _plain(version["schema"]["openAPIV3Schema"])
        rule["properties"]["metadata"] = {"type": "object"}
        target = DATA / spec["group"]
        target.mkdir(parents=True, exist_ok=True)
        _write(target / f"{spec['names']['kind'].lower()}_{version['name']}.json", _closed(rule))


def _plain(node: Any) -> Any:
    """Leave out what is for readers; references become those inside of one file."""
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    found: dict[str, Any] = {}
    for key, value in node.items():
        if key == "$ref":
            found[key] = "#/definitions/" + value.rsplit("/", 1)[-1]
        elif key == "properties":
            found[key] = {name: _plain(rule) for name, rule in value.items()}
        elif key not in {"description", "example", "examples"} and (not key.startswith("x-kubernetes") or key == _OPEN):
            found[key] = _plain(value)
    return found


_OPEN = "x-kubernetes-preserve-unknown-fields"


def _closed(node: Any) -> Any:
    """Close the objects of a custom resource, as the API server prunes what it does not know."""
    if isinstance(node, list):
        return [_closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {
        key: {name: _closed(rule) for name, rule in value.items()} if key == "properties" else _closed(value)
        for key, value in node.items()
        if key != _OPEN
    }
    if "properties" in node and "additionalProperties" not in node and not node.get(_OPEN):
        found["additionalProperties"] = False
    return found


def _references(node: Any) -> set[str]:
    if isinstance(node, list):
        return {name for one in node for name in _references(one)}
    if not isinstance(node, dict):
        return set()
    found = {name for value in node.values() for name in _references(value)}
    return found | {node["$ref"].rsplit("/", 1)[-1]} if isinstance(node.get("$ref"), str) else found


def _write(file: Path, schema: Any) -> None:
    file.write_text(json.dumps(schema, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    split = sys.argv.index("--")
    for one in sys.argv[1:split]:
        kubernetes(Path(one))
    for one in sys.argv[split + 1 :]:
        custom(Path(one))
