"""The graph as Dagster sees it: its edges, that it loads without secrets, checks that stop bad books."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from aurora_assets.graph.backfill import backfill
from aurora_assets.graph.definitions import build_definitions
from aurora_resources.config.files import load_chains, load_config
from aurora_resources.errors import PeriodError
from tests.integration.pipeline.installation import CHAIN, Pipeline

CHECKOUT = Path(__file__).resolve().parents[3]

EDGES = """
canonical/stake_rewards <- canonical/validator_identities, staging/mev, staging/rewards, staging/stakes
canonical/validator_fees <- canonical/validator_identities, staging/fees, staging/mev
canonical/validator_identities <- staging/periods
canonical/validator_meta <- canonical/validator_identities, staging/meta
canonical/validator_mev <- canonical/validator_identities, staging/mev
computation/commission_lines <- computation/validator_pnl, registry/agreements
computation/commission_statements <- computation/commission_lines
computation/validator_pnl <- canonical/stake_rewards, canonical/validator_fees, canonical/validator_mev
registry/agreements <-
staging/fees <- staging/mev, staging/periods
staging/meta <- staging/periods
staging/mev <- staging/periods
staging/periods <-
staging/rewards <- staging/mev, staging/periods, staging/stakes
staging/stakes <- staging/periods
"""


OTHER_EDGES = """
canonical/stake_rewards <- canonical/validator_identities, staging/fees, staging/mev, staging/rewards, \
staging/stakes
canonical/validator_fees <- canonical/validator_identities, staging/fees, staging/stakes
canonical/validator_mev <- canonical/validator_identities, staging/fees, staging/mev, staging/stakes
staging/fees <- staging/periods, staging/stakes
staging/mev <- staging/fees, staging/periods, staging/stakes
staging/rewards <- staging/fees, staging/mev, staging/periods, staging/stakes
"""
"""Where the other protocol asks in another order; everything after the facts is the same."""


def test_the_graph_is_the_one_drawn_here() -> None:
    definitions = build_definitions(load_chains(CHECKOUT))
    graph = definitions.resolve_asset_graph()
    lines: dict[str, dict[str, str]] = {}
    for key in graph.get_all_asset_keys():
        chain_id, *asset = key.path
        parents = sorted("/".join(parent.path[1:]) for parent in graph.get(key).parent_keys)
        assert {parent.path[0] for parent in graph.get(key).parent_keys} <= {chain_id}
        lines.setdefault(chain_id, {})["/".join(asset)] = f"<- {', '.join(parents)}".rstrip()
    drawn, other = (
        dict(line.split(" ", 1) for line in edges.strip().splitlines()) for edges in (EDGES, OTHER_EDGES)
    )
    assert lines == {CHAIN: drawn, "ethereum-mainnet": drawn | other}


def test_definitions_load_from_the_checkout_without_any_secret() -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_URL"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        cwd=CHECKOUT,
        env=environment | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_range_is_one_run_with_metadata_for_each_period(pipeline: Pipeline) -> None:
    result = pipeline.backfill(802, 803)
    assert result.succeeded, result.failures
    key = dg.AssetKey([CHAIN, "computation", "validator_pnl"])
    records = pipeline.instance.fetch_materializations(key, limit=10).records
    by_partition = {record.partition_key: record.asset_materialization for record in records}
    assert set(by_partition) == {"802", "803"}
    assert {record.run_id for record in records} == {result.run_id}
    for materialization in by_partition.values():
        assert materialization is not None
        assert materialization.metadata["dagster/row_count"].value == 4
        assert "Aldebaran Staking 1" in str(materialization.metadata["pnl"].value)
    staged = pipeline.instance.fetch_materializations(dg.AssetKey([CHAIN, "staging", "mev"]), limit=1)
    metadata = staged.records[0].asset_materialization
    assert metadata is not None
    assert len(str(metadata.metadata["content_sha256"].value)) == 64


def test_a_period_that_is_not_final_fails_with_its_reason_and_the_others_are_booked(
    pipeline: Pipeline,
) -> None:
    result = pipeline.backfill(807, 809)
    assert not result.succeeded
    told = " ".join(result.failures.values())
    assert "period 809 is not final: the chain is in period 810 and finality_lag is 2" in told


def test_a_blocking_check_stops_the_books_over_facts_that_do_not_add_up(pipeline: Pipeline) -> None:
    with pipeline.warehouse.connect() as connection:
        connection.execute(
            """
            create function public.spoil() returns trigger language plpgsql as $$
            begin
                new.reward = new.reward + 1;
                return new;
            end
            $$;
            create trigger spoil before insert on canonical.stake_rewards
            for each row execute function public.spoil();
            """
        )
    result = pipeline.backfill(803, 803)
    assert not result.succeeded
    told = " ".join(result.failures.values())
    assert "stakers_sum_to_validator" in told
    assert pipeline.pnl(803) == {}, "nothing is booked on facts that do not add up"


@pytest.mark.parametrize("periods", [[], [805, 807], [806, 805]])
def test_a_backfill_takes_a_gapless_range(pipeline: Pipeline, periods: list[int]) -> None:
    with pytest.raises(PeriodError, match="gapless range"):
        backfill(load_config(pipeline.folder), pipeline.instance, CHAIN, periods)
