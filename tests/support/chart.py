"""What of the Helm chart comes from elsewhere: settings from the code, descriptions from values.yaml, alerts.

``python -m tests.support.chart`` writes the first two into values.schema.json, whose other rules are written by hand,
and copies the alerts of Prometheus, since a chart can hold no link.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, SecretStr

from rorbridge.settings import PREFIX, Settings
from tests.support import settings

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "rorbridge"
SCHEMA = CHART / "values.schema.json"
VALUES = CHART / "values.yaml"
ALERTS = CHART.parents[1] / "prometheus" / "alerts.yml"

FILLED = {"base_url", "token_url"}
"""Required settings that another one may fill (``environment``); the chart checks that itself."""

_REFERENCE = {
    "secrets": {"secret": "Name of the Secret.", "key": "Its key."},
    "files": {"secret": "Name of the Secret.", "configMap": "Or of the ConfigMap.", "key": "Its key."},
}


def groups() -> dict[str, type[BaseModel]]:
    """Give the groups of settings by their names."""
    return {
        name: field.annotation
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }


def place(annotation: Any) -> str:
    """Say where in the chart's values a setting of this type is: ``settings``, ``secrets`` or ``files``."""
    kinds = {get_args(one)[0] if get_origin(one) is Annotated else one for one in (annotation, *get_args(annotation))}
    if SecretStr in kinds:
        return "secrets"
    return "files" if Path in kinds else "settings"


def settings_schemas() -> dict[str, dict[str, Any]]:
    """Give the schemas of ``settings``, ``secrets`` and ``files``."""
    found: dict[str, dict[str, Any]] = {kind: _closed({}) for kind in ("settings", "secrets", "files")}
    meanings = {one.variable: one.meaning for group in settings.groups() for one in group.settings}
    for group, model in groups().items():
        properties = model.model_json_schema()["properties"]
        for name, field in model.model_fields.items():
            kind = place(field.annotation)
            inside = found[kind]["properties"].setdefault(group, _closed({}))
            variable = f"{PREFIX}{group}__{name}".upper()
            rule = _setting(properties[name]) if kind == "settings" else _reference(kind)
            inside["properties"][name] = {"description": f"{variable}: {meanings[variable]}", **rule}
            if kind == "settings" and field.is_required() and name not in FILLED:
                inside.setdefault("required", []).append(name)
                found[kind]["required"] = sorted({*found[kind].get("required", []), group})
    return found


def files() -> dict[Path, str]:
    """Give the files as they have to be."""
    return {SCHEMA: _schema(), CHART / ALERTS.name: ALERTS.read_text(encoding="utf-8")}


def _schema() -> str:
    document = json.loads(SCHEMA.read_text(encoding="utf-8"))
    document["properties"] |= settings_schemas()
    for path, text in comments().items():
        node = document
        for step in path:
            node = node["properties"][step]
        rule = {key: value for key, value in node.items() if key != "description"}
        node.clear()
        node |= {"description": text, **rule}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def comments() -> dict[tuple[str, ...], str]:
    """Give the ``# --`` comments of values.yaml by the path of the value below them."""
    found: dict[tuple[str, ...], str] = {}
    path: list[str] = []
    text: list[str] = []
    for line in VALUES.read_text(encoding="utf-8").splitlines():
        if comment := re.fullmatch(r" *# (-- )?(.*)", line):
            if comment[1]:
                text = [comment[2]]
            elif text and not comment[2].startswith("@"):
                text.append(comment[2])
        elif key := re.match(r"( *)([\w.]+):", line):
            path = [*path[: len(key[1]) // 2], key[2]]
            if text:
                found[tuple(path)] = " ".join(text)
            text = []
        else:
            text = []
    return found


def _setting(rule: dict[str, Any]) -> dict[str, Any]:
    """Give pydantic's rule for a value without what only a caller of pydantic needs."""
    [given] = [one for one in rule.get("anyOf", [rule]) if one.get("type") != "null"]
    found = {key: value for key, value in given.items() if key not in {"title", "description", "format"}}
    if given.get("format") == "uri":
        found["pattern"] = "^https?://"
    if rule.get("default") is not None:
        found["default"] = rule["default"]
    return found


def _reference(kind: str) -> dict[str, Any]:
    """Give the rule for what is in a file: where it comes from."""
    fields = {name: {"description": text, "type": "string", "minLength": 1} for name, text in _REFERENCE[kind].items()}
    fields["key"]["pattern"] = "^[-._a-zA-Z0-9]+$"
    path = {"description": "Or where something else puts it into the pod.", "type": "string", "pattern": "^/"}
    sources = [{"required": [name, "key"]} for name in fields if name != "key"]
    return _closed(fields | {"path": path}) | {"oneOf": [*sources, {"required": ["path"]}]}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


if __name__ == "__main__":
    for file, text in files().items():
        file.write_text(text, encoding="utf-8")
