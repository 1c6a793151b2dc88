"""What a user whose view is restricted to some chains or validators must not read or change.

The warehouse hides the other rows; a sum over the visible ones would be wrong without looking so, and a
change would reach beyond them.
"""

from collections.abc import Iterable

from aurora_api.access.principal import Principal
from aurora_api.problems import Code, Problem
from aurora_assets.commission.agreement import Rule


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
