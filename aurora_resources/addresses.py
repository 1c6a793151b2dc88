"""How a protocol writes the key of an account or validator; nobody is asked whether it exists."""

from collections.abc import Callable, Mapping
from typing import Final

from aurora_resources.base58 import decode

HEX_DIGITS: Final = frozenset("0123456789abcdef")
ADDRESS_LENGTH: Final = 42
PUBLIC_KEY_LENGTH: Final = 98
"""Characters of an Ethereum address and of a validator's public key, `0x` included."""

_SOLANA_BYTES: Final = 32
_SOLANA_LENGTH_MAX: Final = 44


def normalize_address(protocol: str, text: str) -> str:
    """The one spelling of `text` on a protocol; itself where the protocol's form is not known.

    Raises ValueError, which says what is wrong, for a text that has not the form of a key there.
    """
    spelling = _SPELLINGS.get(protocol)
    return text if spelling is None else spelling(text)


def _base58_key(text: str) -> str:
    """32 bytes in base58: its only spelling is its own."""
    if len(text) > _SOLANA_LENGTH_MAX:
        raise ValueError(f"it has {len(text)} characters; a Solana address has at most {_SOLANA_LENGTH_MAX}")
    if (size := len(decode(text))) != _SOLANA_BYTES:
        raise ValueError(f"it is base58 of {size} bytes; a Solana address has {_SOLANA_BYTES}")
    return text


def _hex_key(text: str) -> str:
    """Lower case, with or without a checksum's capitals before."""
    lowered = text.lower()
    sound = lowered.startswith("0x") and set(lowered[2:]) <= HEX_DIGITS
    if not sound or len(lowered) not in (ADDRESS_LENGTH, PUBLIC_KEY_LENGTH):
        raise ValueError("it is neither an address (0x and 40 hex digits) nor a public key (0x and 96)")
    return lowered


_SPELLINGS: Final[Mapping[str, Callable[[str], str]]] = {"solana": _base58_key, "ethereum": _hex_key}
