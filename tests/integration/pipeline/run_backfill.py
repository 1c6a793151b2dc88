"""Run by the tests as a process: the whole job over a range, telling each slice that is done.

Arguments: chain, first and last period. The environment says where configuration and warehouse are. A
failure is told as JSON by step, and the exit status is 1.
"""

import json
import sys

import dagster as dg

from aurora_assets.graph.backfill import backfill
from aurora_assets.graph.materialize import watching
from aurora_resources.config.files import load_config


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - read by the test


def main() -> None:
    chain, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with dg.DagsterInstance.ephemeral() as instance, watching(lambda asset, period: say(f"{asset} {period}")):
        say("ready")
        result = backfill(load_config(), instance, chain, list(range(first, last + 1)))
    if not result.succeeded:
        say(json.dumps(result.failures))
        sys.exit(1)


main()
