"""Who is asking, and what a role may do: the role matrix of the whole service on one page.

Nothing is read here: `service/authenticator.py` and `authenticate.py` find the caller. Which capability a
field needs is in `schema/permissions.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aurora_api.problems import Code, Problem
from aurora_assets.commission.agreement import Rule


class UserRole(StrEnum):
    """What a user is to the operator."""

    ADMIN = "ADMIN"
    FINANCE = "FINANCE"
    OPS = "OPS"
    PARTNER = "PARTNER"
    AUDITOR = "AUDITOR"


class Capability(StrEnum):
    """What a field may need. `SIGNED_IN` is everybody's, `PUBLIC` needs no token at all."""

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
"""The role matrix. PARTNER sees through row-level security: its own rows, granted validators, no more."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in user as the database knows it at this moment.

    `partner_id` is set for PARTNER and for nobody else. `chain_ids` and `validator_keys` narrow what is seen;
    None does not narrow (a PARTNER without `validator_keys` has been granted no validator). `scopes` narrows
    an API token to some capabilities; None for a person's own session. `session_id` is the refresh tokens'
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
        """What it may do: the role's capabilities, narrowed by the token's scopes."""
        granted = ROLE_CAPABILITIES[self.role]
        if self.scopes is None:
            return granted
        return granted & (self.scopes | {Capability.PUBLIC, Capability.SIGNED_IN})

    @property
    def is_partner(self) -> bool:
        """Whether it acts as one partner, behind that partner's policies."""
        return self.role is UserRole.PARTNER


def require_full_view(principal: Principal, what: str) -> None:
    """Raise Problem for a user who sees only some validators: `what` needs all of them."""
    if principal.validator_keys is not None:
        raise Problem(
            Code.FORBIDDEN,
            f"{what} needs all validators of the chain, and you see some; ask somebody who sees all",
        )


def sees_chain(principal: Principal, chain_id: str) -> bool:
    """Whether the chain is visible to the user."""
    return principal.chain_ids is None or chain_id in principal.chain_ids


def require_all_validators(principal: Principal) -> None:
    """Raise Problem for a user of some validators: the change would count on all of them."""
    if principal.validator_keys is not None:
        raise Problem(
            Code.FORBIDDEN,
            "this counts on all validators, and you may see some of them; ask somebody who sees all",
        )


def require_validator(principal: Principal, validator_key: str) -> None:
    """Raise Problem for a validator that is not one of the user's."""
    if principal.validator_keys is not None and validator_key not in principal.validator_keys:
        raise Problem(Code.FORBIDDEN, f"you may not see validator {validator_key}; ask somebody who may")


def require_rules(principal: Principal, rules: Iterable[Rule]) -> None:
    """Raise Problem when a rule pays on a chain or validator that is not one of the user's."""
    chain_ids, keys = principal.chain_ids, principal.validator_keys
    for rule in rules:
        if (chain_ids is not None and rule.chain_id not in chain_ids) or (
            keys is not None and rule.validator_key not in keys
        ):
            raise Problem(
                Code.FORBIDDEN,
                f"rule {rule.rule_id} pays on chains or validators that you may not see; "
                "ask somebody who sees all of them",
            )
