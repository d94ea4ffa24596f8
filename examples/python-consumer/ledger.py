"""What was asked and what was answered, in a database: the memory that Kafka's offsets are not.

A request is in it before it is published, so one that a crash kept back is published by the next start. A result is
in it under its ``ce_id`` before its offset is committed, so one that comes again is known and dropped. Put these two
tables into the database that you have, and what you do with a result into the same transaction as ``keep``.
"""

import sqlite3
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

_TABLES = """
CREATE TABLE IF NOT EXISTS request (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, data BLOB NOT NULL, sent INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS result (
    event_id TEXT PRIMARY KEY, request_id TEXT NOT NULL REFERENCES request (id), status TEXT NOT NULL,
    data BLOB NOT NULL
);
"""


class Request(NamedTuple):
    """A request of ours: its id, a name to know it by, its JSON."""

    id: str
    name: str
    data: bytes


class Ledger:
    """Requests and results. ``with ledger.db:`` commits at its end, or rolls back on an error."""

    def __init__(self, file: Path) -> None:
        self.db = sqlite3.connect(file)
        self.db.executescript(_TABLES)

    def add(self, name: str, data: bytes) -> None:
        """Note a request that is to be published, under an id of its own."""
        with self.db as db:
            db.execute("INSERT INTO request (id, name, data) VALUES (?, ?, ?)", (str(uuid4()), name, data))

    def unsent(self) -> list[Request]:
        """Give the requests that Kafka has not confirmed yet."""
        rows = self.db.execute("SELECT id, name, data FROM request WHERE NOT sent")
        return [Request(*row) for row in rows]

    def mark_sent(self, request_id: str) -> None:
        """Note that Kafka has a request."""
        with self.db as db:
            db.execute("UPDATE request SET sent = 1 WHERE id = ?", (request_id,))

    def find(self, request_id: str | None) -> Request | None:
        """Give a request by its id; None for one that is not ours."""
        row = self.db.execute("SELECT id, name, data FROM request WHERE id = ?", (request_id,)).fetchone()
        return Request(*row) if row else None

    def unanswered(self) -> list[Request]:
        """Give the requests without a result."""
        rows = self.db.execute("SELECT id, name, data FROM request WHERE id NOT IN (SELECT request_id FROM result)")
        return [Request(*row) for row in rows]

    def keep(self, event_id: str, request_id: str, status: str, data: bytes) -> bool:
        """Keep a result; False if it is there already. To be called within a transaction."""
        row = (event_id, request_id, status, data)
        return self.db.execute("INSERT OR IGNORE INTO result VALUES (?, ?, ?, ?)", row).rowcount == 1
