"""Which offsets of a partition are being worked on, and how far it is answered. Pure bookkeeping."""

from collections import deque

from rorbridge.bus.answered import MOST_SPAN, decode, encode


class Window:
    """The open records of one partition, and how far above them others are answered already.

    ``position`` is what may be committed: every record below it is answered. Offsets need not be contiguous, since
    Kafka leaves gaps (compaction, transaction markers); an offset in a gap counts as answered, as there is nothing to
    answer.
    """

    def __init__(self, position: int | None = None, metadata: str = "") -> None:
        """Begin where a commit says; None before the first commit. Raises NotOursError for *metadata* not ours."""
        answered, end = decode(position or 0, metadata)
        self._end = None if position is None else end
        at = position or 0
        self._unread: deque[int] = deque()
        """Open offsets that a commit tells of and that are not read again yet."""
        for one in answered:
            self._unread.extend(range(at, one.start))
            at = one.stop
        self._open: dict[int, None] = dict.fromkeys(self._unread)  # in the order of the offsets
        self._next = position

    def take(self, offset: int) -> bool:
        """Open a record; False when it was answered before the restart, so that there is nothing to do.

        Offsets come in ascending order; raises ValueError for one that goes back.
        """
        if self._next is not None and offset < self._next:
            raise ValueError(f"offset {offset} comes after {self._next - 1}")
        self.skip(offset)
        self._next = offset + 1
        if self._unread and self._unread[0] == offset:
            self._unread.popleft()
            return True
        if self._end is not None and offset < self._end:
            return False
        self._end = offset + 1
        self._open[offset] = None
        return True

    def skip(self, offset: int) -> None:
        """Note that the next record is *offset*: Kafka has none of those before it that a commit left open."""
        while self._unread and self._unread[0] < offset:
            self._open.pop(self._unread.popleft())

    def answer(self, offset: int) -> None:
        """Close a record whose answer is on its way. Raises KeyError for one that is not open."""
        del self._open[offset]

    @property
    def in_flight(self) -> int:
        """How many records are taken and open."""
        return len(self._open) - len(self._unread)

    @property
    def span(self) -> int:
        """How many offsets there are from the lowest open one to the highest answered one, both counted."""
        end = self._end
        for offset in reversed(self._open):
            if offset + 1 != end:
                break
            end = offset
        return end - position if end is not None and (position := self.position) is not None else 0

    @property
    def room(self) -> int:
        """How many more offsets may be read before the answered ones could not be written down any more.

        After a restart those up to the highest answered one are read again, and take no room.
        """
        position = self.position or 0
        return MOST_SPAN - (max(self._next or 0, position) - position)

    def reaches(self, offset: int) -> bool:
        """Tell whether *offset* may be taken: not when a gap puts it beyond what a commit has room for.

        Those left open before it that are not there any more have to be skipped first.
        """
        return not self._open or offset - next(iter(self._open)) < MOST_SPAN

    @property
    def position(self) -> int | None:
        """The lowest offset that is not answered; None before the first record."""
        return next(iter(self._open), self._end)

    @property
    def metadata(self) -> str:
        """What is answered above the position, for the commit."""
        if self._end is None or self.position is None:
            return ""
        return encode(self.position, self._open, self._end)
