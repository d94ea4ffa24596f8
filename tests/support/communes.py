"""The communes of the look-alike's data, with their coordinates."""

import csv
from importlib import resources


def communes() -> dict[str, tuple[float, float]]:
    """Give latitude and longitude by INSEE code."""
    text = (resources.files("rorbridge.lookalike") / "data" / "communes.tsv").read_text(encoding="utf-8")
    return {
        row["insee_code"]: (float(row["latitude"]), float(row["longitude"]))
        for row in csv.DictReader(text.splitlines(), delimiter="\t")
    }
