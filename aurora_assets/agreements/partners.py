"""Partners in the warehouse: made, renamed, and locked while what is agreed with them changes."""

from typing import Any, NamedTuple

import psycopg

from aurora_assets.agreements.entries import PartnerEntry
from aurora_assets.agreements.lifecycle import AlreadyExistsError, NotFoundError
from aurora_resources.warehouse.queries import read_query


class KnownPartner(NamedTuple):
    """A partner; `partner_id` stays inside the warehouse."""

    partner_id: int
    code: str
    name: str


def create_partner(connection: psycopg.Connection[Any], entry: PartnerEntry) -> KnownPartner:
    """A new partner, without its wallets and agreements. Raises AlreadyExistsError when its code is taken."""
    named = {"code": entry.code, "name": entry.name}
    found = connection.execute(read_query("registry/partners.add_partner"), named).fetchone()
    if found is None:
        raise AlreadyExistsError(f"there is a partner {entry.code} already; give this one another code")
    return KnownPartner(found[0], entry.code, entry.name)


def rename_partner(
    connection: psycopg.Connection[Any], entry: PartnerEntry
) -> tuple[KnownPartner, KnownPartner]:
    """Give the partner of the entry's code the entry's name: before and after. Raises NotFoundError."""
    before = lock_partner(connection, entry.code)
    connection.execute(read_query("registry/partners.put_partner"), {"code": entry.code, "name": entry.name})
    return before, before._replace(name=entry.name)


def lock_partner(connection: psycopg.Connection[Any], partner_code: str) -> KnownPartner:
    """The partner, whose agreements nobody else changes meanwhile. Raises NotFoundError."""
    named = {"partner_code": partner_code}
    found = connection.execute(read_query("registry/partners.lock_partner"), named).fetchone()
    if found is None:
        raise NotFoundError(f'there is no partner "{partner_code}"; check its code')
    return KnownPartner(*found)
