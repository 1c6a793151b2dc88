"""Commission lines: what one rule pays a partner on one validator in one period, and its computation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

import strawberry

from aurora_api.access.principal import Capability
from aurora_api.context.request import Info
from aurora_api.fast_lists.row_fields import columns_selected, made, member, money, stored
from aurora_api.queries.chains import FromPeriod, ToPeriod, period_range
from aurora_api.queries.partners import find_partner
from aurora_api.queries.validators import ValidatorKeys, bounded
from aurora_api.schema.enums import Component, FactState, LossPolicy, Method, TierMetric, TierMode, TierScope
from aurora_api.schema.money import Coin, Money
from aurora_api.schema.node import ID_DESCRIPTION, Node, is_uuid, node_id
from aurora_api.schema.pagination import PAGE_DEFAULT, After, Connection, First, Keyset
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Bps, Ordinal


@strawberry.type(
    description="The part of the measured amount that is in one tier, and the tier's rate.",
    directives=requires(Capability.READ_COMMISSIONS),
)
class RateSlice:
    """A tier as applied."""

    money: Money
    rate_bps: Bps


@strawberry.type(
    description="How a rule's total for the period was computed, over all its validators, from top to "
    "bottom: losses are set off, the rate or the tiers are applied, then floor and cap. The total is split "
    "over the validators by their bases: one line each.",
    directives=requires(Capability.READ_COMMISSIONS),
)
class RateTrace:
    """The steps from the bases of a rule to its total."""

    base: Money = strawberry.field(description="The sum of the positive bases.")
    losses: Money = strawberry.field(description="The sum of the negative bases, as a positive amount.")
    loss_offset: Money = strawberry.field(description="The amount deducted for earlier and present losses.")
    net_base: Money = strawberry.field(description="The base that the rate applies to.")
    base_before: Money = strawberry.field(
        description="The base to date of the tiers' scope, before this period."
    )
    stake: Money | None = strawberry.field(
        description="The partner's stake under the rule; null where it is not measured."
    )
    rate_bps: Bps | None = strawberry.field(description="The flat rate; null where there are tiers.")
    slices: list[RateSlice] = strawberry.field(
        description="The tiers as applied, to the base to date or to the stake; none with a flat rate."
    )
    earned: Money = strawberry.field(description="The commission before floor and cap are applied.")
    floor_applied: bool = strawberry.field(description="Whether the floor raised the total.")
    cap_applied: bool = strawberry.field(description="Whether the cap lowered the total.")
    floor: Money | None = strawberry.field(description="The rule's floor, if it has one.")
    cap: Money | None = strawberry.field(description="The rule's cap, if it has one.")
    guarantee: bool = strawberry.field(description="Whether the floor is owed even without a base.")
    loss_policy: LossPolicy
    tier_mode: TierMode | None
    tier_metric: TierMetric | None
    tier_scope: TierScope | None


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """The rule's own terms, of the agreement's version that was applied; amounts in native units."""

    floor_amount: int | None
    cap_amount: int | None
    guarantee: bool
    loss_policy: str
    tier_mode: str | None
    tier_metric: str | None
    tier_scope: str | None


def read_rate_trace(stored: Mapping[str, Any], terms: RuleTerms, coin: Coin) -> RateTrace:
    """The trace as the engine stored it: amounts are texts of digits, rates whole numbers."""
    return RateTrace(
        base=coin.money(int(stored["base"])),
        losses=coin.money(int(stored["losses"])),
        loss_offset=coin.money(int(stored["loss_offset"])),
        net_base=coin.money(int(stored["net_base"])),
        base_before=coin.money(int(stored["base_before"])),
        stake=None if stored["stake"] is None else coin.money(int(stored["stake"])),
        rate_bps=None if stored["rate_bps"] is None else Bps(stored["rate_bps"]),
        slices=[
            RateSlice(money=coin.money(int(part["amount"])), rate_bps=Bps(part["rate_bps"]))
            for part in stored["slices"]
        ],
        earned=coin.money(int(stored["earned"])),
        floor_applied=stored["floor_applied"],
        cap_applied=stored["cap_applied"],
        floor=coin.money(terms.floor_amount),
        cap=coin.money(terms.cap_amount),
        guarantee=terms.guarantee,
        loss_policy=LossPolicy(terms.loss_policy),
        tier_mode=None if terms.tier_mode is None else TierMode(terms.tier_mode),
        tier_metric=None if terms.tier_metric is None else TierMetric(terms.tier_metric),
        tier_scope=None if terms.tier_scope is None else TierScope(terms.tier_scope),
    )


_KEYSET: Final = Keyset(
    "commissionLines",
    {
        "period_id": int,
        "partner_code": str,
        "agreement_id": str,
        "rule_id": str,
        "validator_key": str,
        "line_id": UUID,
    },
)


class _LineKey(NamedTuple):
    chain_id: str
    period_id: int


class _LineRow(NamedTuple):
    line_id: str
    period_id: int
    partner_code: str
    partner_name: str
    agreement_id: str
    version: int
    rule_id: str
    validator_key: str | None
    validator_name: str | None
    component: str
    method: str
    base: int
    rate_trace: Mapping[str, Any] | None
    scaled: bool
    allocated: bool
    state: str
    claimed: int
    amount: int
    engine_version: str
    floor_amount: int | None
    cap_amount: int | None
    guarantee: bool | None
    loss_policy: str | None
    tier_mode: str | None
    tier_metric: str | None
    tier_scope: str | None


@strawberry.type(
    description="What one rule pays a partner on one validator in one period.",
    directives=requires(Capability.READ_COMMISSIONS),
)
class CommissionLine(Node):
    """One commission line."""

    id: strawberry.ID = strawberry.field(
        resolver=made(lambda line: node_id("CommissionLine", line.row.line_id), "line_id"),
        description=ID_DESCRIPTION,
    )
    row: strawberry.Private[_LineRow]
    coin: strawberry.Private[Coin]
    chain_id: str
    line_id: strawberry.ID = strawberry.field(
        resolver=stored("line_id"),
        description="The id that statements and their files print; the same at every recompute.",
    )
    period_id: Ordinal = strawberry.field(resolver=stored("period_id"))
    partner_code: str = strawberry.field(resolver=stored("partner_code"))
    partner_name: str = strawberry.field(resolver=stored("partner_name"))
    agreement_id: str = strawberry.field(resolver=stored("agreement_id"))
    agreement_version: int = strawberry.field(resolver=stored("version"))
    rule_id: str = strawberry.field(resolver=stored("rule_id"))
    validator_key: str | None = strawberry.field(
        resolver=stored("validator_key"),
        description="Null on the line that a guarantee adds for no single validator.",
    )
    validator_name: str | None = strawberry.field(resolver=stored("validator_name"))
    component: Component = strawberry.field(resolver=member("component", Component))
    method: Method = strawberry.field(resolver=member("method", Method))
    base: Money = strawberry.field(
        resolver=money("base"), description="The partner's base on this validator; may be negative."
    )
    claimed: Money = strawberry.field(
        resolver=money("claimed"), description="The amount before the revenue guard."
    )
    amount: Money = strawberry.field(resolver=money("amount"), description="The amount owed.")
    state: FactState = strawberry.field(
        resolver=member("state", FactState), description="PROVISIONAL if any fact that the rule uses is."
    )
    scaled: bool = strawberry.field(
        resolver=stored("scaled"), description="Whether the revenue guard reduced amount below claimed."
    )
    allocated: bool = strawberry.field(
        resolver=stored("allocated"),
        description="Whether the base is a share by stake, because no fact for each client exists.",
    )
    engine_version: str = strawberry.field(resolver=stored("engine_version"))

    @strawberry.field(description="The computation of the rule's total.")  # type: ignore[untyped-decorator]
    def computation(self) -> RateTrace:
        """The trace. Raises LookupError when it was not read, which `with_trace` sees to."""
        row = self.row
        if row.rate_trace is None or row.guarantee is None or row.loss_policy is None:
            raise LookupError(f"the trace of line {row.line_id} was not read")
        terms = RuleTerms(
            row.floor_amount,
            row.cap_amount,
            row.guarantee,
            row.loss_policy,
            row.tier_mode,
            row.tier_metric,
            row.tier_scope,
        )
        return read_rate_trace(row.rate_trace, terms, self.coin)


async def resolve_commission_lines(
    info: Info,
    chain_id: str,
    partner_code: Annotated[
        str | None, strawberry.argument(description="Only this partner; null for all partners.")
    ] = None,
    from_period: FromPeriod = None,
    to_period: ToPeriod = None,
    validator_keys: ValidatorKeys = None,
    components: list[Component] | None = None,
    first: First = PAGE_DEFAULT,
    after: After = None,
) -> Connection[CommissionLine]:
    """Lines in force, by period, partner, agreement, rule and validator."""
    coin = await info.context.find_coin(chain_id)
    filters = {
        "chain_id": chain_id,
        "partner_code": partner_code,
        **period_range(from_period, to_period),
        "validator_keys": bounded(validator_keys),
        "components": None if components is None else [each.value for each in components],
        "line_id": None,
    }
    page = await _read_lines(info, coin, filters, first, after)
    # A partner with lines exists.
    if partner_code is not None and not page.edges:
        await find_partner(info, partner_code)
    return page


async def find_line(info: Info, line_id: str) -> CommissionLine | None:
    """The line in force of that id; None when none is visible."""
    if not is_uuid(line_id):
        return None
    keys = await info.context.reader.rows(
        "computation/commission_lines.period_of_line", _LineKey, line_id=line_id
    )
    if not keys:
        return None
    chain_id, period_id = keys[0]
    filters = {
        "chain_id": chain_id,
        "partner_code": None,
        **period_range(period_id, period_id),
        "validator_keys": None,
        "components": None,
        "line_id": line_id,
    }
    coin = await info.context.find_coin(chain_id)
    found = await _read_lines(info, coin, filters, 1, None, whole=True)
    return found.edges[0].node if found.edges else None


async def lines_of_statement(
    info: Info,
    chain_id: str,
    partner_code: str,
    period_id: int,
    first: int,
    after: str | None,
) -> Connection[CommissionLine]:
    """The lines that a statement is the sum of."""
    filters = {
        "chain_id": chain_id,
        "partner_code": partner_code,
        **period_range(period_id, period_id),
        "validator_keys": None,
        "components": None,
        "line_id": None,
    }
    return await _read_lines(info, await info.context.find_coin(chain_id), filters, first, after)


async def _read_lines(
    info: Info,
    coin: Coin,
    filters: Mapping[str, Any],
    first: int,
    after: str | None,
    *,
    whole: bool = False,
) -> Connection[CommissionLine]:
    """A page; with `whole` its rows have every column, for more than the query selects of them."""
    page = _KEYSET.page(first, after, filters)
    always = _LineRow._fields if whole else _KEYSET.columns
    columns = columns_selected(info, CommissionLine, _LineRow, always)
    rows = await info.context.reader.some_columns(
        "computation/commission_line_page",
        columns,
        **filters,
        **page.parameters,
        with_trace="rate_trace" in columns,
    )
    return page.row_connection(rows, CommissionLine, coin=coin, chain_id=filters["chain_id"])


@strawberry.type
class CommissionLineQueries:
    """The queries of this module, as root fields."""

    commission_lines: Connection[CommissionLine] | None = strawberry.field(
        resolver=resolve_commission_lines,
        description="Commission lines, ordered by period, partner, agreement, rule and validator.",
        directives=requires(Capability.READ_COMMISSIONS),
    )
