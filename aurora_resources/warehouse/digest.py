"""The digest of rows: equal digests, equal content."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID


def content_digest(tables: Mapping[str, Iterable[Sequence[object]]]) -> bytes:
    """SHA-256 of rows by table as JSON with sorted keys; amounts are written as decimal integers.

    Raises TypeError for a value that is neither JSON, a UUID nor a date.
    """
    text = json.dumps(
        {name: [list(row) for row in rows] for name, rows in tables.items()},
        sort_keys=True,
        separators=(",", ":"),
        default=_as_text,
    )
    return hashlib.sha256(text.encode()).digest()


def _as_text(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    raise TypeError(f"{type(value).__name__} has no canonical text")
