"""The root of the queries: each with its name, its answer, a line of description. They are in `queries/`."""

import strawberry

from aurora_api.queries.agreements import Agreement, resolve_agreement, resolve_agreements
from aurora_api.queries.audit_log import AuditEntry, resolve_audit_log
from aurora_api.queries.canonical_facts import CanonicalFacts, resolve_canonical_facts
from aurora_api.queries.chains import Chain, Period, resolve_chains, resolve_periods
from aurora_api.queries.commission_lines import CommissionLine, resolve_commission_lines
from aurora_api.queries.ingestion_health import IngestionHealth, resolve_ingestion_health
from aurora_api.queries.line_explanation import LineExplanation, resolve_explain_line
from aurora_api.queries.nodes import resolve_node
from aurora_api.queries.overrides import LineOverride, resolve_line_override
from aurora_api.queries.partners import (
    PartnerNode,
    PartnerWallet,
    WalletExport,
    resolve_export_wallets,
    resolve_partner,
    resolve_partner_wallets,
    resolve_partners,
)
from aurora_api.queries.period_statements import PeriodStatement, resolve_period_statement
from aurora_api.queries.recomputes import Recompute, resolve_recompute, resolve_recomputes
from aurora_api.queries.reconciliation import Reconciliation, resolve_reconciliation
from aurora_api.queries.simulations import Simulation, resolve_simulate_agreement
from aurora_api.queries.statements import Statement, resolve_statement, resolve_statements
from aurora_api.queries.users import ApiToken, Me, User, resolve_api_tokens, resolve_me, resolve_users
from aurora_api.queries.validators import (
    Validator,
    ValidatorPnl,
    resolve_validator,
    resolve_validator_pnl,
    resolve_validators,
)
from aurora_api.schema.node import Node
from aurora_api.schema.pagination import Connection


@strawberry.type(description="What can be asked.")
class Query:
    """The questions. A question that fails is null beside its error; the others are still answered."""

    agreement: Agreement | None = strawberry.field(
        resolver=resolve_agreement, description="One agreement; null when there is none."
    )
    agreements: Connection[Agreement] | None = strawberry.field(
        resolver=resolve_agreements, description="Agreements, by partner and id."
    )
    api_tokens: list[ApiToken] | None = strawberry.field(
        resolver=resolve_api_tokens, description="Your own API tokens, the newest first."
    )
    audit_log: Connection[AuditEntry] | None = strawberry.field(
        resolver=resolve_audit_log, description="Who did what, the newest first."
    )
    canonical_facts: Connection[CanonicalFacts] | None = strawberry.field(
        resolver=resolve_canonical_facts,
        description="What is known of validators, by period and validator, with the responses it is from.",
    )
    chains: list[Chain] | None = strawberry.field(
        resolver=resolve_chains, description="The chains whose books are kept."
    )
    commission_lines: Connection[CommissionLine] | None = strawberry.field(
        resolver=resolve_commission_lines,
        description="What partners are owed, line by line: by period, partner, agreement, rule, validator.",
    )
    explain_line: LineExplanation | None = strawberry.field(
        resolver=resolve_explain_line,
        description="How a commission line came to its amount; null when there is no such line.",
    )
    export_wallets: WalletExport | None = strawberry.field(
        resolver=resolve_export_wallets, description="A partner's wallets as a CSV file."
    )
    ingestion_health: list[IngestionHealth] | None = strawberry.field(
        resolver=resolve_ingestion_health, description="How far behind ingestion is, by chain."
    )
    line_override: LineOverride | None = strawberry.field(
        resolver=resolve_line_override,
        description="What was set by hand on a commission line; null when there is no such line.",
    )
    me: Me | None = strawberry.field(resolver=resolve_me, description="Who is asking.")
    node: Node | None = strawberry.field(
        resolver=resolve_node, description="The object of a global id; null when there is none to be seen."
    )
    partner: PartnerNode | None = strawberry.field(
        resolver=resolve_partner, description="One partner; null when there is none."
    )
    partner_wallets: Connection[PartnerWallet] | None = strawberry.field(
        resolver=resolve_partner_wallets,
        description="The wallets that partners introduced, by partner, chain, wallet and start.",
    )
    partners: Connection[PartnerNode] | None = strawberry.field(
        resolver=resolve_partners, description="The partners, by code."
    )
    period_statement: PeriodStatement | None = strawberry.field(
        resolver=resolve_period_statement,
        description="What a partner is owed for one period; null while there is nothing.",
    )
    periods: Connection[Period] | None = strawberry.field(
        resolver=resolve_periods, description="The periods of a chain, the newest first."
    )
    recompute: Recompute | None = strawberry.field(
        resolver=resolve_recompute, description="A recompute that was asked for, and how its run goes."
    )
    recomputes: Connection[Recompute] | None = strawberry.field(
        resolver=resolve_recomputes, description="The recomputes that were asked for, the newest first."
    )
    reconciliation: Reconciliation | None = strawberry.field(
        resolver=resolve_reconciliation, description="How well the numbers of one period agree."
    )
    simulate_agreement: Simulation | None = strawberry.field(
        resolver=resolve_simulate_agreement,
        description="What a draft would have paid in booked periods; nothing is booked.",
    )
    statement: Statement | None = strawberry.field(
        resolver=resolve_statement,
        description="A partner's statement, or its draft, for one month; null while there is none.",
    )
    statements: Connection[Statement] | None = strawberry.field(
        resolver=resolve_statements,
        description="Monthly statements, the newest month first; for staff drafts of months with lines, too.",
    )
    users: Connection[User] | None = strawberry.field(
        resolver=resolve_users, description="The users, by username."
    )
    validator: Validator | None = strawberry.field(
        resolver=resolve_validator, description="One validator; null when there is none."
    )
    validator_pnl: Connection[ValidatorPnl] | None = strawberry.field(
        resolver=resolve_validator_pnl, description="What validators earned, by period and validator."
    )
    validators: Connection[Validator] | None = strawberry.field(
        resolver=resolve_validators, description="The validators of a chain, by key."
    )
