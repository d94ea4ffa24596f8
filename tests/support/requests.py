"""Requests by the hundred: the examples moved around the map, and broken ones of every kind."""

import json
import random
from dataclasses import dataclass

from rorbridge.events.envelope import Headers
from rorbridge.events.examples import examples
from rorbridge.events.request import REQUEST_TYPE

_CITIES = [
    (48.8566, 2.3522),
    (45.7640, 4.8357),
    (43.2965, 5.3698),
    (50.6292, 3.0573),
    (47.2184, -1.5536),
    (44.8378, -0.5792),
    (48.5734, 7.7521),
    (43.6047, 1.4442),
]


@dataclass(frozen=True)
class Sent:
    """A record on the requests topic, and what is expected of it."""

    id: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    expected: frozenset[str]
    """Statuses that a result may have; empty for what is no event and gets a dead letter alone."""
    says: str = ""
    """Words that the problem or the dead letter must hold."""


ANSWERED = frozenset({"matched", "no-match"})
REJECTED = frozenset({"rejected"})
NO_EVENT: frozenset[str] = frozenset()


def headers(id_: str) -> list[tuple[str, bytes]]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", id_.encode()),
        ("ce_source", b"urn:test"),
        ("ce_type", REQUEST_TYPE.encode()),
        ("content-type", b"application/json"),
    ]


def valid(count: int, seed: int) -> list[Sent]:
    """Give *count* valid requests: the examples in turn, around random points, with keys of all sorts."""
    dice = random.Random(seed)
    contents = [json.loads(example.data) for example in examples()]
    sent = []
    for number in range(count):
        content = json.loads(json.dumps(contents[number % len(contents)]))
        if "near" in content.get("where", {}):
            latitude, longitude = dice.choice(_CITIES)
            content["where"]["near"] = {
                "latitude": round(latitude + dice.uniform(-0.1, 0.1), 5),
                "longitude": round(longitude + dice.uniform(-0.1, 0.1), 5),
            }
        id_ = f"valid-{seed}-{number}"
        key = dice.choice([None, b"\xff\x00binary", f"case-{dice.randrange(50)}".encode(), id_.encode()])
        sent.append(Sent(id_, key, json.dumps(content).encode(), headers(id_), ANSWERED))
    return sent


def broken() -> list[Sent]:
    """Give records that are each broken in another way."""
    good = json.loads(examples()[4].data)

    def change(**changes: object) -> bytes:
        return json.dumps(good | changes).encode()

    def event(name: str, value: bytes | None, expected: frozenset[str], says: str) -> Sent:
        return Sent(f"broken-{name}", name.encode(), value, headers(f"broken-{name}"), expected, says)

    def bare(name: str, value: bytes | None, found: Headers, says: str) -> Sent:
        return Sent(f"broken-{name}", name.encode(), value, found, NO_EVENT, says)

    near = good["where"]
    return [
        event("no-json", b"a cardiologist near Nantes, please", REJECTED, "JSON"),
        event("cut-json", change()[:-9], REJECTED, "JSON"),
        event("array", b"[]", REJECTED, "object"),
        event("wrong-type-of-value", change(need={"activity": 13}), REJECTED, "/need/activity"),
        event("unknown-field", change(patient={"name": "Dupont"}), REJECTED, "/patient"),
        event("negative-radius", change(where=near | {"radiusKm": -15}), REJECTED, "/where/radiusKm"),
        event("two-wheres", change(where=near | {"commune": "44162"}), REJECTED, "exactly one"),
        event("no-where", change(where={}), REJECTED, "exactly one"),
        event("no-need", change(need={}), REJECTED, "at least one criterion"),
        event("deadline-passed", change(deadline="2020-01-01T00:00:00Z"), frozenset({"expired"}), "2020-01-01"),
        event("deadline-without-zone", change(deadline="2030-01-01T00:00:00"), REJECTED, "/deadline"),
        event("a-megabyte-of-text", b"x" * 1_000_000, REJECTED, "JSON"),
        event("not-utf-8", b"\xff\xfe\x00", REJECTED, "JSON"),
        event("injection", change(need={"activity": ["013&_count=1"]}), REJECTED, "/need/activity/0"),
        event("no-value", None, NO_EVENT, "no value"),
        Sent(
            "broken-other-type",
            b"other-type",
            change(),
            [*headers("broken-other-type")[:3], ("ce_type", b"com.example.invoice")],
            REJECTED,
            "com.example.invoice",
        ),
        bare("no-id", change(), [("ce_specversion", b"1.0"), ("ce_source", b"s"), ("ce_type", b"t")], "no id"),
        bare("no-event-not-json", b"hello", [], "not JSON"),
        bare("no-event-not-utf-8", b"\xff\xfe", [("bad", b"\xff")], "not UTF-8"),
        bare("no-event-deep", b"[" * 200_000, [], "nested too deeply"),
    ]
