"""A released statement as a file a partner can verify: the document, its number, a digest and a signature.

The signature (Ed25519) is over the document's SHA-256 and the number, as RFC 8785 JSON. Verifying needs
only the file and the operator's public key; no warehouse and no network.
"""

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from aurora_assets.commission.statement import StatementError, calculate_balance
from aurora_assets.statements.content import FORMAT
from aurora_assets.statements.store import StatementView
from aurora_resources.errors import ConfigurationError

KEY_VARIABLE: Final = "AURORA_SIGNING_KEY"
FILE_FORMAT: Final = "aurora-statement-file/1"
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Verified:
    """What was verified of a file; digest and sums always hold.

    `signed_by` is the public key (base64) whose signature is right, None without a signature; `known`
    whether that is the key the caller trusts.
    """

    document: Mapping[str, Any]
    number: int | None
    sha256: str
    signed_by: str | None
    known: bool


def signing_key() -> Ed25519PrivateKey | None:
    """The key in `AURORA_SIGNING_KEY` (32 bytes as base64), None without one. Raises ConfigurationError."""
    text = os.environ.get(KEY_VARIABLE)
    if not text:
        return None
    try:
        return Ed25519PrivateKey.from_private_bytes(_bytes(text))
    except ValueError:
        # The text is not shown: it may be a real key with a slip in it.
        raise ConfigurationError(
            f"{KEY_VARIABLE} is not {_KEY_BYTES} bytes as base64; make one with `openssl rand -base64 32`"
        ) from None


def public_key_text(key: Ed25519PrivateKey) -> str:
    """The public key as base64, by which partners identify the operator."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def statement_file(view: StatementView, key: Ed25519PrivateKey | None) -> bytes:
    """The statement as a file: canonical JSON, so equal statements are equal bytes; signed once released."""
    number, digest = view.record.number, view.content.sha256.hex()
    signature = None
    if key is not None and number is not None:
        signature = {
            "algorithm": "Ed25519",
            "public_key": public_key_text(key),
            "value": base64.b64encode(key.sign(_signed(digest, number))).decode(),
        }
    return rfc8785.dumps(
        {
            "format": FILE_FORMAT,
            "number": number,
            "sha256": digest,
            "signature": signature,
            "statement": dict(view.content.document),
        }
    )


def verify_file(data: bytes, public_key: str | None) -> Verified:
    """Check digest, sums and signature. Raises StatementError for the first thing that does not hold.

    `public_key` (base64) is the one the operator gave to the partner by another way; a signature by any
    other key is refused. Without it a right signature only shows that the file was made by its own key.
    """
    try:
        parsed = json.loads(data, parse_float=_no_fraction)
        document, number, digest = parsed["statement"], parsed["number"], parsed["sha256"]
        signature = parsed["signature"]
        formats = (parsed["format"], document["format"])
        if formats != (FILE_FORMAT, FORMAT):
            raise StatementError(f"the file has format {formats}; use the Aurora that wrote it")
        found = hashlib.sha256(rfc8785.dumps(document)).hexdigest()
        if found != digest:
            raise StatementError(
                f"the statement's SHA-256 is {found}, the file says {digest}: it was changed"
            )
        _check_sums(document)
    except (ValueError, KeyError, TypeError) as error:
        raise StatementError(f"this is not a statement file: {error}") from None
    signed_by = None if signature is None else _check_signature(signature, digest, number)
    if public_key is not None and signed_by != public_key.strip():
        raise StatementError(
            f"the file is signed by {signed_by or 'nobody'}, not by the key you trust; ask the operator"
        )
    return Verified(document, number, digest, signed_by, known=public_key is not None)


def _signed(digest: str, number: int) -> bytes:
    return rfc8785.dumps({"format": FILE_FORMAT, "number": number, "sha256": digest})


def _check_signature(signature: Mapping[str, Any], digest: str, number: int) -> str:
    try:
        key = Ed25519PublicKey.from_public_bytes(_bytes(signature["public_key"]))
        key.verify(base64.b64decode(signature["value"], validate=True), _signed(digest, number))
    except (InvalidSignature, ValueError, KeyError, TypeError):
        raise StatementError("the signature does not fit the statement and its number") from None
    return str(signature["public_key"])


def _check_sums(document: Mapping[str, Any]) -> None:
    totals = {name: int(amount) for name, amount in document["totals"].items()}
    for period in document["periods"]:
        if sum(int(line["amount"]) for line in period["lines"]) != int(period["total"]):
            raise StatementError(f"period {period['period_id']}: its lines do not sum to its total")
    lines = sum(int(period["total"]) for period in document["periods"])
    true_ups = sum(int(item["difference"]) for item in document["true_ups"])
    balance = calculate_balance(totals["opening_balance"], lines + true_ups)
    expected = {
        "lines": lines,
        "true_ups": true_ups,
        "total": balance.total,
        "opening_balance": balance.opening,
        "payable": balance.payable,
        "closing_balance": balance.closing,
    }
    wrong = sorted(name for name in expected if totals.get(name) != expected[name])
    if wrong:
        raise StatementError(f"{', '.join(wrong)} is not what the lines and corrections sum to")


def _bytes(text: str) -> bytes:
    """Raises ValueError for anything but 32 bytes as base64."""
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    if len(raw) != _KEY_BYTES:
        raise ValueError(f"{len(raw)} bytes")
    return raw


def _no_fraction(text: str) -> None:
    raise ValueError(f"{text} is a fraction, and no amount is")
