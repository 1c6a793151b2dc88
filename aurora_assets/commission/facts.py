"""The engine's input for one period: revenues, stakes, and what was observed from each client.

Values only: they are read and filled elsewhere. An amount is an `int` in the chain's native unit, None
means unknown and is never zero, and a bad value is refused when it is made (ValueError: a fault of the
caller, not of an agreement).
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from aurora_resources.records import Component, FactState

Source: TypeAlias = str | int | None


def _refuse_inexact(amount: int | None, what: str) -> None:
    # bool is an int to Python, and a float that is whole looks like one; neither is an amount.
    if amount is not None and type(amount) is not int:
        raise ValueError(f"{what} is {amount!r}; an amount is a whole int in native units, or None")


@dataclass(frozen=True, slots=True)
class Revenue:
    """The operator's share of one component of one validator; may be negative. MISSING has no amount."""

    validator_key: str
    component: Component
    amount: int | None
    state: FactState
    source: Source = None

    def __post_init__(self) -> None:
        _refuse_inexact(self.amount, f"{self.component} of {self.validator_key}")
        if (self.amount is None) != (self.state is FactState.MISSING):
            raise ValueError(
                f"{self.component} of {self.validator_key} is {self.state} with amount {self.amount}; "
                "MISSING, and only MISSING, has no amount"
            )


@dataclass(frozen=True, slots=True)
class WalletStake:
    """Active stake of one wallet on one validator, native units; several rows of a wallet add up."""

    validator_key: str
    wallet: str
    active_stake: int | None
    source: Source = None

    def __post_init__(self) -> None:
        _refuse_inexact(self.active_stake, f"stake of {self.wallet}")
        if self.active_stake is not None and self.active_stake < 0:
            raise ValueError(f"stake of {self.wallet} on {self.validator_key} is negative")


@dataclass(frozen=True, slots=True)
class ClientRevenue:
    """Revenue observed from one wallet's stake accounts on one validator; several rows add up.

    Where a (validator, component) has any such row, the rows are taken to be complete: a wallet without
    one gave nothing. Where it has none, nothing was observed.
    """

    validator_key: str
    wallet: str
    component: Component
    amount: int | None
    source: Source = None

    def __post_init__(self) -> None:
        _refuse_inexact(self.amount, f"{self.component} from {self.wallet}")


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """All facts of one period of one chain; the period is half-open, `ends_at` starts the next one."""

    chain_id: str
    period_id: int
    starts_at: datetime
    ends_at: datetime
    revenues: tuple[Revenue, ...]
    stakes: tuple[WalletStake, ...] = ()
    client_revenues: tuple[ClientRevenue, ...] = ()

    def __post_init__(self) -> None:
        where = f"{self.chain_id} period {self.period_id}"
        if self.starts_at.utcoffset() is None or self.ends_at.utcoffset() is None:
            raise ValueError(f"{where}: its times have no time zone")
        if self.starts_at >= self.ends_at:
            raise ValueError(f"{where}: it ends before it starts")
        counts = Counter((row.validator_key, row.component) for row in self.revenues)
        twice = sorted(key for key, count in counts.items() if count > 1)
        if twice:
            raise ValueError(f"{where}: more than one revenue row for {', '.join(map(' '.join, twice))}")
