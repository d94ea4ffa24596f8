"""Sends the example requests again and again, one every so many seconds, and prints how each was answered."""

import itertools
import json
import subprocess
import sys
import time

from rorbridge.events.examples import examples

NOT_ANSWERED = 5
"""From this exit code on `rorbridge send --wait` has no result to print."""


def main(pause_s: float) -> None:
    """Send until the process is ended."""
    for example in itertools.cycle(examples()):
        command = [sys.executable, "-m", "rorbridge", "send", "-", "--wait", "--json"]
        sent = subprocess.run(command, input=example.data, stdout=subprocess.PIPE, check=False)  # noqa: S603 - our own
        if sent.returncode < NOT_ANSWERED:
            result = json.loads(sent.stdout)
            print(f"{result['status']:9} {len(result.get('offers', [])):3} offers  {example.title}", flush=True)  # noqa: T201
        time.sleep(pause_s)


if __name__ == "__main__":
    main(float(sys.argv[1]))
