"""Amounts, rates and the two roundings. An amount is an `int` in the chain's native unit (lamports, wei).

A rate is an `int` in basis points, 0 to 10,000. No float touches either. Formatting for people is here,
too, and is exact; no other module divides amounts.
"""

import re
from collections.abc import Hashable, Mapping
from typing import Final, TypeVar

BPS: Final = 10_000
AMOUNT_LIMIT: Final = 2**256

K = TypeVar("K", bound=Hashable)

_DECIMAL = re.compile(r"(?P<sign>-)?(?P<whole>[0-9][0-9,]*)(?:\.(?P<fraction>[0-9]+))?")


def floor_share(amount: int, rate_bps: int) -> int:
    """`amount` times `rate_bps` over 10,000, rounded toward zero: the payer keeps the rest.

    `amount` is in native units and may be negative. Raises ValueError for a rate outside 0..10,000.
    """
    if not 0 <= rate_bps <= BPS:
        raise ValueError(f"rate {rate_bps} bps is outside 0..{BPS}")
    product = amount * rate_bps
    return product // BPS if product >= 0 else -(-product // BPS)


def split_exactly(total: int, weights: Mapping[K, int]) -> dict[K, int]:
    """Split `total` over keys in proportion to `weights`; the parts always sum to `total`.

    Largest remainder: each part is first rounded toward zero, then the remaining units go one each to the
    largest remainders, ties by ascending key (as text). A negative total is the mirror image of its
    positive. Raises ValueError for a negative weight, or when all weights are zero and `total` is not.
    """
    weight_sum = sum(weights.values())
    if any(weight < 0 for weight in weights.values()):
        raise ValueError("a weight is negative")
    if weight_sum == 0:
        if total != 0:
            raise ValueError(f"{total} cannot be split: every weight is zero")
        return dict.fromkeys(weights, 0)
    magnitude, sign = abs(total), (1 if total >= 0 else -1)
    parts: dict[K, int] = {}
    remainders: list[tuple[int, str, K]] = []
    for key, weight in weights.items():
        quotient, remainder = divmod(magnitude * weight, weight_sum)
        parts[key] = quotient
        remainders.append((-remainder, str(key), key))
    left = magnitude - sum(parts.values())
    for _, _, key in sorted(remainders, key=lambda entry: entry[:2])[:left]:
        parts[key] += 1
    return {key: sign * part for key, part in parts.items()} if sign < 0 else parts


def parse_amount(text: str, decimals: int) -> int:
    """The native units in a decimal text of whole coins (`0.5` with 9 decimals is 500,000,000), exactly.

    Raises ValueError for anything but a plain decimal, or more places than the chain has.
    """
    match = _DECIMAL.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'"{text}" is not a plain decimal amount')
    fraction = match["fraction"] or ""
    if len(fraction) > decimals:
        raise ValueError(f'"{text}" has more than {decimals} decimal places')
    digits = match["whole"].replace(",", "") + fraction.ljust(decimals, "0")
    return -int(digits) if match["sign"] else int(digits)


def format_amount(
    amount: int | None, decimals: int, *, places: int | None = None, separator: str = ","
) -> str:
    """`amount` in whole coins as text, exact to `decimals` places, `separator` between thousands.

    `places` shortens the fraction (truncated toward zero, for tables). None is shown as an em dash.
    """
    if amount is None:
        return "—"
    whole, fraction = divmod(abs(amount), 10**decimals)
    digits = f"{fraction:0{decimals}d}"[: decimals if places is None else places] if decimals else ""
    sign = "-" if amount < 0 else ""
    text = f"{whole:,}".replace(",", separator) if separator else str(whole)
    return f"{sign}{text}.{digits}" if digits else f"{sign}{text}"
