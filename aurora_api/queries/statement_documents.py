"""The content of a monthly statement: periods, lines, corrections and totals, as types and as a file.

The content is frozen at submission. A draft is built from the lines in force by
`aurora_assets/statements/store.py`, together with what prevents its submission. Nothing is computed here.
"""

import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import strawberry

from aurora_api.access.download_tokens import FileFormat
from aurora_api.access.principal import Capability, Principal, require_full_view, sees_chain
from aurora_api.context.read_only import read_with
from aurora_api.context.request import Info
from aurora_api.problems import Code, Problem
from aurora_api.schema.enums import Component, FactState, Method
from aurora_api.schema.money import Coin, Money
from aurora_api.schema.node import not_found
from aurora_api.schema.pagination import PAGE_DEFAULT, After, Connection, First, Keyset
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Ordinal
from aurora_assets.commission.statement import RELEASED_STATES, StatementError, StatementKey
from aurora_assets.statements.content import read_line
from aurora_assets.statements.csv_file import rate_text
from aurora_assets.statements.store import StatementView, view_frozen, view_statement
from aurora_resources.warehouse.connection import DbConnection

Asked: TypeAlias = tuple[StatementKey, str | None]
"""A statement: its key and, once it was submitted, the id of its frozen content."""

T = TypeVar("T")

_LINES: Final = Keyset("statement.lines", {"position": int})
_CORRECTIONS: Final = Keyset("statement.corrections", {"position": int})


@strawberry.type(description="One period of a statement.", directives=requires(Capability.READ_COMMISSIONS))
class StatementSection:
    """One period."""

    period_id: Ordinal
    label: str
    starts_at: datetime = strawberry.field(description="UTC.")
    ends_at: datetime = strawberry.field(description="UTC.")
    line_count: int
    total: Money = strawberry.field(description="The sum of its lines.")


@strawberry.type(
    description="A commission line as stated. What is owed is amount: a person may have set it.",
    directives=requires(Capability.READ_COMMISSIONS),
)
class StatementLine:
    """One line."""

    line_id: strawberry.ID = strawberry.field(
        description="The commission line's, the same at every recompute."
    )
    period_id: Ordinal
    agreement_id: str
    agreement_version: int
    rule_id: str
    validator_key: str | None = strawberry.field(description="Null on a guarantee's line.")
    validator_name: str | None
    component: Component
    method: Method
    base: Money
    rate: str = strawberry.field(description="Such as `1000 bps`, or the rates of the reached tiers.")
    computed: Money = strawberry.field(description="The amount computed by the rule.")
    amount: Money = strawberry.field(description="The amount owed.")
    override_reason: str | None = strawberry.field(
        description="The reason for a manual override, if there is one."
    )
    allocated: bool
    scaled: bool
    state: FactState
    engine_version: str


@strawberry.type(
    description="A difference on a line found after the release of its statement.",
    directives=requires(Capability.READ_COMMISSIONS),
)
class StatementCorrection:
    """One correction."""

    line_id: strawberry.ID
    period_id: Ordinal
    agreement_id: str
    agreement_version: int
    rule_id: str
    validator_key: str | None
    component: Component
    released: Money = strawberry.field(description="The amount stated for the line so far.")
    recomputed: Money = strawberry.field(description="The recomputed amount.")
    difference: Money = strawberry.field(
        description="The additional amount owed; negative if too much was stated."
    )
    cause: str


class _Positioned(NamedTuple):
    position: int
    entry: Mapping[str, Any]
    period_id: int


@strawberry.type(description="The content of a statement.", directives=requires(Capability.READ_COMMISSIONS))
class StatementDocument:
    """Its content."""

    sha256: str = strawberry.field(description="Of the content as RFC 8785 JSON, hexadecimal.")
    lines_total: Money
    corrections_total: Money
    total: Money
    opening_balance: Money
    payable: Money
    closing_balance: Money
    periods: list[StatementSection]
    blockers: list[str] = strawberry.field(
        description="What prevents the submission of a draft, in words; empty otherwise.",
        directives=requires(Capability.READ_FINDINGS),
    )
    left_alone: list[str] = strawberry.field(
        description="Released months for which a correction may be due but is not yet known.",
        directives=requires(Capability.READ_FINDINGS),
    )
    content: strawberry.Private[Mapping[str, Any]]

    @strawberry.field(description="Its lines, ordered by period.")  # type: ignore[untyped-decorator] # Strawberry types it so
    def lines(self, first: First = PAGE_DEFAULT, after: After = None) -> Connection[StatementLine]:
        """A page of its lines."""
        coin = _coin(self.content)
        lines = [
            (line, period["period_id"]) for period in self.content["periods"] for line in period["lines"]
        ]
        return self._page(_LINES, lines, first, after, lambda row: _line(row, coin))

    @strawberry.field(description="Corrections of earlier statements.")  # type: ignore[untyped-decorator]
    def corrections(
        self, first: First = PAGE_DEFAULT, after: After = None
    ) -> Connection[StatementCorrection]:
        """A page of its corrections."""
        coin = _coin(self.content)
        items = [(item, item["period_id"]) for item in self.content["true_ups"]]
        return self._page(_CORRECTIONS, items, first, after, lambda row: _correction(row, coin))

    def _page(
        self,
        keyset: Keyset,
        entries: Sequence[tuple[Mapping[str, Any], int]],
        first: int,
        after: str | None,
        node: Callable[[_Positioned], T],
    ) -> Connection[T]:
        page = keyset.page(first, after, {"sha256": self.sha256})
        begin = 0 if page.after is None else int(page.after[0]) + 1
        rows = [
            _Positioned(position, entry, period_id)
            for position, (entry, period_id) in enumerate(entries[begin : begin + first + 1], start=begin)
        ]
        return page.connection(rows, node)


