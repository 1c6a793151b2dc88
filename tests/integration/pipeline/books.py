"""What the books say, without the numbers and times that differ between two runs: for comparing them."""

from typing import Any, Final

from tests.integration.pipeline.installation import CHAIN, Pipeline

Books = dict[str, list[Any]]

COMPONENTS: Final = ("exec_fees", "mev_tips", "vote_rewards", "commission")
_OF_A_RUN: Final = ("ingestion_id", "generation_id")
_TABLES: Final = (
    "registry.periods",
    "registry.validators",
    "registry.operator_wallets",
    "canonical.validator_identities",
    "canonical.validator_fees",
    "canonical.validator_mev",
    "canonical.validator_rewards",
    "canonical.stake_rewards",
    "canonical.validator_meta",
    "canonical.findings",
    "computation.validator_pnl_current",
    "computation.partner_stake_current",
    "computation.commission_lines_current",
    "computation.commission_statements_current",
)


def books(pipeline: Pipeline, *without: str) -> Books:
    """Every row in force, by table; `without` are more columns to leave aside."""
    leave = [*_OF_A_RUN, *without]
    return {
        table: [
            row
            for (row,) in pipeline.query(
                f"select to_jsonb(t) - %s::text[] as row from {table} as t order by 1", leave
            )
        ]
        for table in _TABLES
    }


def assert_honest(pipeline: Pipeline, period_id: int, undisturbed: dict[str, dict[str, Any]]) -> None:
    """What is missing has no amount, no total and a finding; a zero is one that the true books have too."""
    told = {
        key
        for (key,) in pipeline.query(
            "select distinct validator_key from canonical.findings where chain_id = %s and period_id = %s",
            CHAIN,
            period_id,
        )
    }
    for key, row in pipeline.pnl(period_id).items():
        for part in COMPONENTS:
            amount, state = row[part], row[f"{part}_state"]
            assert (amount is None) == (state == "MISSING"), (key, part, amount, state)
            silent = amount == 0 and state == "FINAL" and key not in told
            assert not silent or undisturbed[key][part] == 0, f"{part} of {key} is a silent zero"
        missing = [part for part in COMPONENTS if row[part] is None]
        assert (row["total_revenue"] is None) == bool(missing)
        assert (row["completeness"] == "INCOMPLETE") == bool(missing)
        assert not missing or key in told, f"{missing} of {key} are missing and nothing is said about it"
