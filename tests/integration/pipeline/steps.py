"""The graph's steps called directly, in the graph's order: what Dagster does, without Dagster's seconds.

A step whose inputs failed is not run, as in a run of Dagster.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import anyio

from aurora_assets.pipeline import write_facts
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.ingest import ingest
from aurora_assets.pipeline.pnl import book_pnl
from aurora_resources.config.files import load_config
from aurora_resources.config.models import AuroraConfig
from aurora_resources.errors import AuroraError
from aurora_resources.providers.chain_source import fetch_order
from aurora_resources.providers.wiring import chain_source, open_transport
from tests.integration.pipeline.installation import Pipeline

_CANONICAL: Final[Mapping[str, tuple[Sequence[str], Callable[[ChainRun, int], object]]]] = {
    "validator_identities": (["periods"], write_facts.write_period),
    "validator_fees": (["fees", "mev", "validator_identities"], write_facts.write_fees),
    "validator_mev": (["mev", "validator_identities"], write_facts.write_mev),
    "stake_rewards": (["rewards", "mev", "stakes", "validator_identities"], write_facts.write_rewards),
    "validator_meta": (["meta", "validator_identities"], write_facts.write_meta),
    "validator_pnl": (["validator_fees", "validator_mev", "stake_rewards"], book_pnl),
}

Failures = dict[str, str]


def work_through(pipeline: Pipeline, period_id: int, *, refresh: bool = False) -> Failures:
    """Ask, normalise and book one period; what failed, by step, with the message a user reads."""
    config = load_config(pipeline.folder)
    settings = config.chain(pipeline.chain_id)
    run = ChainRun(settings, chain_source(settings), pipeline.warehouse, run_id="steps")
    failures = anyio.run(partial(_ask, config, run, period_id, refresh=refresh))
    broken = set(failures)
    for name, (inputs, step) in _CANONICAL.items():
        if broken.intersection(inputs):
            broken.add(name)
            continue
        try:
            step(run, period_id)
        except AuroraError as error:
            failures[name] = f"period {period_id}: {error}"
            broken.add(name)
    return {step: message for step, message in failures.items() if message}


async def _ask(config: AuroraConfig, run: ChainRun, period_id: int, *, refresh: bool) -> Failures:
    """By role that did not work: its message, or nothing where an earlier one is to blame."""
    failures: Failures = {}
    async with open_transport(config, run.settings) as transport:
        policies = run.source.policies
        for role in fetch_order(policies):
            if set(failures).intersection(policies[role].depends_on):
                failures[role.value] = ""
                continue
            try:
                head = await run.source.head(transport)
                await ingest(run, transport, head, period_id, role, refresh=refresh)
            except AuroraError as error:
                failures[role.value] = f"period {period_id}: {error}"
    return failures
