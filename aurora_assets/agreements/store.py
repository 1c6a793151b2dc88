"""Agreements, wallets and partners in the warehouse: loaded from a checked file, read for the engine.

Loading is idempotent: what is already there is left alone, a changed agreement becomes a new version, and a
wallet another partner owns is a conflict, never a silent move.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg.types.range import TimestamptzRange

from aurora_assets.agreements.entries import KnownChain, PartnerEntry, WalletEntry, to_version
from aurora_assets.agreements.file import AgreementFile
from aurora_assets.commission.activation import refuse_conflicts
from aurora_assets.commission.agreement import (
    AgreementStatus,
    AgreementVersion,
    Rule,
    WalletClaim,
)
from aurora_resources.errors import AgreementError
from aurora_resources.warehouse.queries import read_query


class RegisteredChain(NamedTuple):
    """A chain's coin and protocol."""

    protocol: str
    display_unit: str
    native_decimals: int


def read_chains(connection: psycopg.Connection[Any]) -> dict[str, RegisteredChain]:
    """Every chain that may be seen, by its id."""
    rows = connection.execute(read_query("registry/chains.chains")).fetchall()
    return {chain_id: RegisteredChain(*row) for chain_id, *row in rows}


@dataclass(slots=True)
class LoadSummary:
    """How much a file changed."""

    partners: int = 0
    wallets: int = 0
    versions: int = 0
    statuses: int = 0


def load_agreements(
    connection: psycopg.Connection[Any], file: AgreementFile, chains: Mapping[str, KnownChain]
) -> LoadSummary:
    """Write what the file says and the warehouse does not, in one transaction.

    Raises AgreementError for a wallet that another partner owns in the same time, and for two agreements in
    force that would both pay a partner on the same thing.
    """
    loaded = LoadSummary()
    with connection.transaction():
        known = {version.agreement_id: version for version in read_agreements(connection)}
        for partner in file.partners:
            partner_id = _put_partner(connection, partner, loaded)
            for wallet in partner.wallets:
                _put_wallet(connection, partner, partner_id, wallet, loaded)
            for entry in partner.agreements:
                before = known.get(entry.id)
                if before is not None and before.partner_id != partner.code:
                    raise AgreementError(
                        f"agreement {entry.id} belongs to partner {before.partner_id}; "
                        f"give the one of {partner.code} another id"
                    )
                wanted = to_version(
                    partner.code, entry, version=before.version if before else 1, chains=chains
                )
                _put_agreement(connection, partner_id, entry.name, wanted, before, loaded)
                if before is None or replace(before, status=wanted.status) != wanted:
                    number = before.version + 1 if before else 1
                    add_version(connection, replace(wanted, version=number), entry.reason)
                    loaded.versions += 1
        refuse_conflicts({version.agreement_id: version for version in read_agreements(connection)}.values())
    return loaded


def read_agreements(
    connection: psycopg.Connection[Any], recorded_until: datetime | None = None
) -> tuple[AgreementVersion, ...]:
    """Every version of every agreement, oldest first within one; partners by their code.

    `recorded_until` leaves out what was recorded later: what was believed at that moment. The status is of
    now in any case: it is not kept by time.
    """
    rules: dict[tuple[str, int], list[Rule]] = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(read_query("registry/agreements.all_rules")):
            rules.setdefault((row["agreement_id"], row["version"]), []).append(to_rule(row))
        versions = cursor.execute(
            read_query("registry/agreements.all_versions"), {"recorded_until": recorded_until}
        ).fetchall()
    return tuple(
        AgreementVersion(
            agreement_id=row["agreement_id"],
            version=row["version"],
            partner_id=row["partner_code"],
            status=AgreementStatus(row["status"]),
            valid_from=row["valid_from"],
            valid_until=row["valid_until"],
            rules=tuple(rules.get((row["agreement_id"], row["version"]), ())),
        )
        for row in versions
    )


def read_claims(
    connection: psycopg.Connection[Any], chain_id: str, recorded_until: datetime | None = None
) -> tuple[WalletClaim, ...]:
    """Every wallet claim of a chain, or those recorded until a moment; partners by their code."""
    named = {"chain_id": chain_id, "recorded_until": recorded_until}
    rows = connection.execute(read_query("registry/wallets.claims_of_chain"), named).fetchall()
    return tuple(WalletClaim(chain_id, *row) for row in rows)


