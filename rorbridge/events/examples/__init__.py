"""Example requests, each from a search scenario that the ANS documents for the ROR."""

from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Example:
    """An example request."""

    name: str
    """File name without its ending, such as ``05-near-a-point``."""
    data: bytes
    """The request's JSON."""

    @property
    def title(self) -> str:
        """What it shows, in words."""
        return self.name.split("-", 1)[1].replace("-", " ")


def examples() -> list[Example]:
    """Give the example requests in their order."""
    files = (file for file in resources.files(__package__).iterdir() if file.name.endswith(".json"))
    return [
        Example(file.name.removesuffix(".json"), file.read_bytes())
        for file in sorted(files, key=lambda file: file.name)
    ]
