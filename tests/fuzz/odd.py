"""Strange JSON: documents changed at any depth, values of any shape, and bytes that are hardly JSON at all."""

import json
import pickle
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from hypothesis import strategies as st

Value = TypeVar("Value")
Slot = tuple[Any, Any]
"""A place in a document: a dict or list, and a key or index in it."""

_DEPTHS = (100, 199, 250, 500, 800, *range(900, 1_010, 3), 3_000, 50_000)
_STRANGE = (
    *("1e400", "-1e400", "1E-400", "1e999999999", "-0", "-0.0", "1.7976931348623157e308", "-1.7976931348623157e308"),
    *("9" * 400, "9" * 5_000, "0." + "1" * 400, "9223372036854775808", '"\\ud83d\\ude00"', '"\\u0000"', "1, 2"),
    *('{"a": 1, "a": 2}', '{"id": "1", "id": "2"}', "[" * 60 + "]" * 60, '{"a":' * 120 + "1" + "}" * 120),
)
"""JSON that no Python value is written as."""
_BROKEN = (
    *("NaN", "Infinity", "-Infinity", "01", "+1", "tru", "'x'", '"\\x"', '"\x01"', '"', "", "[" * 3_000, "/* */ 1"),
    *('"\\ud800"', '"\\ud800 and more"', '"\\udc00 and more"', '"\\ud800\\u0041"'),
    *("[" * depth + "]" * depth for depth in _DEPTHS),
    *('{"a":' * depth + "1" + "}" * depth for depth in _DEPTHS),
)
"""What is no JSON, or too deep for those who read it."""
_LITERALS = _STRANGE + _BROKEN
_CHANGES = (*["replace"] * 8, *["move"] * 4, *["remove", "wrap", "unwrap", "repeat", "rename"] * 2, "break")
_MOST_SLOTS = 5_000
"""A document that has grown larger than this is changed no more."""
_MARK = re.compile(r'"@literal:(\d+)"')

HOSTILE = (
    *(
        "",
        " ",
        "\x00",
        "\x1b[31m",
        "\r\nX-Header: 1",
        "013|x",
        "013,014",
        "|",
        "http://other.example|013",
        "013&_count=1",
    ),
    *(
        "013#",
        "013;014",
        "$everything",
        "\\,",
        "\\",
        "%2C",
        "%7C013",
        "%00",
        "+",
        "a b",
        "013\n",
        "\n013",
        "..",
        "../..",
    ),
    *("a) or (age-range-low ge 0", "1|a and active eq true) or (1", '"', "'", "')", "(", "))))", "not(x)", "{{7*7}}"),
    *(
        "٠١٣",
        "０１３",
        "٤٤١٦٢",
        "٢٩٠٠٠٤٣٢٤",
        "é",
        "ｘ",
        "\u202e013",
        "\ufeff013",
        "🏥",
        "a" * 21,
        "9" * 21,
        "G15|60,R94|1",
    ),
    *("G15|", "|60", "G15|60|61", "G15|6 0", "XX|60", "2A0040", "2a004", "97", "2026-02-30T00:00:00Z", "24:00:00"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "2026-11-24T08:00:05", "2026"),
    *("08:00:00+02:00", "08:00:00Z", "25:61", "2026-W01-1", "2026-13", "20260101", "now", "-0001-01-01", "0000"),
    *("Location/", "/", "Location/../Location/10", "https://elsewhere.example/Location/10/_history/3", "#contained"),
    *("urn:uuid:1", "Organization/100", "HealthcareService/1", "Location/10/_history/", "x" * 2_000, "é" * 40_000),
)
"""Texts that mean something to a query, a path, a header, a clock or a terminal."""

NUMBERS = (0, -1, 1, 2**31, 2**63, 2**64, 10**400, -(10**400), 0.5, -0.5, 1e-300, 5e-324, 1e300, -1.7e308, 499.999999)

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(HOSTILE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)

