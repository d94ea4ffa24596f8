"""How much is fuzzed: little and always the same in `make test`, as much as asked for in `make fuzz`."""

import os
from typing import Final

CASES: Final = int(os.environ.get("RORBRIDGE_FUZZ_CASES", "0"))
"""Cases of each test; 0 for the short run."""
PART: Final = 1_000
"""Cases of one test that hypothesis runs together. It remembers all of them, so a long run is made of parts."""
PARTS: Final = -(-CASES // PART) or 1
PROFILE: Final = "fuzz-long" if CASES else "fuzz-short"
"""The profile of hypothesis; both are in conftest.py."""
