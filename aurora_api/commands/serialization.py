"""Values of the books as JSON has them: digests in hexadecimal, times and identifiers as text."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID


def to_json_value(value: object) -> object:
    """The same value of texts, whole numbers, lists and objects only."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {name: to_json_value(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [to_json_value(part) for part in value]
    return value
