"""Solana addresses: base58 text of 32 bytes, and addresses derived from words.

Derived addresses are SHA-256 digests: valid as text, the same on every machine, and without a private key.
"""

import hashlib
import re
from typing import Final

from aurora_resources.addresses import BASE58_ALPHABET, decode_base58, encode_base58

PUBKEY_BYTES: Final = 32
SYSTEM_PROGRAM: Final = "1" * 32
STAKE_PROGRAM: Final = "Stake11111111111111111111111111111111111111"

# The alphabet is in ASCII order, so texts of equal length compare as their numbers do. Nearly all addresses
# have 43 or 44 digits, and for those a comparison with the least or greatest 32-byte number is enough.
_PLAUSIBLE: Final = re.compile(f"[{BASE58_ALPHABET[1:]}][{BASE58_ALPHABET}]{{42,43}}")
_LEAST: Final = encode_base58(b"\x01" + bytes(31))
_GREATEST: Final = encode_base58(b"\xff" * 32)


def check_pubkey(text: str) -> str:
    """`text` itself if it is a 32-byte address in base58. Raises ValueError if not."""
    if _PLAUSIBLE.fullmatch(text) and (text <= _GREATEST if len(text) == len(_GREATEST) else text >= _LEAST):
        return text
    size = len(decode_base58(text))
    if size != PUBKEY_BYTES:
        raise ValueError(f"{text!r} is not an address: base58 of {size} bytes instead of {PUBKEY_BYTES}")
    return text


def derive_pubkey(*words: str | int) -> str:
    """The address derived from `words`: base58 of SHA-256 of the words joined by "/"."""
    return encode_base58(hashlib.sha256("/".join(map(str, words)).encode()).digest())
