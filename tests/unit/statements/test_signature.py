"""A statement file tells when anything in it was changed, and by whom it was signed."""

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aurora_assets.commission.statement import (
    Statement,
    StatementError,
    StatementKey,
    StatementPeriod,
    StatementStatus,
)
from aurora_assets.statements.content import freeze
from aurora_assets.statements.signature import (
    KEY_VARIABLE,
    public_key_text,
    signing_key,
    statement_file,
    verify_file,
)
from aurora_assets.statements.store import StatementRecord, StatementView
from aurora_resources.errors import ConfigurationError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
STATEMENT = StatementKey("north", "c", date(2026, 1, 1))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def view(number: int | None = 3) -> StatementView:
    periods = (StatementPeriod(800, "epoch 800", NOW, NOW.replace(day=3)),)
    statement = Statement(STATEMENT, "North", "lamports", 9, "SOL", periods, (), (), -5)
    status = StatementStatus.DRAFT if number is None else StatementStatus.RELEASED
    return StatementView(STATEMENT, StatementRecord(status, number), freeze(statement))


def changed(change: Callable[[dict[str, Any]], object], *, digest: bool = False) -> bytes:
    """A signed file with a change; with `digest` its SHA-256 is made to fit again."""
    told = json.loads(statement_file(view(), KEY))
    change(told)
    if digest:
        told["sha256"] = hashlib.sha256(rfc8785.dumps(told["statement"])).hexdigest()
    return json.dumps(told).encode()


def test_a_signed_file_holds_and_its_form_does_not_matter() -> None:
    found = verify_file(statement_file(view(), KEY), public_key_text(KEY))
    assert (found.number, found.signed_by, found.known) == (3, public_key_text(KEY), True)
    assert verify_file(changed(lambda _: None), f"{public_key_text(KEY)}\n").sha256 == found.sha256


def test_unsigned_files_hold_but_nobody_vouches() -> None:
    for data in (statement_file(view(), None), statement_file(view(None), KEY)):
        assert verify_file(data, None).signed_by is None
        with pytest.raises(StatementError, match="signed by nobody, not by the key you trust"):
            verify_file(data, public_key_text(KEY))


def test_another_s_signature_is_not_the_one_trusted() -> None:
    data = statement_file(view(), OTHER)
    assert verify_file(data, None).known is False
    with pytest.raises(StatementError, match=r"signed by O2onvM62pC1.*not by the key you trust"):
        verify_file(data, public_key_text(KEY))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (changed(lambda f: f["statement"]["partner"].update(name="South")), "it was changed"),
        (changed(lambda f: f["statement"]["partner"].update(name="South"), digest=True), "does not fit"),
        (changed(lambda f: f.update(number=4)), "does not fit the statement and its number"),
        (changed(lambda f: f["signature"].update(value="AAAA")), "does not fit"),
        (changed(lambda f: f["signature"].update(public_key="AAAA")), "does not fit"),
        (changed(lambda f: f["statement"]["totals"].update(payable="1"), digest=True), "payable is not what"),
        (
            changed(lambda f: f["statement"]["periods"][0].update(total="1"), digest=True),
            "period 800: its lines",
        ),
        (changed(lambda f: f.update(format="aurora-statement-file/9")), "use the Aurora that wrote it"),
        (changed(lambda f: f.pop("number")), "this is not a statement file"),
        (changed(lambda f: f.update(number=1.5)), "1.5 is a fraction"),
        (changed(lambda f: f["statement"].pop("totals"), digest=True), "this is not a statement file"),
        (changed(lambda f: f["statement"].update(number=2**60)), "this is not a statement file"),
        (b"%PDF-1.4", "this is not a statement file"),
        (b"[]", "this is not a statement file"),
    ],
)
def test_whatever_is_changed_is_found(data: bytes, told: str) -> None:
    with pytest.raises(StatementError, match=told):
        verify_file(data, None)


def test_the_key_comes_from_the_environment_and_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    assert signing_key() is None
    monkeypatch.setenv(KEY_VARIABLE, base64.b64encode(bytes(range(32))).decode())
    key = signing_key()
    assert key is not None
    assert public_key_text(key) == public_key_text(KEY)
    for wrong in ("c2VjcmV0", "secret*secret"):
        monkeypatch.setenv(KEY_VARIABLE, wrong)
        with pytest.raises(ConfigurationError, match="openssl rand -base64 32") as caught:
            signing_key()
        assert wrong not in str(caught.value)
