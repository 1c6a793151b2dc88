"""Where a command shows what it found: the terminal, standard error, and JSON for programs."""

import json
import sys
from typing import Final

from rich.console import Console

# A pipe or a log has no width of its own; the tables need about this much.
console: Final = Console(width=None if sys.stdout.isatty() else 120)
complaints: Final = Console(stderr=True)


def print_json(value: object) -> None:
    """Data for programs: one JSON document on standard output."""
    print(json.dumps(value, indent=2, default=str))  # noqa: T201 - that is what was asked for