class _ContentRow(NamedTuple):
    statement_id: str
    content: Mapping[str, Any]
    sha256: str


def load_documents(
    info: Info,
) -> Callable[[list[Asked]], Coroutine[None, None, list[StatementDocument | None]]]:
    """Reads the documents of a page's statements: the frozen ones with one statement, then the drafts."""

    async def load(asked: list[Asked]) -> list[StatementDocument | None]:
        frozen_ids = [frozen_id for _, frozen_id in asked if frozen_id is not None]
        found: dict[str, StatementDocument] = {}
        if frozen_ids:
            rows = await info.context.reader.rows(
                "computation/statements.statement_contents", _ContentRow, statement_ids=frozen_ids
            )
            found = {row.statement_id: _document(row.content, row.sha256) for row in rows}
        keys = [key for key, frozen_id in asked if frozen_id is None]
        if keys:
            require_full_view(info.context.caller, "a draft")
        drafts = await read_with(info, lambda session: _drafts(session, keys)) if keys else {}
        return [drafts.get(key) if frozen_id is None else found.get(frozen_id) for key, frozen_id in asked]

    return load


def _drafts(session: DbConnection, keys: Sequence[StatementKey]) -> dict[StatementKey, StatementDocument]:
    drafts = {}
    for key in keys:
        try:
            view = view_statement(session, key)
        except StatementError:
            # Nothing can be stated for that month: the draft has no document.
            continue
        drafts[key] = _document(
            view.content.document, view.content.sha256.hex(), view.blockers, view.left_alone
        )
    return drafts


def _document(
    content: Mapping[str, Any], sha256: str, blockers: Sequence[str] = (), left_alone: Sequence[str] = ()
) -> StatementDocument:
    coin = _coin(content)
    totals = {name: coin.money(int(amount)) for name, amount in content["totals"].items()}
    return StatementDocument(
        sha256=sha256,
        lines_total=totals["lines"],
        corrections_total=totals["true_ups"],
        total=totals["total"],
        opening_balance=totals["opening_balance"],
        payable=totals["payable"],
        closing_balance=totals["closing_balance"],
        periods=[
            StatementSection(
                period_id=Ordinal(period["period_id"]),
                label=period["label"],
                starts_at=datetime.fromisoformat(period["starts_at"]),
                ends_at=datetime.fromisoformat(period["ends_at"]),
                line_count=len(period["lines"]),
                total=coin.money(int(period["total"])),
            )
            for period in content["periods"]
        ],
        blockers=list(blockers),
        left_alone=list(left_alone),
        content=content,
    )


def _coin(content: Mapping[str, Any]) -> Coin:
    chain = content["chain"]
    return Coin(chain["native_unit"], chain["native_decimals"], chain["display_unit"])


def _line(row: _Positioned, coin: Coin) -> StatementLine:
    line = read_line(row.entry, row.period_id)
    return StatementLine(
        line_id=strawberry.ID(str(line.line_id)),
        period_id=Ordinal(line.period_id),
        agreement_id=line.agreement_id,
        agreement_version=line.version,
        rule_id=line.rule_id,
        validator_key=line.validator_key,
        validator_name=line.validator_name,
        component=Component(line.component),
        method=Method(line.method),
        base=coin.money(line.base),
        rate=rate_text(line.trace),
        computed=coin.money(line.computed),
        amount=coin.money(line.amount),
        override_reason=line.override_reason,
        allocated=line.allocated,
        scaled=line.scaled,
        state=FactState(line.state),
        engine_version=line.engine_version,
    )


def _correction(row: _Positioned, coin: Coin) -> StatementCorrection:
    item = row.entry
    return StatementCorrection(
        line_id=strawberry.ID(item["line_id"]),
        period_id=Ordinal(row.period_id),
        agreement_id=item["agreement_id"],
        agreement_version=item["version"],
        rule_id=item["rule_id"],
        validator_key=item["validator_key"],
        component=Component(item["component"]),
        released=coin.money(int(item["released"])),
        recomputed=coin.money(int(item["recomputed"])),
        difference=coin.money(int(item["difference"])),
        cause=item["cause"],
    )


_HARMLESS: Final = re.compile(r"[^A-Za-z0-9._-]+")


def view_for(session: DbConnection, principal: Principal, key: StatementKey) -> StatementView:
    """The statement as this user may export it: partners their own from RELEASED on. Raises Problem.

    A missing statement and one of another partner give the same answer.
    """
    if Capability.EXPORT not in principal.capabilities:
        raise Problem(Code.FORBIDDEN, "your role or token does not include exporting")
    if not sees_chain(principal, key.chain_id):
        raise not_found("Statement")
    try:
        view = view_frozen(session, key)
        if principal.is_partner and (view is None or view.record.status not in RELEASED_STATES):
            raise not_found("Statement")
        if view is None:
            require_full_view(principal, "a draft")
            view = view_statement(session, key)
    except StatementError:
        raise not_found("Statement") from None
    return view


def file_name(view: StatementView, form: FileFormat) -> str:
    """Such as `statement-12-northwind-a-chain-2026-01.csv`: safe on any system and in a header."""
    key, number = view.key, view.record.number
    shown_number = "draft" if number is None else str(number)
    name = _HARMLESS.sub("_", f"statement-{shown_number}-{key.partner}-{key.chain_id}-{key.month:%Y-%m}")
    return f"{name}.{form.lower()}"
