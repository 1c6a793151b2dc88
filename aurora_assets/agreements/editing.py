"""Agreements changed by hand in the warehouse: made, amended as a new version, activated, suspended, ended.

What is saved through here could be put in force: a fault is refused at once. What a person writes is in
`entries.py`, which status leads where in `lifecycle.py`. A partner's agreements are changed by one at a time.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import psycopg

from aurora_assets.agreements.entries import AgreementEntry, KnownChain, to_version
from aurora_assets.agreements.lifecycle import (
    AgreementAction,
    AlreadyExistsError,
    NotFoundError,
    refuse_stale,
    status_after,
)
from aurora_assets.agreements.partners import lock_partner
from aurora_assets.agreements.store import add_version, read_agreements
from aurora_assets.commission.activation import refuse_conflicts, validate
from aurora_assets.commission.agreement import AgreementStatus, AgreementVersion
from aurora_resources.errors import AgreementError
from aurora_resources.warehouse.queries import read_query


@dataclass(frozen=True, slots=True)
class StoredAgreement:
    """An agreement as it is kept: its name, its partner's serial number, and its newest version."""

    name: str
    partner_id: int
    newest: AgreementVersion

    def as_data(self) -> dict[str, Any]:
        """For the audit log: amounts as text, times in ISO form."""
        data: dict[str, Any] = _plain({"name": self.name, **asdict(self.newest)})
        return data


@dataclass(frozen=True, slots=True)
class Change:
    """An agreement before (None: there was none) and after."""

    before: StoredAgreement | None
    after: StoredAgreement


def create_agreement(
    connection: psycopg.Connection[Any],
    partner_code: str,
    entry: AgreementEntry,
    chains: Mapping[str, KnownChain],
) -> Change:
    """A new agreement, a draft at version 1 whatever the entry's status says.

    Raises AgreementError for a fault, an id that is taken, or a partner that does not exist.
    """
    partner_id = lock_partner(connection, partner_code).partner_id
    draft = entry.model_copy(update={"status": AgreementStatus.DRAFT})
    wanted = to_version(partner_code, draft, version=1, chains=chains)
    validate(wanted)
    _refuse_unknown_validators(connection, wanted)
    kept = StoredAgreement(entry.name, partner_id, wanted)
    if connection.execute(read_query("registry/agreements.add_agreement"), _row(kept)).rowcount == 0:
        raise AlreadyExistsError(f"there is an agreement {entry.id} already; give this one another id")
    add_version(connection, wanted, entry.reason)
    return Change(None, kept)


def amend_agreement(
    connection: psycopg.Connection[Any],
    expected_version: int,
    entry: AgreementEntry,
    chains: Mapping[str, KnownChain],
) -> Change:
    """The agreement's next version, with the entry's name, dates and rules; its status stays.

    Raises AgreementError for a fault, a terminated or unknown agreement, a version that changes nothing, and
    a conflict with another of the partner's; StaleVersionError when `expected_version` is not the newest.
    """
    before, others = _lock_agreement(connection, entry.id)
    refuse_stale(before.newest, expected_version)
    status = before.newest.status
    if status is AgreementStatus.TERMINATED:
        raise AgreementError(f"agreement {entry.id} is TERMINATED, which is final; make a new agreement")
    same = entry.model_copy(update={"status": status})
    wanted = to_version(before.newest.partner_id, same, version=before.newest.version, chains=chains)
    if wanted == before.newest and entry.name == before.name:
        raise AgreementError(f"agreement {entry.id}: version {wanted.version} says just this already")
    wanted = replace(wanted, version=before.newest.version + 1)
    validate(wanted)
    _refuse_unknown_validators(connection, wanted)
    refuse_conflicts((*others, wanted))
    after = StoredAgreement(entry.name, before.partner_id, wanted)
    _put(connection, after)
    add_version(connection, wanted, entry.reason)
    return Change(before, after)


def transition(
    connection: psycopg.Connection[Any], agreement_id: str, expected_version: int, action: AgreementAction
) -> Change:
    """Activate, suspend or terminate it; its versions stay as they are.

    Raises AgreementError when the status does not lead there, and, on activation, for a fault or a conflict
    with another of the partner's; StaleVersionError when `expected_version` is not the newest.
    """
    before, others = _lock_agreement(connection, agreement_id)
    refuse_stale(before.newest, expected_version)
    wanted = replace(before.newest, status=status_after(agreement_id, before.newest.status, action))
    if action is AgreementAction.ACTIVATE:
        validate(wanted)
        refuse_conflicts((*others, wanted))
    after = replace(before, newest=wanted)
    _put(connection, after)
    return Change(before, after)


def _lock_agreement(
    connection: psycopg.Connection[Any], agreement_id: str
) -> tuple[StoredAgreement, tuple[AgreementVersion, ...]]:
    """The agreement, and the newest versions of its partner's others: nobody else changes them meanwhile."""
    named = {"agreement_id": agreement_id}
    found = connection.execute(read_query("registry/agreements.lock_agreement"), named).fetchone()
    if found is None:
        raise NotFoundError(f'there is no agreement "{agreement_id}"; agreements lists those there are')
    partner_id, partner_code, name = found
    newest = {version.agreement_id: version for version in read_agreements(connection)}
    mine = newest.pop(agreement_id)
    others = tuple(version for version in newest.values() if version.partner_id == partner_code)
    return StoredAgreement(name, partner_id, mine), others


def _put(connection: psycopg.Connection[Any], kept: StoredAgreement) -> None:
    connection.execute(read_query("registry/agreements.put_agreement"), _row(kept))


def _row(kept: StoredAgreement) -> dict[str, object]:
    return {
        "agreement_id": kept.newest.agreement_id,
        "partner_id": kept.partner_id,
        "name": kept.name,
        "status": kept.newest.status.value,
    }


def _refuse_unknown_validators(connection: psycopg.Connection[Any], version: AgreementVersion) -> None:
    """A mistyped key would pay nothing, in silence."""
    named = [rule for rule in version.rules if rule.validator_key is not None]
    keys = {"validator_keys": [rule.validator_key for rule in named]}
    known = set(connection.execute(read_query("registry/validators.known_validators"), keys).fetchall())
    keys_known = {key for _, key in known}
    for rule in named:
        target = (rule.chain_id, rule.validator_key)
        if target not in known and (rule.chain_id is not None or rule.validator_key not in keys_known):
            raise AgreementError(
                f"agreement {version.agreement_id} rule {rule.rule_id}: validator {rule.validator_key} is "
                f"not known on {rule.chain_id or 'any chain'}; check the key, or register it first"
            )


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of an agreement
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, bool | str) else _text(value)


def _text(value: Any) -> str:  # noqa: ANN401
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