def read_partner_ids(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """The warehouse's id of each partner, by code."""
    return dict(connection.execute(read_query("registry/partners.partner_ids")).fetchall())


def _put_partner(connection: psycopg.Connection[Any], partner: PartnerEntry, loaded: LoadSummary) -> int:
    named = {"code": partner.code, "name": partner.name}
    loaded.partners += connection.execute(read_query("registry/partners.put_partner"), named).rowcount
    return read_partner_ids(connection)[partner.code]


def _put_wallet(
    connection: psycopg.Connection[Any],
    partner: PartnerEntry,
    partner_id: int,
    entry: WalletEntry,
    loaded: LoadSummary,
) -> None:
    parameters = {
        "chain_id": entry.chain,
        "wallet": entry.wallet,
        "partner_id": partner_id,
        "valid": TimestamptzRange(entry.valid_from, entry.valid_until),
        "notes": entry.notes,
    }
    connection.execute(read_query("registry/wallets.put_wallet"), parameters)
    try:
        with connection.transaction():
            loaded.wallets += connection.execute(
                read_query("registry/wallets.claim_wallet"), parameters
            ).rowcount
    except psycopg.errors.ExclusionViolation:
        owners = ", ".join(
            sorted({c.partner_id for c in read_claims(connection, entry.chain) if c.wallet == entry.wallet})
        )
        raise AgreementError(
            f"partner {partner.code}: wallet {entry.wallet} on {entry.chain} is claimed already by {owners} "
            "in a time that overlaps; the first accepted introduction holds: end that claim first"
        ) from None


def _put_agreement(
    connection: psycopg.Connection[Any],
    partner_id: int,
    name: str,
    wanted: AgreementVersion,
    before: AgreementVersion | None,
    loaded: LoadSummary,
) -> None:
    if before is not None and before.status is AgreementStatus.TERMINATED is not wanted.status:
        raise AgreementError(
            f"agreement {wanted.agreement_id} is TERMINATED, which is final; make a new agreement"
        )
    changed = connection.execute(
        read_query("registry/agreements.put_agreement"),
        {
            "agreement_id": wanted.agreement_id,
            "partner_id": partner_id,
            "name": name,
            "status": wanted.status.value,
        },
    ).rowcount
    loaded.statuses += changed if before is not None else 0


def add_version(connection: psycopg.Connection[Any], wanted: AgreementVersion, reason: str) -> None:
    """Append a version with its rules. The agreement itself must be there."""
    key = {"agreement_id": wanted.agreement_id, "version": wanted.version}
    connection.execute(
        read_query("registry/agreements.add_agreement_version"),
        key | {"valid_from": wanted.valid_from, "valid_until": wanted.valid_until, "reason": reason},
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            read_query("registry/agreements.add_agreement_rule"),
            [key | to_parameters(rule) for rule in wanted.rules],
        )


def to_parameters(rule: Rule) -> dict[str, Any]:
    """The rule's values by the names of its fields, as they are stored.

    The limits of tiers are text: readers of JSON may hold a large number as a float.
    """
    values: dict[str, Any] = msgspec.to_builtins(rule)
    if rule.tiers is not None:
        tiers = [
            {"upto": None if tier.upper is None else str(tier.upper), "rate_bps": tier.rate_bps}
            for tier in rule.tiers.tiers
        ]
        values["tiers"] = Jsonb(values["tiers"] | {"tiers": tiers})
    return values


def to_rule(row: Mapping[str, Any]) -> Rule:
    """The rule in a row whose columns are named as its fields; other columns are left aside.

    Raises msgspec.ValidationError for a value that its field does not allow.
    """
    stored = row["tiers"]
    if stored is None:
        return msgspec.convert(row, Rule)
    tiers = [
        {"upper": None if tier["upto"] is None else int(tier["upto"]), "rate_bps": tier["rate_bps"]}
        for tier in stored["tiers"]
    ]
    return msgspec.convert({**row, "tiers": stored | {"tiers": tiers}}, Rule)
