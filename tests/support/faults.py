"""What the ROR can do to us, and what it must end in: the fault matrix's rows, and their table in docs/reliability.md.

``python -m tests.support.faults`` writes the table into the page.
"""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rorbridge.events.result import Status
from rorbridge.orientation.directory import DirectoryError, DirectoryUnavailableError
from rorbridge.ror.errors import RorAccessError, RorAnswerError, RorRefusedError, RorUnavailableError
from tests.support.faultyror import Call, Content, FaultyRor, Lasting, Place, Shows
from tests.support.fhir import OFFICIAL

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
START, END = "<!-- table: made by tests/support/faults.py -->\n", "<!-- end of table -->\n"

CANARY = "canary-body"
"""Stands in bodies and links, and may stand in no error."""
MOST_BYTES = 1 << 20
"""The bound of an answer for the length of the test; the real one would take its time."""

ONCE, ALONE, EVERYWHERE = Lasting.ONCE, Lasting.ALONE, Lasting.EVERYWHERE
TOKEN, FIRST, NEXT = Place.TOKEN, Place.FIRST, Place.NEXT


@dataclass(frozen=True)
class Outcome:
    """What a fault ends in, for the search that meets it and for the request that wanted the search."""

    name: str
    error: type[DirectoryError] | None
    """What a search ends in that meets the fault whenever it tries; None when it finds something."""
    problem: str
    """Kind of the problem that a failed request carries."""
    ends: Mapping[Lasting, Status]
    """What the request ends in. ``expired`` means that it is parked as long as the fault lasts."""
    circuit: str = ""
    """Words that tell an outage, in logs and by /readyz."""
    lost: int = 0
    """Offers that are not found for the fault."""
    unplaced: int = 0
    """Offers that are found without their places."""
    says: str = ""
    """What the table says of it beyond the statuses."""


_OUTAGE: Final = {ONCE: Status.MATCHED, ALONE: Status.FAILED, EVERYWHERE: Status.EXPIRED}
_ALL_THE_SAME: Final = dict.fromkeys(Lasting, Status.MATCHED)
_ITS_OWN: Final = {ONCE: Status.MATCHED, ALONE: Status.FAILED, EVERYWHERE: Status.FAILED}

AWAY = Outcome("away", RorUnavailableError, "ror-unavailable", _OUTAGE, "could not be reached")
HELD_OFF = Outcome(
    "held off",
    RorUnavailableError,
    "ror-unavailable",
    _OUTAGE | {ALONE: Status.EXPIRED},
    "could not be reached",
    says="`Retry-After` is obeyed",
)
NO_ACCESS = Outcome("no access", RorAccessError, "ror-access", _OUTAGE, "refused access")
UNREADABLE = Outcome("unreadable", RorAnswerError, "ror-answer", _OUTAGE, "could not be read")
TOO_SLOW = Outcome(
    "too slow",
    DirectoryUnavailableError,
    "ror-too-slow",
    _OUTAGE,
    "could not be reached",
    says="after `RORBRIDGE_ROR__TIMEOUT`; tried twice",
)
BEGUN_AGAIN = Outcome(
    "begun again",
    RorUnavailableError,
    "ror-unavailable",
    _OUTAGE,
    "could not be read",
    says="the search starts anew, once a try",
)
DEAD_END = Outcome(
    "dead end",
    RorAnswerError,
    "ror-answer",
    _ITS_OWN,
    says="the small search, which has no further pages, is answered",
)
REFUSED = Outcome(
    "refused",
    RorRefusedError,
    "ror-refused",
    dict.fromkeys(Lasting, Status.FAILED),
    says="the ROR is there and means the question; tried once, told in its words",
)
ANSWERED = Outcome("answered", None, "", _ALL_THE_SAME, says="with all its offers")
ONE_LESS = Outcome(
    "one offer less", None, "", _ALL_THE_SAME, lost=1, says="`search.rounds[].broken` counts what could not be read"
)
UNPLACED = Outcome(
    "places unknown", None, "", _ALL_THE_SAME, unplaced=2, says="what only a place can tell is `notVisible`"
)
OUTCOMES = (
    AWAY,
    HELD_OFF,
    NO_ACCESS,
    UNREADABLE,
    TOO_SLOW,
    BEGUN_AGAIN,
    DEAD_END,
    REFUSED,
    ANSWERED,
    ONE_LESS,
    UNPLACED,
)


