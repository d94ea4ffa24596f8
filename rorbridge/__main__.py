"""``python -m rorbridge``: the command line."""

from rorbridge.cli import main

main()
