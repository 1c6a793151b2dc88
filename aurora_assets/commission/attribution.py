"""Who owns which wallet in a period, and what part of each revenue came from whose stake.

The facts of a period are indexed once, each (validator, component) is split over its wallets once, and all
rules share the result. What a rule makes of it is in `methods/`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aurora_assets.commission.agreement import WalletClaim, holds_at
from aurora_assets.commission.facts import PeriodFacts, Revenue, Source
from aurora_assets.commission.findings import Finding, FindingCode
from aurora_resources.records import Component
from aurora_resources.units import split_exactly


def owners_at(
    claims: Iterable[WalletClaim], chain_id: str, moment: datetime
) -> tuple[dict[str, str], list[Finding]]:
    """Partner of each claimed wallet of a chain at `moment`, and a finding per disputed wallet.

    A disputed wallet stays with the earlier introduction (then the lower partner id), never moves
    silently, and blocks release until the dispute is settled.
    """
    claimants: defaultdict[str, list[WalletClaim]] = defaultdict(list)
    for claim in claims:
        if claim.chain_id == chain_id and holds_at(claim, moment):
            claimants[claim.wallet].append(claim)
    owners: dict[str, str] = {}
    findings: list[Finding] = []
    for wallet, rivals in claimants.items():
        first = min(rivals, key=lambda claim: (claim.valid_from, claim.partner_id))
        owners[wallet] = first.partner_id
        others = sorted({claim.partner_id for claim in rivals} - {first.partner_id})
        if others:
            message = (
                f"wallet {wallet} is claimed by {first.partner_id}, who came first, and by "
                f"{', '.join(others)}; end all claims but one"
            )
            findings.append(Finding(FindingCode.OWNERSHIP_CONFLICT, message))
    return owners, findings


@dataclass(slots=True)
class Holding:
    """What one partner (None: nobody's) has on one validator: an amount, or None if any part is unknown."""

    amount: int | None = 0
    sources: list[Source] = field(default_factory=list)

    def add(self, amount: int | None, source: Source) -> None:
        """Add one row."""
        self.amount = None if amount is None or self.amount is None else self.amount + amount
        if source is not None:
            self.sources.append(source)


class Attribution:
    """The facts of one period by owner. Everything asked of it is in native units.

    `stakes[validator][partner]` and `observed[validator, component][partner]` are Holdings; the partner
    None stands for all wallets that belong to nobody.
    """

    def __init__(self, facts: PeriodFacts, owners: dict[str, str]) -> None:
        self._owners = owners
        self._wallets: dict[str, dict[str, int | None]] = {}
        self._parts: dict[tuple[str, Component], dict[str | None, int] | None] = {}
        self.revenues: dict[tuple[str, Component], Revenue] = {
            (row.validator_key, row.component): row for row in facts.revenues
        }
        self.stakes: defaultdict[str, dict[str | None, Holding]] = defaultdict(dict)
        self.observed: dict[tuple[str, Component], dict[str | None, Holding]] = {}
        for stake in facts.stakes:
            wallets = self._wallets.setdefault(stake.validator_key, {})
            known = wallets.get(stake.wallet, 0)
            wallets[stake.wallet] = (
                None if known is None or stake.active_stake is None else known + stake.active_stake
            )
            owner = owners.get(stake.wallet)
            self.stakes[stake.validator_key].setdefault(owner, Holding()).add(
                stake.active_stake, stake.source
            )
        for row in facts.client_revenues:
            by_owner = self.observed.setdefault((row.validator_key, row.component), {})
            by_owner.setdefault(owners.get(row.wallet), Holding()).add(row.amount, row.source)
        keys = {key for key, _ in self.revenues} | self._wallets.keys() | {key for key, _ in self.observed}
        self.validators: Sequence[str] = sorted(keys)

    def parts(self, validator_key: str, component: Component) -> dict[str | None, int] | None:
        """The known revenue split over all wallets by active stake, summed by partner.

        The parts sum to the revenue, those of nobody (None) included. None if it cannot be split: a stake
        is unknown, or there is none and the revenue is not zero. Raises KeyError without a known revenue.
        """
        key = (validator_key, component)
        if key not in self._parts:
            self._parts[key] = self._split(validator_key, self.revenues[key].amount)
        return self._parts[key]

    def _split(self, validator_key: str, revenue: int | None) -> dict[str | None, int] | None:
        if revenue is None:
            raise KeyError(validator_key)
        wallets = self._wallets.get(validator_key, {})
        if revenue == 0:
            # Any split of nothing is nothing, even by stakes that are not known.
            return dict.fromkeys(self.stakes.get(validator_key, {}), 0)
        weights = {wallet: stake for wallet, stake in wallets.items() if stake is not None}
        if len(weights) < len(wallets) or not any(weights.values()):
            return None
        sums: defaultdict[str | None, int] = defaultdict(int)
        for wallet, part in split_exactly(revenue, weights).items():
            sums[self._owners.get(wallet)] += part
        return dict(sums)

    def stake_of(self, partner_id: str, component: Component, validators: Iterable[str]) -> int | None:
        """Active stake of a partner's wallets on some validators; None if any of it is unknown.

        A validator without any stake row was not looked at: its stake is unknown, unless the component
        it is asked for is known to have earned nothing there.
        """
        total = Holding()
        for key in validators:
            if key in self.stakes:
                held = self.stakes[key].get(partner_id, Holding())
                total.add(held.amount, None)
            elif (key, component) not in self.revenues or self.revenues[key, component].amount != 0:
                return None
        return total.amount
