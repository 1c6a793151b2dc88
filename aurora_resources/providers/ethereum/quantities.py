"""How Ethereum's interfaces write numbers and bytes, read into exact integers and lower-case text.

Beacon nodes write gwei as decimal text (rewards may be negative), relays wei as decimal text, execution nodes
wei as 0x-hex, with one exception: the `amount` of a withdrawal is hex gwei. The types say how a number is
written, the names of the fields say its unit. Nothing here rounds; a float is refused.
"""

import re
from typing import Any, Final

from aurora_resources.providers.decoding import Shape, T

WEI_PER_GWEI: Final = 10**9
UINT256_LIMIT: Final = 2**256
FAR_FUTURE_EPOCH: Final = 2**64 - 1
"""How the consensus layer writes "never": read as None where an epoch may be unknown."""

_decimal = re.compile(r"-?[0-9]{1,78}").fullmatch
_hex_digits = re.compile(r"0x[0-9a-fA-F]{1,64}").fullmatch
_hex_bytes = re.compile(r"0x(?:[0-9a-fA-F]{2})*").fullmatch


class DecimalUint(int):
    """An unsigned number below 2^256 in decimal text; a bare JSON integer is read, too."""


class DecimalInt(int):
    """The same with a sign."""


class HexUint(int):
    """An unsigned number below 2^256 in 0x-hex; superfluous zeros do no harm."""


class HexData(str):
    """Bytes in 0x-hex, in lower case whatever the case they came in."""

    __slots__ = ()


def gwei_to_wei(amount_gwei: int) -> int:
    """Wei; exact, and the sign stays."""
    return amount_gwei * WEI_PER_GWEI


def hex_quantity(number: int) -> str:
    """A number as execution nodes want it: the shortest hex, zero is `0x0`."""
    if number < 0:
        raise ValueError(f"{number} has no hex quantity")
    return hex(number)


def epoch_or_none(epoch: int) -> int | None:
    """An epoch of the life of a validator; None when it is not known yet."""
    return None if epoch >= FAR_FUTURE_EPOCH else epoch


def shape(wanted: type[T], *, keep: bool = True) -> Shape[T]:
    """The shape of an answer that may hold the types above; `keep` as for `Shape`."""
    return Shape(wanted, read_quantity, keep=keep)


def read_quantity(wanted: type[Any], found: object) -> object:
    """One value of a type above. Raises ValueError saying what stands there instead."""
    if wanted is DecimalInt or wanted is DecimalUint:
        return wanted(_decimal_number(found, signed=wanted is DecimalInt))
    if wanted is HexUint and isinstance(found, str) and _hex_digits(found):
        return HexUint(found, 16)
    if wanted is HexData and isinstance(found, str) and _hex_bytes(found):
        return HexData(found.lower())
    raise ValueError(f"{_shown(found)} is no {_WRITTEN.get(wanted, wanted.__name__)}")


def _decimal_number(found: object, *, signed: bool) -> int:
    number: int | None = None
    if type(found) is str and _decimal(found):
        number = int(found)
    elif type(found) is int:
        number = found
    if number is None or (number < 0 and not signed) or abs(number) >= UINT256_LIMIT:
        raise ValueError(f"{_shown(found)} is no {_WRITTEN[DecimalInt if signed else DecimalUint]}")
    return number


_WRITTEN: Final[dict[type, str]] = {
    DecimalUint: "unsigned decimal number below 2^256",
    DecimalInt: "decimal number within 2^256",
    HexUint: "0x-hex number below 2^256",
    HexData: "bytes in 0x-hex",
}


def _shown(found: object) -> str:
    text = repr(found)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


_SHOWN_CHARACTERS: Final = 60
