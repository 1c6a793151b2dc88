"""The terms of a chain's periods as one digest each: everything that booking uses beside the period's facts.

That is the agreement versions that pay, who owns which wallet, and what rules remember from the period
before. Pure: the values are read elsewhere, and so is what a changed digest leads to.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

from aurora_assets.commission.agreement import AgreementVersion, RuleKey, WalletClaim, in_force
from aurora_assets.commission.attribution import owners_at
from aurora_assets.commission.history import RuleState
from aurora_resources.warehouse.digest import content_digest


class ChainTerms:
    """All agreements, and the wallet claims of one chain.

    Between two of their dates they say the same, so each such span is looked at once.
    """

    def __init__(
        self, chain_id: str, agreements: Iterable[AgreementVersion], claims: Iterable[WalletClaim]
    ) -> None:
        """Only the claims on `chain_id` count."""
        self._chain_id = chain_id
        self._agreements = tuple(agreements)
        self._claims = tuple(claim for claim in claims if claim.chain_id == chain_id)
        dated: tuple[AgreementVersion | WalletClaim, ...] = (*self._agreements, *self._claims)
        self._dates = sorted({date for one in dated for date in (one.valid_from, one.valid_until) if date})
        self._spans: dict[int, bytes] = {}
        self._rules: dict[tuple[str, int], str] = {}

    def digest(self, moment: datetime, history: Mapping[RuleKey, RuleState]) -> bytes:
        """SHA-256 of what holds for a period that starts at `moment`, with what its rules remember.

        The end of a validity is not part of it: an agreement that is ended later changes no earlier period.
        Raises AgreementError for an agreement version given twice.
        """
        span = bisect_right(self._dates, moment)
        if span not in self._spans:
            self._spans[span] = self._span_digest(moment)
        remembered = [(*key, *asdict(known).values()) for key, known in sorted(history.items())]
        return content_digest({"terms": [[self._spans[span].hex()]], "history": remembered})

    def _span_digest(self, moment: datetime) -> bytes:
        owners, disputes = owners_at(self._claims, self._chain_id, moment)
        return content_digest(
            {
                "agreements": [
                    (one.agreement_id, one.version, one.partner_id, self._rules_digest(one))
                    for one in in_force(self._agreements, moment)
                ],
                "owners": sorted(owners.items()),
                "disputes": sorted([dispute.message] for dispute in disputes),
            }
        )

    def _rules_digest(self, version: AgreementVersion) -> str:
        key = (version.agreement_id, version.version)
        if key not in self._rules:
            self._rules[key] = content_digest({"rules": [[asdict(rule)] for rule in version.rules]}).hex()
        return self._rules[key]
