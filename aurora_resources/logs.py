"""Logs as JSON, one object a line, each with the correlation id of what it belongs to.

Everything logged through Python's `logging`, libraries included, has the same form. The code that begins a
piece of work (a request, a Dagster run) sets the id with `correlated`; all logs within it, in threads
as well, carry the id. Nothing is configured while importing.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO

import msgspec
import structlog
from structlog.types import Processor

CORRELATION_ID: Final = "correlation_id"
"""The key of a log line, and of structlog's context variables."""

_LEVEL: Final = "INFO"


def configure_logs(*, level: str = _LEVEL, stream: TextIO | None = None) -> None:
    """Make this process log JSON to `stream` (standard error) and nowhere else, from `level` on."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(json_formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def json_formatter() -> logging.Formatter:
    """Writes a record as one JSON object: time, level, logger, event, context, and the traceback if any."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_write),
        ],
    )


@contextmanager
def correlated(correlation_id: str, **context: object) -> Iterator[None]:
    """Everything logged in this context carries the id and the other values given."""
    with structlog.contextvars.bound_contextvars(**{CORRELATION_ID: correlation_id}, **context):
        yield


def current_correlation_id() -> str | None:
    """The id of the current piece of work; None where none was set."""
    found = structlog.contextvars.get_contextvars().get(CORRELATION_ID)
    return found if isinstance(found, str) else None


def _write(event: dict[str, Any], **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=str, order="deterministic").decode()
