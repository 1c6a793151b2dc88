"""Whose a validator is, and what its client pays: by what is declared, never guessed."""

from typing import Any

import pytest

from aurora_resources.config.chain_rules import EthereumRules
from aurora_resources.providers.ethereum.ownership import ownership
from aurora_resources.records import TrackedValidator

KEY = "0x" + "ab" * 48
OWN, THEIRS = "0x" + "01" * 20, "0x" + "02" * 20
VALIDATOR = TrackedValidator(KEY, own_wallets=(OWN,))


def rules(client: str | None = "acme", **terms: Any) -> EthereumRules:
    stated = {"fee_bps": 1_000, "base": "GROSS"} | terms
    return EthereumRules.model_validate(
        {
            "clients": [{"code": "acme", "terms": [stated]}],
            "groups": [{"code": "g", "operator": "us", "client": client, "validators": [KEY]}],
        }
    )


def test_an_own_wallet_counts_before_a_group() -> None:
    found = ownership(rules(), VALIDATOR, OWN, 1)
    assert found.is_own
    assert found.operator_keeps_execution
    assert found.service_fee(100, 50) == 0


@pytest.mark.parametrize(
    ("base", "consensus", "execution", "fee"),
    [
        ("GROSS", 10_009, 20_000, 3_000),
        ("GROSS", -5_000, 20_000, 1_500),
        ("GROSS", -30_000, 20_000, 0),
        ("CONSENSUS", 10_009, 20_000, 1_000),
        ("CONSENSUS", -1, 20_000, 0),
        ("CONSENSUS", 10_009, None, 1_000),
        ("EXECUTION", -5, 20_000, 2_000),
        ("EXECUTION", 10_009, None, None),
        ("GROSS", 10_009, None, None),
        ("GROSS", 2**255, 2**255 - 1, (2**256 - 1) // 10),
    ],
)
def test_the_fee_is_a_part_of_its_base_rounded_down_and_never_of_a_loss(
    base: str, consensus: int, execution: int | None, fee: int | None
) -> None:
    found = ownership(rules(base=base), VALIDATOR, THEIRS, 1)
    assert not found.is_own
    assert found.operator_keeps_execution is False
    assert found.service_fee(consensus, execution) == fee


@pytest.mark.parametrize(
    ("declared", "address", "told"),
    [
        (EthereumRules(), THEIRS, "no group has it in period 1"),
        (EthereumRules(), None, "no withdrawal address yet"),
        (rules(client=None), THEIRS, "group g has no client"),
        (rules(from_period=2), THEIRS, "client acme has no terms in period 1"),
    ],
)
def test_what_is_not_declared_is_unknown(declared: EthereumRules, address: str | None, told: str) -> None:
    found = ownership(declared, VALIDATOR, address, 1)
    assert found.finding is not None
    assert told in found.finding.message
    assert found.service_fee(1, 1) is None
    assert found.operator_keeps_execution is None
