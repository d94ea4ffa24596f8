"""Standard output that arrives whole."""

import sys


def write_line(text: str) -> None:
    """Write a line to standard output, all of it.

    With PYTHONUNBUFFERED, as containers set it, ``print`` drops what a pipe did not take at once: a raw write may be
    short, and the text layer does not look at how much was written.
    """
    sys.stdout.flush()
    rest = memoryview(f"{text}\n".encode())
    while rest:
        rest = rest[sys.stdout.buffer.write(rest) or 0 :]
    sys.stdout.buffer.flush()
