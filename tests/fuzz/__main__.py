"""``python -m tests.fuzz``: a long run of the fuzzing, and what it came to."""

import argparse
import os
import sys

import pytest

from tests.fuzz.account import ACCOUNT, MOST_GROWTH_MIB

TESTS = 5
"""Tests among which the cases are divided."""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("--cases", type=int, default=50_000)
    given = options.parse_args()
    os.environ["RORBRIDGE_FUZZ_CASES"] = str(-(-given.cases // TESTS))
    code = pytest.main(["tests/fuzz", "-q", "-x", "--no-header", "-p", "no:cacheprovider"])
    print(ACCOUNT.table())
    if ACCOUNT.growth_mib > MOST_GROWTH_MIB:
        print(f"memory grows: more than {MOST_GROWTH_MIB} MiB in the second half of the run", file=sys.stderr)
        return 1
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
