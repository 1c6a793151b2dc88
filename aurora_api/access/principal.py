"""The signed-in user: roles, capabilities, and the checks of a view that is restricted.

`service/authenticator.py` and `authenticate.py` find the user of a request. Which capability a field needs is
declared on the field (`schema/permissions.py`). The warehouse hides the rows outside a restricted view: a sum
over the rest would be wrong, and a change could affect hidden rows, so that both are refused here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aurora_api.problems import Code, Problem
from aurora_assets.commission.agreement import Rule


class UserRole(StrEnum):
    """The role of a user."""

    ADMIN = "ADMIN"
    FINANCE = "FINANCE"
    OPS = "OPS"
    PARTNER = "PARTNER"
    AUDITOR = "AUDITOR"


class Capability(StrEnum):
    """What a field may require. Each user has `SIGNED_IN`; `PUBLIC` needs no token."""

    PUBLIC = "PUBLIC"
    SIGNED_IN = "SIGNED_IN"
    MANAGE_USERS = "MANAGE_USERS"
    CONFIGURE = "CONFIGURE"
    READ_PNL = "READ_PNL"
    READ_FACTS = "READ_FACTS"
    READ_COMMISSIONS = "READ_COMMISSIONS"
    READ_AGREEMENTS = "READ_AGREEMENTS"
    READ_PARTNERS = "READ_PARTNERS"
    WRITE_AGREEMENTS = "WRITE_AGREEMENTS"
    APPROVE_STATEMENTS = "APPROVE_STATEMENTS"
    RECOMPUTE = "RECOMPUTE"
    INGEST = "INGEST"
    READ_HEALTH = "READ_HEALTH"
    READ_FINDINGS = "READ_FINDINGS"
    EXPORT = "EXPORT"
    READ_AUDIT = "READ_AUDIT"


_C = Capability

ROLE_CAPABILITIES: Final[Mapping[UserRole, frozenset[Capability]]] = {
    UserRole.ADMIN: frozenset(Capability),
    UserRole.FINANCE: frozenset(
        {
            _C.PUBLIC, _C.SIGNED_IN, _C.READ_PNL, _C.READ_FACTS, _C.READ_COMMISSIONS, _C.READ_AGREEMENTS,
            _C.READ_PARTNERS, _C.WRITE_AGREEMENTS, _C.APPROVE_STATEMENTS, _C.RECOMPUTE, _C.READ_HEALTH,
            _C.READ_FINDINGS, _C.EXPORT, _C.READ_AUDIT,
        }
    ),
    UserRole.OPS: frozenset(
        {
            _C.PUBLIC, _C.SIGNED_IN, _C.CONFIGURE, _C.READ_PNL, _C.READ_FACTS, _C.READ_COMMISSIONS,
            _C.READ_PARTNERS, _C.RECOMPUTE, _C.INGEST, _C.READ_HEALTH, _C.READ_FINDINGS, _C.EXPORT,
            _C.READ_AUDIT,
        }
    ),
    UserRole.PARTNER: frozenset(
        {
            _C.PUBLIC, _C.SIGNED_IN, _C.READ_PNL, _C.READ_COMMISSIONS, _C.READ_AGREEMENTS, _C.READ_PARTNERS,
            _C.EXPORT,
        }
    ),
    UserRole.AUDITOR: frozenset(
        {
            _C.PUBLIC, _C.SIGNED_IN, _C.READ_PNL, _C.READ_FACTS, _C.READ_COMMISSIONS, _C.READ_AGREEMENTS,
            _C.READ_PARTNERS, _C.READ_HEALTH, _C.READ_FINDINGS, _C.EXPORT, _C.READ_AUDIT,
        }
    ),
}  # fmt: skip
"""The role matrix. Row-level security restricts PARTNER to its rows and granted validators."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in user, as read from the database for this request.

    `partner_id` is set for PARTNER only. `chain_ids` and `validator_keys` restrict the view; None does not (a
    PARTNER without `validator_keys` has been granted no validator). `scopes` restricts an API token to some
    capabilities; None for a session begun with a password. `session_id` is the refresh tokens'
    family or the API token's id, as text (see `authenticate.py`).
    """

    user_id: int
    username: str
    display_name: str
    role: UserRole
    partner_id: int | None
    chain_ids: tuple[str, ...] | None
    validator_keys: tuple[str, ...] | None
    scopes: frozenset[Capability] | None
    session_id: str

    @property
    def capabilities(self) -> frozenset[Capability]:
        """The capabilities of the role, restricted to the scopes of the token."""
        granted = ROLE_CAPABILITIES[self.role]
        if self.scopes is None:
            return granted
        return granted & (self.scopes | {Capability.PUBLIC, Capability.SIGNED_IN})

    @property
    def is_partner(self) -> bool:
        """Whether the user belongs to one partner, so that row-level security applies."""
        return self.role is UserRole.PARTNER


def require_full_view(principal: Principal, what: str) -> None:
    """Raise Problem for a user who sees only some validators: `what` needs all of them."""
    if principal.validator_keys is not None:
        raise Problem(
            Code.FORBIDDEN,
            f"{what} needs all validators of the chain, and your view is restricted; ask a user who sees all",
        )


def sees_chain(principal: Principal, chain_id: str) -> bool:
    """Whether the chain is visible to the user."""
    return principal.chain_ids is None or chain_id in principal.chain_ids


def require_all_validators(principal: Principal) -> None:
    """Raise Problem for a user who sees only some validators: the change would affect all of them."""
    if principal.validator_keys is not None:
        raise Problem(
            Code.FORBIDDEN,
            "this affects all validators, and your view is restricted; ask a user who sees all of them",
        )


def require_validator(principal: Principal, validator_key: str) -> None:
    """Raise Problem for a validator that is not visible to the user."""
    if principal.validator_keys is not None and validator_key not in principal.validator_keys:
        raise Problem(Code.FORBIDDEN, f"you may not see validator {validator_key}; ask a user who may")


def require_rules(principal: Principal, rules: Iterable[Rule]) -> None:
    """Raise Problem when a rule pays on a chain or validator that is not visible to the user."""
    chain_ids, keys = principal.chain_ids, principal.validator_keys
    for rule in rules:
        if (chain_ids is not None and rule.chain_id not in chain_ids) or (
            keys is not None and rule.validator_key not in keys
        ):
            raise Problem(
                Code.FORBIDDEN,
                f"rule {rule.rule_id} pays on chains or validators that you may not see; "
                "ask a user who sees all of them",
            )
