"""Money: an amount together with the coin it is in, so that no amount is shown without its unit.

Nothing is computed here. An unknown amount is no Money at all: the field is null.
"""

from dataclasses import dataclass
from typing import overload

import strawberry

from aurora_api.scalars import Amount
from aurora_resources.units import format_amount


@strawberry.type(description="An amount in a chain's coin. An unknown amount is null, never a Money of zero.")
class Money:
    """Native units, and how to read them."""

    amount: Amount = strawberry.field(description="In native units.")
    unit: str = strawberry.field(description="The native unit.")
    decimals: int = strawberry.field(description="How many decimal places of the coin one native unit is.")
    display_unit: str = strawberry.field(description="The coin, which `display` is in.")

    @strawberry.field(  # type: ignore[untyped-decorator] # Strawberry types it so
        description="The same amount as a decimal of the coin, exact to the last native unit."
    )
    def display(self) -> str:
        """Such as `-1234.500000000`: all its places, and no separators, so that programs read it too."""
        return format_amount(self.amount, self.decimals, separator="")


@dataclass(frozen=True, slots=True)
class Coin:
    """What a chain's amounts are counted in."""

    unit: str
    decimals: int
    display_unit: str

    @overload
    def money(self, amount: int) -> Money: ...
    @overload
    def money(self, amount: int | None) -> Money | None: ...
    def money(self, amount: int | None) -> Money | None:
        """`amount` native units of this coin; None stays None."""
        if amount is None:
            return None
        return Money(
            amount=Amount(amount), unit=self.unit, decimals=self.decimals, display_unit=self.display_unit
        )
