"""``rorbridge run`` with one part of the lane taken out, to show that the chaos run can fail.

``python -m tests.chaos.sabotage fence`` gives each process a transactional id of its own, so that nobody fences a
former owner; ``… set`` forgets the answered offsets above the position.
"""

import os
import sys
from typing import Any

from rorbridge.bus import delivery, lane, window
from rorbridge.cli.run import run

PARTS = ("fence", "set")


def main(part: str) -> None:
    if part == "fence":
        real_producer = delivery._producer

        def of_its_own(settings: Any, **options: Any) -> Any:
            if "transactional_id" in options:
                options["transactional_id"] += f".{os.getpid()}"
            return real_producer(settings, **options)

        delivery._producer = of_its_own
    elif part == "set":
        real_window = window.Window

        def forgetful(position: int | None = None, metadata: str = "") -> window.Window:
            return real_window(position)

        setattr(lane, "Window", forgetful)  # noqa: B010 - a name that the lane imports, not one that it offers
    else:
        raise SystemExit(f"no such part: {part}")
    run()


if __name__ == "__main__":
    main(sys.argv[1])
