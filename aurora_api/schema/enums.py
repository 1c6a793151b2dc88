"""The enumerations of the schema. Their members are the words that the warehouse stores.

Most are the vocabulary of the layers below, here given a description for readers of the schema. Types import
them from here, so that the description is there before it is used.
"""

from enum import StrEnum

import strawberry

from aurora_api.access.principal import Capability, UserRole
from aurora_assets.agreements.wallets import ClaimOutcome
from aurora_assets.commission.agreement import (
    AgreementStatus,
    LossPolicy,
    Method,
    TierMetric,
    TierMode,
    TierScope,
)
from aurora_assets.commission.methods.registry import METHODS
from aurora_assets.commission.statement import StatementStatus
from aurora_resources.config.models import PeriodType
from aurora_resources.records import Component, FactState

__all__ = [
    "AgreementStatus",
    "Capability",
    "ClaimOutcome",
    "Completeness",
    "Component",
    "FactState",
    "LossPolicy",
    "Method",
    "PeriodType",
    "StatementStatus",
    "TierMetric",
    "TierMode",
    "TierScope",
    "UserRole",
]


@strawberry.enum(
    description="COMPLETE: all four components are final. PROVISIONAL: all are known, at least one may still "
    "change at its provider. INCOMPLETE: at least one is missing, so there is no total."
)
class Completeness(StrEnum):
    """How complete a validator's P&L is."""

    COMPLETE = "COMPLETE"
    PROVISIONAL = "PROVISIONAL"
    INCOMPLETE = "INCOMPLETE"


strawberry.enum(UserRole, description="The role of a user.")
strawberry.enum(
    Capability,
    description="What a caller may do. A role has some; an API token has some of its user's.",
)
strawberry.enum(StatementStatus, description="The state of a statement in the approval workflow.")
strawberry.enum(
    AgreementStatus,
    description="Only ACTIVE agreements pay. DRAFT can become ACTIVE, ACTIVE and SUSPENDED can become each "
    "other or TERMINATED, which is final.",
)
strawberry.enum(
    ClaimOutcome,
    name="WalletOutcome",
    description="ADDED: claimed now. UNCHANGED: it was claimed just so. REFUSED: see the message.",
)
strawberry.enum(PeriodType, description="The kind of period that a chain has.")
strawberry.enum(
    FactState,
    description="How sure a fact is. MISSING has no amount; PROVISIONAL may still change at its provider.",
)
strawberry.enum(Component, description="A component of a validator's revenue.")
strawberry.enum(
    Method,
    name="CommissionMethod",
    description=" ".join(
        ["What a rule's base is.", *(f"{one.name}: {one.meaning}." for one in METHODS.values())]
    ),
)
strawberry.enum(
    TierMode,
    description="MARGINAL: each tier's rate on its own slice. CLIFF: the reached tier's rate on everything.",
)
strawberry.enum(TierMetric, description="What is measured against the tiers' thresholds.")
strawberry.enum(
    TierScope,
    description="The span that the base is summed over: the period, quarter to date or year to date.",
)
strawberry.enum(
    LossPolicy,
    description="CARRY: a negative base is set against the rule's next positive ones. NO_CARRY: dropped.",
)
