"""`node(id)`: the object of a global id, of any type. The module of each type finds its objects.

A malformed id, one of a missing or invisible object, and one of a type that the caller may not read are all
answered with null.
"""

from collections.abc import Awaitable, Callable, Mapping
from inspect import signature
from typing import Final, TypeAlias

import strawberry

from aurora_api.access.principal import Capability
from aurora_api.context.request import Info
from aurora_api.problems import Code, Problem
from aurora_api.queries.agreements import resolve_agreement
from aurora_api.queries.audit_log import find_audit_entry
from aurora_api.queries.canonical_facts import find_facts
from aurora_api.queries.chains import find_chain, find_period_node
from aurora_api.queries.commission_lines import find_line
from aurora_api.queries.partners import find_wallet, resolve_partner
from aurora_api.queries.period_statements import find_period_statement
from aurora_api.queries.recomputes import find_recompute
from aurora_api.queries.statements import find_statement
from aurora_api.queries.users import find_user_node
from aurora_api.queries.validators import find_pnl, resolve_validator
from aurora_api.schema.node import Node, read_node_id
from aurora_api.schema.permissions import permissions_of, requires

Finder: TypeAlias = Callable[..., Awaitable[Node | None]]

NODES: Final[Mapping[str, Finder]] = {
    "Agreement": resolve_agreement,
    "AuditEntry": find_audit_entry,
    "CanonicalFacts": find_facts,
    "Chain": find_chain,
    "CommissionLine": find_line,
    "Partner": resolve_partner,
    "PartnerWallet": find_wallet,
    "Period": find_period_node,
    "PeriodStatement": find_period_statement,
    "Recompute": find_recompute,
    "Statement": find_statement,
    "User": find_user_node,
    "Validator": resolve_validator,
    "ValidatorPnl": find_pnl,
}
"""By type of the schema: finds the object of that key, one argument a part after `info`."""


async def resolve_node(info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002 - the argument's name in Relay
    """The object of that id; None when none is visible."""
    key = read_node_id(id)
    finder = None if key is None else NODES.get(key.type_name)
    if key is None or finder is None or not _may_read(info, key.type_name):
        return None
    if len(signature(finder).parameters) != len(key.parts) + 1:
        return None
    try:
        return await finder(info, *key.parts)
    except Problem as problem:
        if problem.code is Code.NOT_FOUND:
            return None
        raise


def _may_read(info: Info, type_name: str) -> bool:
    needed = permissions_of(info.schema._schema)[f"{type_name}.id"]
    principal = info.context.principal
    return needed is not None and principal is not None and needed in principal.capabilities


@strawberry.type
class NodeQueries:
    """The queries of this module, as root fields."""

    node: Node | None = strawberry.field(
        resolver=resolve_node,
        description="The object of a global id; null if it is missing or not visible.",
        directives=requires(Capability.SIGNED_IN),
    )
