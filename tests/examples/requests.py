"""A request for each way in which one can end."""

import json
from collections.abc import Mapping
from typing import Any

from rorbridge.events.examples import examples

Content = Mapping[str, Any]

_EXAMPLES: Mapping[str, Content] = {one.name: json.loads(one.data) for one in examples()}
_NANTES = {"latitude": 47.2183, "longitude": -1.5534}
_AT_SEA = {"latitude": 46.5, "longitude": -6.0}
AMID_FAULTS = {"latitude": 47.21987, "longitude": -1.5534}
"""The test lets every search around here go wrong."""


def _cardiologist(near: Content, **rest: Any) -> Content:
    return {"need": {"activity": ["013"]}, "where": {"near": near, "radiusKm": 15}, **rest}


ENDS: Mapping[str, tuple[Content, str]] = {
    "beds.json": (_EXAMPLES["19-free-bed-for-a-woman"], "matched"),
    "hours.json": (_EXAMPLES["23-open-on-a-tuesday-evening"], "matched"),
    "phone.json": (_cardiologist(_NANTES), "matched"),
    "bundle.json": (_EXAMPLES["25-source-region-as-a-fhir-bundle"], "matched"),
    "at-sea.json": (_cardiologist(_AT_SEA), "no-match"),
    "nameless.json": (_cardiologist(_NANTES, patient={"name": "Dupont"}), "rejected"),
    "late.json": (_cardiologist(_NANTES, deadline="2020-01-01T00:00:00Z"), "expired"),
    "faults.json": (_cardiologist(AMID_FAULTS), "failed"),
}
"""The content of each file, and how it ends."""