@dataclass(frozen=True)
class Fault:
    """A row of the matrix."""

    name: str
    shows: Shows | None
    at: Mapping[Place, Outcome]
    is_slow: bool = False
    """Whether it takes the time budget, which is then short."""

    def lastings(self, place: Place) -> tuple[Lasting, ...]:
        """Give for how long it is tried at *place*: all that differ from one another."""
        never_alone = place is TOKEN or self.shows is None  # the small search needs a token and an open port as well
        for_ever = (EVERYWHERE,) if never_alone else (ALONE, EVERYWHERE)
        if self.at[place].error is None:
            return for_ever[:1]  # what costs no answer is no outage
        # A port that is closed for a moment is an outage that ends, which is tried anyway.
        return (ONCE, *for_ever) if self.shows else for_ever


def anywhere(token: Outcome, first: Outcome, following: Outcome | None = None) -> dict[Place, Outcome]:
    """Give what a fault ends in that may show wherever something is answered."""
    return {TOKEN: token, FIRST: first, NEXT: following or first}


def pages(outcome: Outcome) -> dict[Place, Outcome]:
    """Give what a fault ends in that only pages can have."""
    return {FIRST: outcome, NEXT: outcome}


def answers(status: int, body: str = "", **headers: str) -> Shows:
    """Answer so, in the place of what is due."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def show(call: Call) -> None:
        fitting = {name: value.format(elsewhere=call.ror.elsewhere) for name, value in named.items()}
        await call.answer(status, body.encode(), fitting)

    return show


def packed(pack: Callable[[bytes], bytes], encoding: str = "gzip") -> Shows:
    """Answer what is due, but with its body made so."""

    async def show(call: Call) -> None:
        await call.answer(200, pack(call.body), {"Content-Encoding": encoding})

    return show


def changed(change: Callable[[Content], object]) -> Shows:
    """Answer what is due, but with its content changed."""

    async def show(call: Call) -> None:
        assert call.content is not None
        change(call.content)
        await call.answer()

    return show


def linked(link: Callable[[FaultyRor, Place | None], str]) -> Shows:
    """Answer what is due, but with another link to the next page."""

    async def show(call: Call) -> None:
        assert call.content is not None
        call.content["link"] = [{"relation": "next", "url": link(call.ror, call.place)}]
        await call.answer()

    return show


async def hangs_up(call: Call) -> None:
    call.writer.close()


async def hangs_up_midway(call: Call) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(call.body)}\r\n\r\n".encode()
    await call.send(head + call.body[: len(call.body) // 2])
    call.writer.close()


async def half(call: Call) -> None:
    await call.answer(200, call.body[: len(call.body) // 2])


async def no_http(call: Call) -> None:
    await call.send(f"SSH-2.0-{CANARY}\r\n\r\n".encode())
    call.writer.close()


async def strange_length(call: Call) -> None:
    await call.send(f"HTTP/1.1 200 OK\r\nContent-Length: {CANARY}\r\n\r\n{{}}".encode())
    call.writer.close()


async def long_header(call: Call) -> None:
    await call.answer(headers={"X-Long": CANARY * 10_000})


async def hangs(call: Call) -> None:
    await call.reader.read()  # until the client has enough


async def drips(call: Call) -> None:
    await call.answer_without_end(b" ", pause_s=0.05)


async def too_large(call: Call) -> None:
    await call.answer_without_end(b" " * 65_536)


async def empty_blocks(call: Call) -> None:
    """Send a gzip of as many empty blocks (RFC 1951 3.2.4) as are taken."""
    header = gzip.compress(b"")[:10]
    await call.answer_without_end(b"\0\0\0\xff\xff" * 13_000, first=header, encoding="gzip")


async def short_lived(call: Call) -> None:
    """Give a token that is no longer taken when the third page is asked for."""
    assert call.content is not None
    call.ror.token_life_s, call.ror.page_pause_s = 1.0, 0.6
    call.content["expires_in"] = 1
    await call.answer()


def _without_the_first_resource(content: Content) -> None:
    del content["entry"][0]["resource"]


def _without_the_first_id(content: Content) -> None:
    del content["entry"][0]["resource"]["id"]


def _with_more(resource: Content) -> Callable[[Content], object]:
    return lambda content: content["entry"].append({"resource": resource})


def _without_places(content: Content) -> None:
    content["entry"] = [one for one in content["entry"] if one["resource"]["resourceType"] != "Location"]


def _with_absolute_references(content: Content) -> None:
    for entry in content["entry"]:
        for one in entry["resource"].get("location", []):
            one["reference"] = f"https://ror.example/ws/{one['reference']}/_history/2"


def _not_utf_8(body: bytes) -> bytes:
    return body.replace(b"canary", b"\xff", 1).replace(b"Offer", b"\xff", 1)


def _expires_in(seconds: Any) -> Shows:
    return changed(lambda content: content.update(expires_in=seconds))


def _token(text: str) -> Shows:
    return changed(lambda content: content.update(access_token=text))


_HTML = f"<html><h1>{CANARY}</h1></html>"
_XML = f'<?xml version="1.0"?><OperationOutcome xmlns="http://hl7.org/fhir"><id value="{CANARY}"/></OperationOutcome>'
_OUTCOME = f'{{"resourceType": "OperationOutcome", "issue": [{{"code": "exception", "diagnostics": "{CANARY}"}}]}}'
_BUSINESS_RULE = (OFFICIAL / "OperationOutcome-400-business-rule.json").read_text(encoding="utf-8")
_DEEP = '{"x":' * 100_000

FAULTS = (
    Fault("nobody listens: connection refused", None, anywhere(AWAY, AWAY)),
    Fault("hangs up before it answers", hangs_up, anywhere(AWAY, AWAY)),
    Fault("hangs up in the midst of the body", hangs_up_midway, anywhere(AWAY, AWAY)),
    Fault("what it speaks is no HTTP", no_http, anywhere(AWAY, AWAY)),
    Fault("a `Content-Length` that is no number", strange_length, anywhere(AWAY, AWAY)),
    Fault("a header of 100 KB", long_header, anywhere(AWAY, AWAY)),
    Fault("hangs: no answer in time", hangs, anywhere(AWAY, TOO_SLOW), is_slow=True),
    Fault("drips: a byte now and then", drips, anywhere(AWAY, TOO_SLOW), is_slow=True),
    Fault("HTTP 500 with an OperationOutcome", answers(500, _OUTCOME), anywhere(AWAY, AWAY)),
    Fault("HTTP 502 with a gateway's HTML", answers(502, _HTML), anywhere(AWAY, AWAY)),
    Fault("HTTP 503", answers(503), anywhere(AWAY, AWAY)),
    Fault("HTTP 503 with `Retry-After`", answers(503, _HTML, Retry_After="1"), anywhere(HELD_OFF, HELD_OFF)),
    Fault(
        "HTTP 503 with a `Retry-After` in the year 99999999999",
        answers(503, Retry_After="Mon, 01 Jan 99999999999 00:00:00 GMT"),
        anywhere(AWAY, AWAY),
    ),
    Fault("HTTP 429 with `Retry-After`", answers(429, _OUTCOME, Retry_After="1"), anywhere(HELD_OFF, HELD_OFF)),
    Fault("HTTP 429 without", answers(429, _OUTCOME), anywhere(HELD_OFF, HELD_OFF)),
    Fault("HTTP 400 with an OperationOutcome", answers(400, _BUSINESS_RULE), anywhere(NO_ACCESS, REFUSED)),
    Fault("HTTP 400 with a gateway's HTML", answers(400, _HTML), anywhere(NO_ACCESS, UNREADABLE)),
    Fault("HTTP 401 (a new token is tried once)", answers(401, _HTML), anywhere(NO_ACCESS, NO_ACCESS)),
    Fault("HTTP 403", answers(403, _OUTCOME), anywhere(NO_ACCESS, NO_ACCESS)),
    Fault("HTTP 404", answers(404, _HTML), anywhere(AWAY, UNREADABLE, BEGUN_AGAIN)),
    Fault("HTTP 410", answers(410), anywhere(AWAY, UNREADABLE, BEGUN_AGAIN)),
    Fault(
        "HTTP 302 to another host, which is not followed",
        answers(302, _HTML, Location="{elsewhere}/" + CANARY),
        anywhere(AWAY, UNREADABLE),
    ),
    Fault("HTTP 204", answers(204), anywhere(AWAY, UNREADABLE)),
    Fault("HTTP 200 with a text", answers(200, CANARY), anywhere(AWAY, UNREADABLE)),
    Fault("HTTP 200 with a gateway's HTML", answers(200, _HTML), anywhere(AWAY, UNREADABLE)),
    Fault("HTTP 200 with XML", answers(200, _XML), anywhere(AWAY, UNREADABLE)),
    Fault("HTTP 200 with an OperationOutcome", answers(200, _OUTCOME), anywhere(AWAY, UNREADABLE)),
    Fault("HTTP 200 with half of the JSON", half, anywhere(AWAY, UNREADABLE)),
    Fault("JSON nested 100,000 deep", answers(200, _DEEP), anywhere(AWAY, UNREADABLE)),
    Fault("text that is not UTF-8", packed(_not_utf_8, "identity"), anywhere(AWAY, ONE_LESS)),
    Fault("larger than the bound", too_large, anywhere(UNREADABLE, UNREADABLE)),
    Fault(
        "a gzip of a few KB that unpacks beyond the bound",
        packed(lambda _: gzip.compress(b" " * (MOST_BYTES + 1))),
        anywhere(UNREADABLE, UNREADABLE),
    ),
    Fault("a gzip without end that unpacks to nothing", empty_blocks, anywhere(UNREADABLE, UNREADABLE)),
    Fault("what calls itself gzip and is none", packed(lambda body: body), anywhere(UNREADABLE, UNREADABLE)),
    Fault("a gzip that is cut off", packed(lambda body: gzip.compress(body)[:-9]), anywhere(UNREADABLE, UNREADABLE)),
    Fault(
        "an encoding that was not asked for (`br`)", packed(lambda body: body, "br"), anywhere(UNREADABLE, UNREADABLE)
    ),
    Fault("an entry without a resource", changed(_without_the_first_resource), pages(ONE_LESS)),
    Fault("an offer without an id", changed(_without_the_first_id), pages(ONE_LESS)),
    Fault("an unknown type of resource", changed(_with_more({"resourceType": "Surprise"})), pages(ANSWERED)),
    Fault("places that are referred to and absent", changed(_without_places), pages(UNPLACED)),
    Fault("absolute references", changed(_with_absolute_references), pages(ANSWERED)),
    Fault("no `total`", changed(lambda content: content.pop("total")), pages(ANSWERED)),
    Fault(
        "a next link to another host (our own is called)",
        linked(lambda ror, place: ror.page_url(2 if place is NEXT else 1).replace(ror.base_url, f"{ror.elsewhere}/ws")),
        pages(ANSWERED),
    ),
    Fault(
        "a next link with a user and a password",
        linked(lambda ror, place: ror.page_url(2 if place is NEXT else 1).replace("//", f"//us:{CANARY}@")),
        pages(ANSWERED),
    ),
    Fault("a next link that is no URL", linked(lambda _, __: f"http://{CANARY}\x07"), pages(DEAD_END)),
    Fault(
        "a next link to a host that cannot be", linked(lambda _, __: f"http://{CANARY}.\u00ad\u0301/"), pages(DEAD_END)
    ),
    Fault("a next link `javascript:`", linked(lambda _, __: "javascript:alert(1)"), pages(DEAD_END)),
    Fault("a next link `file:`", linked(lambda _, __: "file:///etc/passwd"), pages(DEAD_END)),
    Fault(
        "a next link to the same page, without end",
        linked(lambda ror, place: ror.page_url(1 if place is NEXT else 0)),
        pages(DEAD_END),
    ),
    Fault("a token that lives for a second (it is renewed between two pages)", short_lived, {TOKEN: ANSWERED}),
    Fault("a token with a line break", _token(f"{CANARY}\r\nX: y"), {TOKEN: AWAY}),
    Fault("a token that is not ASCII", _token(f"{CANARY}é"), {TOKEN: AWAY}),
    Fault("no `access_token`", changed(lambda content: content.pop("access_token")), {TOKEN: AWAY}),
    Fault("`expires_in` negative (a token for each call)", _expires_in(-1), {TOKEN: ANSWERED}),
    Fault("`expires_in` of 1e300", _expires_in(1e300), {TOKEN: ANSWERED}),
    Fault("`expires_in` NaN", _expires_in(float("nan")), {TOKEN: AWAY}),
)


def table() -> str:
    """Give both tables in Markdown: what the outcomes mean, and where each fault ends in which."""
    rows = [
        "| outcome | problem | the fault shows once | for ever, for this search alone | for ever, for all |",
        "|---|---|---|---|---|",
    ]
    for one in OUTCOMES:
        kind = f"`{one.problem}`" if one.problem else "none"
        told = " | ".join(_ends(one.ends[lasting]) for lasting in Lasting)
        rows.append(f"| **{one.name}**{f': {one.says}' if one.says else ''} | {kind} | {told} |")
    rows += ["", "| fault | token | first page | next page |", "|---|---|---|---|"]
    for fault in FAULTS:
        cells = (fault.at[place].name if place in fault.at else "–" for place in Place)
        rows.append(f"| {fault.name} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _ends(status: Status) -> str:
    """Say what a request ends in."""
    if status is Status.EXPIRED:
        return "parked: `matched` when it is over, `expired` at the deadline"
    return f"`{status.value}`" + (", with a dead letter" if status is Status.FAILED else "")


def page_with_table() -> str:
    """Give the page with fresh tables in it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    return before + START + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page_with_table(), encoding="utf-8")
