"""How a command prints: text and tables on the terminal, errors on standard error, JSON for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from rich.console import Console

# A pipe or a log file has no width of its own; the tables need about 120 columns.
console: Final = Console(width=None if sys.stdout.isatty() else 120)
error_console: Final = Console(stderr=True)


def print_json(value: object) -> None:
    """Print one JSON document on standard output."""
    print(json.dumps(value, indent=2, default=str))  # noqa: T201 - the output that was asked for


def to_json_value(value: object) -> object:
    """The value in JSON types: bytes in hexadecimal, dates and identifiers as text."""
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
