"""Numbers of PostgreSQL as exact integers: every `numeric` that Aurora reads is an amount in native units.

A fraction, a NaN or an infinity is refused instead of rounded. Text and binary results alike.
"""

from decimal import Decimal

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.types.numeric import NumericBinaryLoader


class IntLoader(Loader):
    """A `numeric` in text form as `int`. Raises psycopg.DataError for anything but a whole number."""

    def load(self, data: Buffer) -> int:
        """`data` is digits, and perhaps zeros after a point (`1.0`), which a scale can leave there."""
        try:
            return int(data)
        except ValueError:
            return _whole(Decimal(bytes(data).decode()))


class IntBinaryLoader(NumericBinaryLoader):
    """A `numeric` in binary form as `int`. Raises psycopg.DataError for anything but a whole number."""

    def load(self, data: Buffer) -> int:  # type: ignore[override] # an int, where the library's gives a Decimal
        """`data` is PostgreSQL's base-10,000 form."""
        return _whole(super().load(data))


def read_numeric_as_int(adapters: AdaptersMap) -> None:
    """Make everything that uses these adapters (a connection's, a pool's) read `numeric` as `int`."""
    adapters.register_loader("numeric", IntLoader)
    adapters.register_loader("numeric", IntBinaryLoader)


def _whole(number: Decimal) -> int:
    if not number.is_finite() or number != number.to_integral_value():
        raise psycopg.DataError(
            f"PostgreSQL sent {number}, which is not a whole amount; divide with div(), not with /"
        )
    return int(number)
