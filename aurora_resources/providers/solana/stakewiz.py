"""Stakewiz: names and descriptions of validators as of now. Nothing of it is money, and no epoch is named.

`base_url` is the bare host. Its stake is a float in SOL and is not read; the commission is percent.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from aurora_resources.providers.decoding import Shape
from aurora_resources.providers.staged import Answers
from aurora_resources.records import (
    Normalized,
    ProviderRequest,
    ProviderResponse,
    TrackedValidator,
    ValidatorMeta,
)

VALIDATORS: Final = "GET /validators"

_PERCENT_LIMIT: Final = 100


class WizValidator(msgspec.Struct, frozen=True):
    """One validator's description; `vote_identity` is its vote account, `identity` its node."""

    vote_identity: str
    identity: str | None = None
    name: str | None = None
    version: str | None = None
    delinquent: bool | None = None
    website: str | None = None
    commission: Decimal | None = None

    @property
    def commission_bps(self) -> int | None:
        """The advertised rate in basis points; None when it is absent or no whole number of them."""
        if self.commission is None or not 0 <= self.commission <= _PERCENT_LIMIT:
            return None
        bps = self.commission * 100
        return int(bps) if bps == bps.to_integral_value() else None


_listed = Shape(tuple[WizValidator, ...])


@dataclass(frozen=True, slots=True)
class Stakewiz:
    """The requests to Stakewiz; `provider` is its name in `providers.yaml`."""

    provider: str

    def validators(self) -> ProviderRequest:
        """GET /validators: every validator it knows, in one answer."""
        return ProviderRequest(self.provider, VALIDATORS, "GET", "/validators")


def wiz_validators(response: ProviderResponse) -> tuple[WizValidator, ...]:
    """GET /validators. Raises PayloadError."""
    return _listed.read(response)


def describe(found: Answers, validators: Iterable[TrackedValidator]) -> Normalized[ValidatorMeta]:
    """One record for each of `validators` that Stakewiz lists. Raises PayloadError."""
    listed = found.last(VALIDATORS)
    described = {row.vote_identity: row for row in (() if listed is None else wiz_validators(listed))}
    return Normalized(
        tuple(
            ValidatorMeta(
                validator.validator_key,
                found.provider,
                name=row.name or None,
                identity=row.identity,
                commission_bps=row.commission_bps,
                version=row.version,
                delinquent=row.delinquent,
                website=row.website or None,
            )
            for validator in validators
            if (row := described.get(validator.validator_key)) is not None
        )
    )
