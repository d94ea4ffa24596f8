"""What one would otherwise run, set up for the same job as the bridge's plain subset: a module for each of them.

Each has ``subjects()``, which builds the peer and gives it as its documentation sets it up, and with its
own cache.
"""


class UnavailableError(RuntimeError):
    """A peer that cannot be built here; the text says why and what is missing."""
