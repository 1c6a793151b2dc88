"""What Dagster's runs log: JSON like the rest of Aurora, with the correlation id of whoever started the run.

The id is the run's tag; a run that nobody else began has its own id for it.
"""

import logging
from collections.abc import Mapping
from typing import Any, Final

import dagster as dg

from aurora_resources.logs import CORRELATION_ID, json_formatter

CORRELATION_TAG: Final = "aurora/correlation_id"
"""The tag of a run that says which request, in the API's log and in the audit log, it comes from."""

_META: Final = "dagster_meta"
_SHOWN: Final = ("run_id", "job_name", "step_key")


def correlation_id_of(tags: Mapping[str, str], run_id: str) -> str:
    """The correlation id of a run."""
    return tags.get(CORRELATION_TAG) or run_id


class _RunFields(logging.Filter):
    """Gives a record of Dagster's the fields that a log line has, in place of its own long text."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always keeps the record."""
        meta: dict[str, Any] = getattr(record, _META, None) or {}
        vars(record).pop(_META, None)
        for name in _SHOWN:
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
    description="One JSON object a line on standard error, with the correlation id.",
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
