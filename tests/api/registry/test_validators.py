"""Validators registered through the API: checked, listed at once, and audited; chains.yaml decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from aurora_resources.addresses import encode_base58
from tests.api.registry.asking import done, nodes, refused
from tests.conftest import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Service

CHAIN = "solana-mainnet"
KEY, IDENTITY, WALLET = (encode_base58(bytes([number] * 32)) for number in (1, 2, 3))
DECLARED = "4X9ASE4SD3PPcwsYjZeVWm1rUaoVbkfictrk8Bd7zQWT"


@pytest.fixture
def office(
    own_service: Service, filled: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Service:
    """The service beside the checkout's configuration."""
    for name in ("chains.yaml", "providers.yaml"):
        (tmp_path / name).write_text((CHECKOUT / name).read_text())
    monkeypatch.setenv("AURORA_CONFIG_DIR", str(tmp_path))
    with filled.connect() as connection:
        connection.execute(
            "insert into registry.chains values "
            "('solana-mainnet', 'Solana', 'solana', 'EPOCH', 'lamports', 9, 'SOL', 2, 'PERIODS')"
        )
    return own_service


def validator(**changes: object) -> dict[str, object]:
    return {"chainId": CHAIN, "validatorKey": KEY, **changes}


def test_it_is_listed_at_once_and_can_be_told_anew(office: Service, filled: Warehouse) -> None:
    ops = office.as_user("ops")
    identities = [{"identity": IDENTITY, "fromPeriod": 800}]
    first = done(
        ops, "registerValidator", **validator(name="New", identities=identities, ownWallets=[WALLET])
    )
    assert first == {
        "chainId": CHAIN,
        "validatorKey": KEY,
        "name": "New",
        "registration": {"identities": identities, "ownWallets": [WALLET], "mevDeclaredNone": False},
    }
    listed = ops.ask(f'{{ validators(chainId: "{CHAIN}") {{ edges {{ node {{ validatorKey }} }} }} }}')
    assert nodes(listed["validators"]) == [{"validatorKey": KEY}]
    again = done(ops, "registerValidator", **validator(mevDeclaredNone=True))
    assert again["registration"] == {"identities": [], "ownWallets": None, "mevDeclaredNone": True}
    with filled.connect() as connection:
        rows = connection.execute(
            "select actor, outcome, object_id, before ->> 'name', after ->> 'mev' from access.audit_log "
            "order by sequence"
        ).fetchall()
    place = f"{CHAIN}/{KEY}"
    assert rows == [("ops", "DONE", place, None, None), ("ops", "DONE", place, "New", "none")]


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        (
            {"validatorKey": "4X9ASE4SD3PPcwsYjZeVWm1rUaoVbkfictrk8Bd7zQWT"},
            "VALIDATOR_REFUSED",
            "in chains.yaml",
        ),
        ({"validatorKey": "abc"}, "VALIDATOR_REFUSED", "'abc' is no address: it is base58 of"),
        ({"validatorKey": " "}, "VALIDATOR_REFUSED", "key: String should have at least 1 character"),
        ({"ownWallets": ["x0"]}, "VALIDATOR_REFUSED", "'x0' is no address"),
        ({"identities": [{"identity": ""}]}, "VALIDATOR_REFUSED", "identity.0.identity: String should have"),
        ({"chainId": "alpha-main"}, "VALIDATOR_REFUSED", "alpha-main is not in chains.yaml any more"),
        ({"reason": ""}, "INVALID_ARGUMENT", "reason is empty"),
    ],
)
def test_what_cannot_be_registered(office: Service, changes: dict[str, object], code: str, told: str) -> None:
    found, message = refused(office, "registerValidator", **validator(**changes))
    assert (found, told in message) == (code, True), message


def test_a_chain_whose_every_validator_is_kept_needs_none(office: Service, tmp_path: Path) -> None:
    chains = yaml.safe_load((tmp_path / "chains.yaml").read_text())
    chains["chains"][0]["validators"] = "all"
    (tmp_path / "chains.yaml").write_text(yaml.safe_dump(chains))
    code, message = refused(office, "registerValidator", **validator())
    assert (code, "tracks every validator" in message) == ("VALIDATOR_REFUSED", True)
