"""Which statements a user may take home as a file, and its name. Making it is in `aurora_assets/statements`.

Used twice for a download: when its address is asked for, and when the address is used.
"""

import re
from typing import Final

from aurora_api.access.download_tokens import FileFormat
from aurora_api.access.principal import Capability, Principal
from aurora_api.access.scope import refuse_partial_view, sees_chain
from aurora_api.problems import Code, Problem
from aurora_api.schema.node import not_found
from aurora_assets.commission.statement import RELEASED_STATES, StatementError, StatementKey
from aurora_assets.statements.store import StatementView, view_frozen, view_statement
from aurora_resources.warehouse.connection import DbConnection

_HARMLESS: Final = re.compile(r"[^A-Za-z0-9._-]+")


def view_for(session: DbConnection, principal: Principal, place: StatementKey) -> StatementView:
    """The statement as this user may export it: partners their own from RELEASED on. Raises Problem.

    One that is missing and one that is somebody else's are told alike.
    """
    if Capability.EXPORT not in principal.capabilities:
        raise Problem(Code.FORBIDDEN, "your role or token does not include exporting")
    if not sees_chain(principal, place.chain_id):
        raise not_found("Statement")
    try:
        view = view_frozen(session, place)
        if principal.is_partner and (view is None or view.record.status not in RELEASED_STATES):
            raise not_found("Statement")
        if view is None:
            refuse_partial_view(principal, "a draft")
            view = view_statement(session, place)
    except StatementError:
        raise not_found("Statement") from None
    return view


def file_name(view: StatementView, form: FileFormat) -> str:
    """Such as `statement-12-northwind-a-chain-2026-01.csv`: safe on any system and in a header."""
    place, number = view.place, view.record.number
    told = "draft" if number is None else str(number)
    name = _HARMLESS.sub("_", f"statement-{told}-{place.partner}-{place.chain_id}-{place.month:%Y-%m}")
    return f"{name}.{form.lower()}"