odd_values = st.one_of(
    st.sampled_from(HOSTILE),
    st.sampled_from(NUMBERS),
    st.integers(0, len(_STRANGE) - 1).map("@literal:{}".format),
    any_json,
    st.sampled_from([None, True, False, [], {}, [None], [[]], [{}], {"": None}, {"extension": [{"url": 1}]}]),
    st.sampled_from([["013"] * 200, list(range(5_000)), {f"key{n}": n for n in range(500)}, "x" * 20_000]),
)


broken_values = st.integers(len(_STRANGE), len(_LITERALS) - 1).map("@literal:{}".format)


def copied(document: Value) -> Value:
    """Copy a document with all its parts, several times as fast as copy.deepcopy does."""
    found: Value = pickle.loads(pickle.dumps(document, pickle.HIGHEST_PROTOCOL))
    return found


def slots(document: Any) -> Iterator[Slot]:
    """Go through every place in a document."""
    holders = [document]
    while holders:
        holder = holders.pop()
        steps = holder.keys() if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for step in steps:
            yield holder, step
            holders.append(holder[step])


@st.composite
def changed(draw: st.DrawFn, documents: st.SearchStrategy[Any], most: int = 3) -> Any:
    """Give a document with up to *most* changes at any depth."""
    document = copied(draw(documents))
    for _ in range(draw(st.integers(0, most))):
        found = list(slots(document))
        if 0 < len(found) < _MOST_SLOTS:
            _change(draw, found)
    return document


def _change(draw: st.DrawFn, found: list[Slot]) -> None:
    holder, step = found[draw(st.integers(0, len(found) - 1))]
    match draw(st.sampled_from(_CHANGES)):
        case "break":
            holder[step] = draw(broken_values)
        case "replace":
            holder[step] = copied(draw(odd_values))  # what is sampled is shared, and may be changed next
        case "remove":
            del holder[step]
        case "wrap":
            holder[step] = draw(st.sampled_from([[holder[step]], {"value": holder[step]}, [[holder[step]]]]))
        case "unwrap" if isinstance(holder[step], list) and holder[step]:
            holder[step] = holder[step][0]
        case "unwrap" if isinstance(holder[step], dict) and holder[step]:
            holder[step] = next(iter(holder[step].values()))
        case "repeat" if isinstance(holder, list):
            holder.extend([holder[step]] * draw(st.sampled_from([1, 2, 20])))
        case "rename" if isinstance(holder, dict):
            holder[draw(st.sampled_from(HOSTILE) | st.text(max_size=8))] = holder.pop(step)
        case _:
            other, place = found[draw(st.integers(0, len(found) - 1))]
            holder[step] = copied(other[place])  # an id, a reference or a whole part from elsewhere


def written(document: Any) -> bytes:
    """Write a document as JSON, with the literals that stand for themselves."""
    text = json.dumps(document)
    return _MARK.sub(lambda found: _LITERALS[int(found[1])], text).encode()


@st.composite
def mostly(draw: st.DrawFn, often: st.SearchStrategy[Value], seldom: st.SearchStrategy[Value]) -> Value:
    """Give one of *seldom* in ten draws."""
    return draw(often if draw(st.integers(0, 9)) else seldom)


@st.composite
def damaged(draw: st.DrawFn, bodies: st.SearchStrategy[bytes]) -> bytes:
    """Give bytes that are cut, mixed up, or in another encoding than they should be."""
    body = draw(bodies)
    at = draw(st.integers(0, len(body)))
    match draw(st.sampled_from(["cut", "noise", "swap", "bom", "utf-16", "latin-1", "twice", "tail", "surrogates"])):
        case "cut":
            return body[:at]
        case "noise":
            return body[:at] + draw(st.binary(min_size=1, max_size=8)) + body[at:]
        case "swap":
            return body[at:] + body[:at]
        case "bom":
            return b"\xef\xbb\xbf" + body
        case "utf-16":
            return body.decode(errors="replace").encode("utf-16")
        case "latin-1":
            return body.decode("unicode-escape", errors="replace").encode("latin-1", errors="ignore")
        case "surrogates":
            return body.replace(b"a", "\ud800".encode(errors="surrogatepass"), 1)
        case "twice":
            return body + body
        case _:
            return body + draw(st.sampled_from([b"\x00", b" ", b"\n" * 1_000, b"}", b"]", b",", b"<html>"]))
