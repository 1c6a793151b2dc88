"""How a commission line was computed: the steps of its arithmetic, its facts, and their provider responses.

It is found and computed once more by `aurora_assets/explain/explanation.py`; here it becomes GraphQL types.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

import strawberry

from aurora_api.access.principal import Capability, require_full_view
from aurora_api.context.read_only import read_with
from aurora_api.context.request import Info
from aurora_api.problems import Code, Problem
from aurora_api.queries.canonical_facts import CanonicalFacts, SourcePayload, find_facts
from aurora_api.queries.commission_lines import CommissionLine, find_line
from aurora_api.queries.overrides import read_line_id
from aurora_api.queries.validators import ValidatorPnl, find_pnl
from aurora_api.schema.money import Coin, Money
from aurora_api.schema.permissions import requires
from aurora_assets.explain.explanation import Explanation, LineNotFound, Row, Source, explain
from aurora_resources.config.files import load_chains

LISTED_DEFAULT: Final = 20
LISTED_MAX: Final = 500

Listed: TypeAlias = Annotated[
    int, strawberry.argument(description=f"How many at most, 1 to {LISTED_MAX}; the count tells of all.")
]


@strawberry.type(
    description="One recomputed step of the arithmetic.", directives=requires(Capability.READ_FACTS)
)
class ExplanationStep:
    """One step."""

    what: str
    formula: str
    amount: Money | None = strawberry.field(
        description="The result of the formula; null if a part is unknown."
    )
    booked: Money | None = strawberry.field(description="The booked amount; null where none is stored.")
    holds: bool = strawberry.field(description="Whether the booked amount is the same.")


@strawberry.type(
    description="A wallet with stake on the validator that the partner introduced.",
    directives=requires(Capability.READ_FACTS),
)
class ExplainedWallet:
    """One wallet."""

    wallet: str
    active_stake: Money | None
    part_of_base: Money | None = strawberry.field(
        description="What it stands for of the line's base; null where it is not split by wallet."
    )


@strawberry.type(
    description="A stake account owned by such a wallet.", directives=requires(Capability.READ_FACTS)
)
class ExplainedStakeAccount:
    """One stake account."""

    stake_account: str
    owner: str | None
    active_stake: Money | None
    stake_basis: str
    reward: Money | None


@strawberry.type(
    description="A set of provider responses that facts of the line were derived from.",
    directives=requires(Capability.READ_FACTS),
)
class ExplainedSource:
    """One set."""

    role: str
    state: str
    in_force: bool
    finished_at: datetime = strawberry.field(description="UTC.")
    run_id: str
    payload_count: int = strawberry.field(
        description="Responses about the line's validator, or not about a single validator."
    )
    rows: strawberry.Private[Sequence[Row]]

    @strawberry.field(description="The responses, up to the limit.")  # type: ignore[untyped-decorator] # Strawberry types it so
    def payloads(self, first: Listed = LISTED_DEFAULT) -> list[SourcePayload]:
        """In the order of the requests."""
        return [_payload(row, self.role, self.run_id) for row in self.rows[: bounded_list(first)]]


@strawberry.type(
    description="The computation of a commission line, down to the providers' responses.",
    directives=requires(Capability.READ_FACTS),
)
class LineExplanation:
    """One line."""

    line: CommissionLine
    holds: bool = strawberry.field(description="Whether every step gives the booked amount.")
    steps: list[ExplanationStep]
    pnl: ValidatorPnl | None = strawberry.field(
        description="The validator's P&L in force; null on a guarantee's line."
    )
    pnl_superseded: bool = strawberry.field(
        description="Whether the line was computed from an earlier P&L than the one in force: recompute."
    )
    facts: CanonicalFacts | None = strawberry.field(description="Null on a guarantee's line.")
    wallet_count: int
    stake_account_count: int
    sources: list[ExplainedSource]
    found: strawberry.Private[Explanation]
    coin: strawberry.Private[Coin]

    @strawberry.field(description="The partner's wallets, up to the limit.")  # type: ignore[untyped-decorator]
    def wallets(self, first: Listed = LISTED_DEFAULT) -> list[ExplainedWallet]:
        """By wallet."""
        return [
            ExplainedWallet(
                wallet=row["wallet"],
                active_stake=self.coin.money(row["active_stake"]),
                part_of_base=self.coin.money(row["part"]),
            )
            for row in self.found.wallets[: bounded_list(first)]
        ]

    @strawberry.field(description="Their stake accounts, largest first, up to the limit.")  # type: ignore[untyped-decorator]
    def stake_accounts(self, first: Listed = LISTED_DEFAULT) -> list[ExplainedStakeAccount]:
        """The largest first."""
        return [
            ExplainedStakeAccount(
                stake_account=row["stake_account"],
                owner=row["withdrawer"],
                active_stake=self.coin.money(row["active_stake"]),
                stake_basis=row["stake_basis"],
                reward=self.coin.money(row["reward"]),
            )
            for row in self.found.accounts[: bounded_list(first)]
        ]


def bounded_list(first: int) -> int:
    """`first` as it may be. Raises Problem out of bounds."""
    if not 1 <= first <= LISTED_MAX:
        raise Problem(Code.LIMIT_EXCEEDED, f"first is {first}; ask for 1 to {LISTED_MAX}")
    return first


async def resolve_explain_line(
    info: Info,
    id: Annotated[strawberry.ID, strawberry.argument(description="A CommissionLine's id or lineId.")],  # noqa: A002
) -> LineExplanation | None:
    """The computation of the line in force; None when there is no visible line."""
    line_id = str(read_line_id(id))
    line = await find_line(info, line_id)
    if line is None:
        return None
    require_full_view(info.context.caller, "explaining a line")
    try:
        found = await read_with(info, lambda session: explain(session, line_id, load_chains()))
    except LineNotFound:
        # Superseded between the two readings.
        return None
    chain = await info.context.find_chain(line.chain_id)
    about = (line.chain_id, str(line.row.period_id), line.row.validator_key)
    return LineExplanation(
        line=line,
        holds=found.holds,
        steps=[
            ExplanationStep(
                what=step.what,
                formula=step.formula,
                amount=chain.coin.money(step.amount),
                booked=chain.coin.money(step.booked),
                holds=step.holds,
            )
            for step in found.steps
        ],
        pnl=None if about[2] is None else await find_pnl(info, about[0], about[1], about[2]),
        pnl_superseded=found.pnl is not None and not found.pnl["is_current"],
        facts=None if about[2] is None else await find_facts(info, about[0], about[1], about[2]),
        wallet_count=len(found.wallets),
        stake_account_count=len(found.accounts),
        sources=[_source(source) for source in found.sources],
        found=found,
        coin=chain.coin,
    )


def _source(source: Source) -> ExplainedSource:
    row = source.ingestion
    return ExplainedSource(
        role=row["role"],
        state=row["state"],
        in_force=row["is_current"],
        finished_at=row["finished_at"],
        run_id=row["run_id"],
        payload_count=len(source.payloads),
        rows=source.payloads,
    )


def _payload(row: dict[str, Any], role: str, run_id: str) -> SourcePayload:
    return SourcePayload(
        sha256=bytes(row["sha256"]).hex(),
        role=role,
        provider=row["provider"],
        endpoint=row["endpoint"],
        subject=row["subject"],
        request=json.dumps(row["request"]),
        status=row["status"],
        fetched_at=row["fetched_at"],
        size_bytes=row["size_bytes"],
        run_id=run_id,
    )


@strawberry.type
class LineExplanationQueries:
    """The queries of this module, as root fields."""

    explain_line: LineExplanation | None = strawberry.field(
        resolver=resolve_explain_line,
        description="The computation of a commission line; null if there is no such line.",
        directives=requires(Capability.READ_FACTS),
    )
