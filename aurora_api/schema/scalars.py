"""The scalars of our own: `Amount`, `Bps` and `Ordinal`. Each is an exact `int` in Python.

GraphQL's `Int` ends at 2^31: too small for an amount, and for a slot's number before long. Money, an amount
with its coin, is in `money.py`.
"""

from typing import Final, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from aurora_resources.units import BPS

Amount = NewType("Amount", int)
Bps = NewType("Bps", int)
Ordinal = NewType("Ordinal", int)

# The largest whole number that every reader of JSON holds exactly.
ORDINAL_MAX: Final = 2**53 - 1


def _write_amount(amount: int) -> str:
    return str(_whole(amount, "amount"))


def _read_amount(value: object) -> int:
    if not isinstance(value, str) or not value.removeprefix("-").isdecimal() or not value.isascii():
        raise GraphQLError('an amount is a text of digits in native units, such as "1500000000"')
    return int(value)


def _write_bps(rate: int) -> int:
    if not 0 <= _whole(rate, "rate") <= BPS:
        raise ValueError(f"rate {rate} bps is outside 0..{BPS}")
    return rate


def _read_bps(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= BPS:
        raise GraphQLError(f"a rate is a whole number of basis points, 0 to {BPS}")
    return value


def _write_ordinal(number: int) -> int:
    if not 0 <= _whole(number, "ordinal") <= ORDINAL_MAX:
        raise ValueError(f"ordinal {number} is outside 0..{ORDINAL_MAX}")
    return number


def _read_ordinal(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= ORDINAL_MAX:
        raise GraphQLError(f"a period or slot is a whole number, 0 to {ORDINAL_MAX}")
    return value


def _whole(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"the {what} {value!r} is a {type(value).__name__}, not a whole number")
    return value


SCALARS: Final[dict[object, ScalarDefinition]] = {
    Amount: strawberry.scalar(
        name="Amount",
        description="A whole number of the chain's native units, as a text of digits, with a minus sign if "
        "negative. Exact whatever its size: never read it as a floating-point number.",
        serialize=_write_amount,
        parse_value=_read_amount,
    ),
    Bps: strawberry.scalar(
        name="Bps",
        description="A rate in basis points: a whole number, 0 to 10000 (10000 is all of it).",
        serialize=_write_bps,
        parse_value=_read_bps,
    ),
    Ordinal: strawberry.scalar(
        name="Ordinal",
        description="The number of a period or a slot on its chain: a whole number, 0 to 2^53 - 1.",
        serialize=_write_ordinal,
        parse_value=_read_ordinal,
    ),
}
