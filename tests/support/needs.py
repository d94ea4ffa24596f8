"""The table of docs/needs.md, from the code: every criterion, its parameter, its nomenclature and an example.

``python -m tests.support.needs`` writes it into the page.
"""

import json
from pathlib import Path

from rorbridge.events.examples import examples
from rorbridge.events.need import Need
from rorbridge.events.where import CHOICES, Where
from rorbridge.orientation.criteria import CODED
from rorbridge.ror.query import PARAMETERS

PAGE = Path(__file__).parents[2] / "docs" / "needs.md"
START, END = "<!-- table: made by tests/support/needs.py -->\n", "<!-- end of table -->\n"

OTHERS = {
    "age": ("`_filter` on `age-range-low`, `age-range-high`", "the age lies in the range, units converted"),
    "psychiatricSector": ("`psychiatric-sector`", "one of them is the offer's"),
    "equipment": (
        "`location.equipment-type`, `location.equipment-feature`, `location.limit-value`",
        "one device of the place has the type and the limit",
    ),
    "capacity": (
        "`location.capacity-type`, `location.capacity-status`, `location.temporality-capacity`, "
        "`location.nb-capacity`, `location.gender-capacity-available`, `location.capacity-closing-type`, "
        "`location.temporary-assignement`, `location.capacity-update-date`",
        "one indicator of the place meets all of it",
    ),
    "establishment": (
        "`organization.identifier:above`, `organization.type:above`",
        "an organisation above the offer has the number, and one has the category",
    ),
    "practitioner": ("`practitioner.identifier`; the rest has none", "one professional meets all of it"),
    "openAt": ("none", "a slot of the opening hours covers it, none of closing does, and the offer is not closed then"),
    "near": ("`location.near`", "the place's distance is within the radius"),
    "commune": ("`location.near-insee-code`", "the place's distance is within the radius"),
    "communes": ("`location.commune-cog`", "the place's commune is one of them"),
    "postalCodes": ("`location.address-postalcode`", "the place's postal code is one of them"),
    "departments": ("`location.address-postalcode`", "the department of the place's commune is one of them"),
    "region": ("`location.address-postalcode`", "the department of the place's commune is of the region"),
    "serves": ("`intervention-zone`", "one of them is in the offer's zone"),
}
"""Criteria that are not simply codes of the offer: parameters, and how they are verified."""


def table() -> str:
    """Give the table in Markdown."""
    rows = ["| criterion | ROR parameter | nomenclature | verified on the data | example |", "|---|---|---|---|---|"]
    for criterion in CODED:
        systems = ", ".join(system.rsplit("/TRE-", 1)[-1] for system in criterion.systems)
        rows.append(
            f"| `{criterion.name}` | `{PARAMETERS[criterion.name][0]}` | {systems} "
            f"| one of the codes, or with `allOf` each, is the offer's | {example(criterion.name)} |"
        )
    for name, (parameter, verified) in OTHERS.items():
        rows.append(f"| `{name}` | {parameter} | {nomenclatures(name)} | {verified} | {example(name)} |")
    return "\n".join(rows) + "\n"


def criteria() -> set[str]:
    """Give the names of all criteria that the contract knows."""
    need = {field.alias or name for name, field in Need.model_fields.items()}
    return need | set(CHOICES.values())


def example(name: str) -> str:
    """Give an example of a criterion, from the example requests."""
    for one in examples():
        content = json.loads(one.data)
        for part in ("need", "where"):
            if name in content.get(part, {}):
                text = json.dumps({name: content[part][name]}, ensure_ascii=False).replace("|", "\\|")
                return f"`{text}` in [{one.name}](../schemas/examples/{one.name}.json)"
    raise AssertionError(f"no example request asks for {name}")


def nomenclatures(name: str) -> str:
    """Give the nomenclatures that a compound criterion's schema names."""
    found: list[str] = []

    def walk(schema: object) -> None:
        if isinstance(schema, dict):
            found.extend(schema.get("x-nos-systems", []))
            for value in schema.values():
                walk(value)
        elif isinstance(schema, list):
            for value in schema:
                walk(value)

    model = Need if name in {field.alias or key for key, field in Need.model_fields.items()} else Where
    schema = model.model_json_schema()
    reference = schema["properties"][name]
    walk(reference)
    for definition, content in schema.get("$defs", {}).items():
        if f"#/$defs/{definition}" in json.dumps(reference):
            walk(content)
    return ", ".join(dict.fromkeys(system.rsplit("/TRE-", 1)[-1] for system in found)) or "none"


def page_with_table() -> str:
    """Give the page with a fresh table in it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    return before + START + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page_with_table(), encoding="utf-8")
