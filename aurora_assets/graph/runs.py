"""What belongs to a run: its tags, the reasons of its failure, and its log.

Runs log JSON like the rest of Aurora, with the correlation id of the request that started them; a run that
no request started has its own id for it.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

import dagster as dg

from aurora_resources.logs import CORRELATION_ID, json_formatter

CORRELATION_TAG: Final = "aurora/correlation_id"
"""The tag of a run that names the request which started it, as the API's log and the audit log do."""
PRIORITY_TAG: Final = "dagster/priority"

_RANGE_START_TAG: Final = "dagster/asset_partition_range_start"
_RANGE_END_TAG: Final = "dagster/asset_partition_range_end"
_META: Final = "dagster_meta"
_LOGGED: Final = ("run_id", "job_name", "step_key")


def range_tags(first: int, last: int) -> Mapping[str, str]:
    """The tags that make a run cover the periods from `first` to `last`."""
    return {_RANGE_START_TAG: str(first), _RANGE_END_TAG: str(last)}


def correlation_id_of(tags: Mapping[str, str], run_id: str) -> str:
    """The correlation id of a run."""
    return tags.get(CORRELATION_TAG) or run_id


def step_failures(events: Iterable[dg.DagsterEvent]) -> Mapping[str, str]:
    """The messages of failed steps, by step: that of the error which the step raised."""
    failures = {}
    for event in events:
        if event.is_step_failure and event.step_key is not None:
            error = event.step_failure_data.error
            message = error.cause.message if error is not None and error.cause is not None else None
            failures[event.step_key] = message or (error.message if error is not None else "failed")
    return failures


class _RunFields(logging.Filter):
    """Replaces the long message of a Dagster record by the fields of an Aurora log line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always keeps the record."""
        meta: dict[str, Any] = getattr(record, _META, None) or {}
        vars(record).pop(_META, None)
        for name in _LOGGED:
            if meta.get(name):
                setattr(record, name, meta[name])
        if meta.get("run_id"):
            found = correlation_id_of(meta.get("job_tags") or {}, meta["run_id"])
            setattr(record, CORRELATION_ID, found)
        if meta.get("orig_message"):
            record.msg, record.args = meta["orig_message"], ()
        return True


@dg.logger(
    config_schema={"log_level": dg.Field(str, is_required=False, default_value="INFO")},
    description="One JSON object per line on standard error, with the correlation id.",
)
def json_console(init_context: dg.InitLoggerContext) -> logging.Logger:
    """Dagster's console logger, under the same name and with the same setting."""
    config: Mapping[str, Any] = init_context.logger_config
    logger = logging.Logger("aurora_assets.run", level=config["log_level"])
    handler = logging.StreamHandler()
    handler.addFilter(_RunFields())
    handler.setFormatter(json_formatter())
    logger.addHandler(handler)
    return logger
