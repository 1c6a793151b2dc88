"""What went wrong in a run, step by step, in the words of the error that was raised."""

from collections.abc import Iterable, Mapping

import dagster as dg


def step_failures(events: Iterable[dg.DagsterEvent]) -> Mapping[str, str]:
    """The messages of failed steps, by step."""
    failures = {}
    for event in events:
        if event.is_step_failure and event.step_key is not None:
            error = event.step_failure_data.error
            message = error.cause.message if error is not None and error.cause is not None else None
            failures[event.step_key] = message or (error.message if error is not None else "failed")
    return failures
