"""Money: an amount together with the coin it is in, so that no amount is shown without its unit.

Nothing is computed here. An unknown amount is no Money at all: the field is null.
"""

from dataclasses import dataclass
from typing import overload

import strawberry

from aurora_api.access.principal import Capability
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Amount
from aurora_resources.units import format_amount


@dataclass(frozen=True, slots=True)
class Coin:
    """The coin of a chain and its native unit."""

    unit: str
    decimals: int
    display_unit: str

    @overload
    def money(self, amount: int) -> "Money": ...
    @overload
    def money(self, amount: int | None) -> "Money | None": ...
    def money(self, amount: int | None) -> "Money | None":
        """`amount` native units of this coin; None stays None."""
        # A page makes thousands: a type for readers' sake is not worth a call.
        return None if amount is None else Money(amount=amount, coin=self)  # type: ignore[arg-type]


@strawberry.type(
    description="An amount in a chain's coin. An unknown amount is null, never a Money of zero.",
    directives=requires(Capability.SIGNED_IN),
)
class Money:
    """Native units, and how to read them."""

    amount: Amount = strawberry.field(description="In native units.")
    coin: strawberry.Private[Coin]

    @strawberry.field(  # type: ignore[untyped-decorator] # Strawberry types it so
        description="The native unit."
    )
    def unit(self) -> str:
        """The smallest unit of the coin."""
        return self.coin.unit

    @strawberry.field(  # type: ignore[untyped-decorator]
        description="Decimal places of the coin in native units."
    )
    def decimals(self) -> int:
        """Digits after the decimal point."""
        return self.coin.decimals

    @strawberry.field(  # type: ignore[untyped-decorator]
        description="The coin that `display` is in."
    )
    def display_unit(self) -> str:
        """The unit that people use."""
        return self.coin.display_unit

    @strawberry.field(  # type: ignore[untyped-decorator]
        description="The same amount as a decimal of the coin, exact to the last native unit."
    )
    def display(self) -> str:
        """Such as `-1234.500000000`: all its places, and no separators, so that programs read it too."""
        return format_amount(self.amount, self.coin.decimals, separator="")
