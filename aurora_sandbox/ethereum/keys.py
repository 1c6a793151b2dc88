"""Ethereum addresses, public keys, roots and signatures, derived from words.

Derived values are SHA-256 digests cut to the right length: valid as text, the same on every machine, and
without a private key. Nothing here signs or checks a signature.
"""

import hashlib
from typing import Final

ADDRESS_DIGITS: Final = 40
PUBKEY_DIGITS: Final = 96
ROOT_DIGITS: Final = 64
SIGNATURE_DIGITS: Final = 192
ZERO_ROOT: Final = "0x" + "0" * ROOT_DIGITS
_BLS_COMPRESSED: Final = "89ab"


def hexadecimal(digits: int, *words: str | int) -> str:
    """0x and `digits` hexadecimal digits derived from `words`."""
    text = "/".join(map(str, words))
    found = ""
    while len(found) < digits:
        found += hashlib.sha256(f"{text}#{len(found)}".encode()).hexdigest()
    return "0x" + found[:digits]


def address(*words: str | int) -> str:
    """An execution layer address, lower case."""
    return hexadecimal(ADDRESS_DIGITS, "address", *words)


def root(*words: str | int) -> str:
    """A 32-byte hash."""
    return hexadecimal(ROOT_DIGITS, *words)


def pubkey(*words: str | int) -> str:
    """A BLS public key: 48 bytes whose first bit says that it is compressed."""
    return "0x" + _compressed(hexadecimal(PUBKEY_DIGITS, "pubkey", *words))


def signature(*words: str | int) -> str:
    """A BLS signature: 96 bytes whose first bit says that it is compressed."""
    return "0x" + _compressed(hexadecimal(SIGNATURE_DIGITS, "signature", *words))


def number(below: int, *words: str | int) -> int:
    """A number from 0 to `below` exclusive, derived from `words`."""
    return int(hexadecimal(ROOT_DIGITS, "number", *words), 16) % below


def _compressed(text: str) -> str:
    return _BLS_COMPRESSED[int(text[2], 16) % len(_BLS_COMPRESSED)] + text[3:]
