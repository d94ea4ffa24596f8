"""Each search parameter by itself finds the same on HAPI, by the ROR's own definitions, and on the look-alike."""

import random
from typing import Any, Final

import pytest

from rorbridge.lookalike.search.parameters import DEFINITIONS, Definition, Kind
from tests.interop.servers import Servers
from tests.support.oracle import Oracle

OTHERWISE: Final = {
    "_lastUpdated": "HAPI sets it to when it was loaded",
    "specific-competence": "of production, without a published definition",
    "near": "test_circles.py",
    "near-insee-code": "test_differences.py",
}
"""Parameters that cannot find the same, and why."""

COMPARED: Final = {Kind.NUMBER, Kind.QUANTITY, Kind.AGE, Kind.DATE, Kind.PERIOD}

ASKED: Final = [
    pytest.param(kind, definition, id=f"{kind}-{definition.name}")
    for kind, definitions in DEFINITIONS.items()
    for definition in definitions
    if definition.name not in OTHERWISE
]


@pytest.mark.parametrize(("kind", "definition"), ASKED)
def test_a_parameter_finds_the_same_on_both(
    kind: str, definition: Definition, servers: Servers, oracle: Oracle
) -> None:
    held = [value for resource in oracle.data.of_type(kind).values() for value in definition.read(resource)]
    assert held
    found = 0
    # A comparison finds half of all there is, so of those one value has to do.
    count = 1 if definition.kind in COMPARED else min(2, len(held))
    for value in random.Random(definition.name).sample(held, count):
        for text in forms(definition.kind, value):
            asked = (definition.name, text)
            theirs = servers.ask_all("plain", kind, asked)
            assert theirs == servers.ask_all("lookalike", kind, asked), asked
            found += len(theirs)
    assert found


def forms(kind: Kind, value: Any) -> list[str]:
    """Give what may be asked about a value that the data hold."""
    match kind:
        case Kind.TOKEN:
            system, code = value
            return [f"{system}|{code}", code, f"{system}|{code},{system}|none"] if system else [code]
        case Kind.IDENTIFIER:
            number = value["value"]
            return [number, f"{value['system']}|{number}"] if "system" in value else [number]
        case Kind.STRING:
            text = str(value)
            for special in "\\,|$":
                text = text.replace(special, f"\\{special}")
            return [text, text[:4].rstrip("\\"), text.upper()]
        case Kind.NUMBER:
            return [f"{prefix}{value}" for prefix in ("", "ge", "gt", "lt")]
        case Kind.QUANTITY | Kind.AGE:
            return [f"{prefix}{value[0]}" for prefix in ("", "ge", "le")]
        case Kind.PERIOD:
            # On le and ge HAPI goes its own way with periods that overlap the day.
            return [
                f"{prefix}{value['start'][:10]}" for prefix in ("", "ne", "gt", "lt", "sa", "eb") if "start" in value
            ]
        case Kind.DATE:
            return [f"{prefix}{value[:10]}" for prefix in ("", "ge", "gt", "le", "lt")] + [f"ge{value}"]
    raise AssertionError(f"nothing is asked about {kind}")
