"""Which offsets of a partition are being worked on, and how far it is answered. Pure bookkeeping."""


class Window:
    """The open records of one partition.

    ``position`` is what may be committed: every record below it is answered. Offsets need not be contiguous, since
    Kafka leaves gaps (compaction, transaction markers).
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._open: dict[int, None] = {}  # in the order taken, which is that of the offsets
        self._next: int | None = None

    def take(self, offset: int) -> None:
        """Open a record. Offsets come in ascending order; raises ValueError for one that goes back."""
        if self._next is not None and offset < self._next:
            raise ValueError(f"offset {offset} comes after {self._next - 1}")
        self._open[offset] = None
        self._next = offset + 1

    def answer(self, offset: int) -> None:
        """Close a record whose answer is acknowledged. Raises KeyError for one that is not open."""
        del self._open[offset]

    @property
    def free(self) -> int:
        """How many records may still be taken."""
        return max(self.size - len(self._open), 0)

    @property
    def in_flight(self) -> int:
        """How many records are open."""
        return len(self._open)

    @property
    def position(self) -> int | None:
        """The lowest offset that is not answered; None before the first record."""
        return next(iter(self._open), self._next)
