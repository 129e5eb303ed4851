"""Keep notes in an SQLite file. Knows nothing of HTTP.

A note is a plain dictionary with the keys ``id``, ``title``, ``text``, ``pinned`` and
``changed_at`` (UTC, ISO 8601, to the second).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

Note: TypeAlias = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    pinned INTEGER NOT NULL,
    changed_at TEXT NOT NULL
)
"""

# instr() of the lower-cased texts and not LIKE: what is searched for may hold % and _, and
# LIKE folds the case of ASCII letters only.
_MATCHES = "(:q = '' OR instr(fold(title), :q) > 0 OR instr(fold(text), :q) > 0)"
_COUNT = f"SELECT count(*) FROM notes WHERE {_MATCHES}"
_SEARCH = (
    f"SELECT * FROM notes WHERE {_MATCHES} ORDER BY pinned DESC, id DESC LIMIT :limit OFFSET :skip"
)


def _utc_now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class NotesStore:
    """The notes in one SQLite file, which is made if it is not there.

    Args:
        path: The file.
        now: The time for ``changed_at``.
    """

    def __init__(self, path: Path, *, now: Callable[[], str] = _utc_now) -> None:
        self._now = now
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.create_function("fold", 1, str.casefold, deterministic=True)
        # The notes live no longer than the demo: waiting for the disk would only blur its timings.
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(_SCHEMA)

    def close(self) -> None:
        """Close the file. The store is of no use afterwards."""
        self._db.close()

    def search(self, q: str, *, limit: int, skip: int) -> tuple[list[Note], int]:
        """Return a page of the notes that contain ``q`` and how many there are in all.

        Pinned ones come first, then the newest.
        """
        wanted = {"q": q.casefold(), "limit": limit, "skip": skip}
        rows = self._db.execute(_SEARCH, wanted)
        notes = [_as_note(row) for row in rows]
        (total,) = self._db.execute(_COUNT, {"q": q.casefold()}).fetchone()
        return notes, total

    def get(self, note_id: int) -> Note | None:
        """Return the note, or None if there is none of that number."""
        row = self._db.execute("SELECT * FROM notes WHERE id = ?", (note_id,)).fetchone()
        return None if row is None else _as_note(row)

    def create(self, fields: Mapping[str, Any]) -> Note:
        """Add a note made of ``title``, ``text`` and ``pinned`` and return it."""
        now = self._now()
        row = self._db.execute(
            "INSERT INTO notes (title, text, pinned, changed_at)"
            " VALUES (:title, :text, :pinned, :now) RETURNING *",
            {**fields, "now": now},
        ).fetchone()
        return _as_note(row)

    def create_all(self, notes: Iterable[Mapping[str, Any]]) -> None:
        """Add several notes, the last of them being the newest."""
        for fields in notes:
            self.create(fields)

    def replace(self, note_id: int, fields: Mapping[str, Any]) -> Note | None:
        """Give the note new ``title``, ``text`` and ``pinned``; None if there is no such note."""
        row = self._db.execute(
            "UPDATE notes SET title = :title, text = :text, pinned = :pinned, changed_at = :now"
            " WHERE id = :id RETURNING *",
            {**fields, "now": self._now(), "id": note_id},
        ).fetchone()
        return None if row is None else _as_note(row)

    def delete(self, note_id: int) -> bool:
        """Delete the note; False if there was none."""
        return self._db.execute("DELETE FROM notes WHERE id = ?", (note_id,)).rowcount > 0


def _as_note(row: sqlite3.Row) -> Note:
    return {**dict(row), "pinned": bool(row["pinned"])}
