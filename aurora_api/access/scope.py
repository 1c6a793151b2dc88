"""What a user who sees only a part must not do: anything that is true of the whole alone.

The warehouse hides the rest from them; a sum over what is left would be wrong without looking so.
"""

from aurora_api.access.principal import Principal
from aurora_api.problems import Code, Problem


def refuse_partial_view(principal: Principal, what: str) -> None:
    """Raise Problem for a user who sees only some validators: `what` needs all of them."""
    if principal.validator_keys is not None:
        raise Problem(
            Code.FORBIDDEN,
            f"{what} needs all validators of the chain, and you see some; ask somebody who sees all",
        )


def sees_chain(principal: Principal, chain_id: str) -> bool:
    """Whether the user is not kept from that chain."""
    return principal.chain_ids is None or chain_id in principal.chain_ids
