"""Whether a text has the form of an account's key on a protocol; nobody is asked whether it exists."""

from typing import Final

from aurora_resources.base58 import decode

_SOLANA_BYTES: Final = 32
_SOLANA_LENGTH_MAX: Final = 44


def fault_of_address(protocol: str, text: str) -> str | None:
    """What is wrong with the form of `text`; None when nothing is, or the protocol's form is not known."""
    if protocol != "solana":
        return None
    if len(text) > _SOLANA_LENGTH_MAX:
        return f"it has {len(text)} characters; a Solana address has at most {_SOLANA_LENGTH_MAX}"
    try:
        size = len(decode(text))
    except ValueError as problem:
        return str(problem)
    return (
        None
        if size == _SOLANA_BYTES
        else f"it is base58 of {size} bytes; a Solana address has {_SOLANA_BYTES}"
    )
