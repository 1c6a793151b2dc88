"""What a validator is, as of the window's end: its status on the chain and the group it is declared in."""

from collections.abc import Sequence
from typing import Final

from aurora_resources.providers.ethereum.evidence import Evidence
from aurora_resources.records import Feed, Normalized, TrackedValidator, ValidatorMeta

_ABSENT: Final = frozenset({"active_slashed", "exited_slashed"})


def normalize_meta(
    known: Evidence, provider: str, validators: Sequence[TrackedValidator]
) -> Normalized[ValidatorMeta]:
    """One record a validator the node knows. Raises PayloadError."""
    states = known.states_at(known.window.last_slot, Feed.META) or {}
    records = []
    for validator in validators:
        key = validator.validator_key
        if (state := states.get(key)) is None:
            continue
        group = known.rules.group_of(key, known.window.period_id)
        records.append(
            ValidatorMeta(
                key,
                provider,
                name=validator.name,
                identity=str(state.index),
                commission_bps=None,
                version=None,
                delinquent=state.status in _ABSENT,
                group_name=None if group is None else group.code,
                operator=None if group is None else group.operator,
                client=None if group is None else group.client,
            )
        )
    return Normalized(tuple(records))
