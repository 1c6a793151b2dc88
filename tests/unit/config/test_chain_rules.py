"""Rules are read by the protocol's own model, which checks spelling, dates and what fits together."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from aurora_resources.config.chain_rules import EthereumRules, SolanaRules
from aurora_resources.config.models import ChainSettings

CHECKOUT = Path(__file__).resolve().parents[3]
KEY = "0x" + "Ab" * 48
OTHER = "0x" + "cd" * 48
WALLET = "0x" + "Ef" * 20


def group(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "operator": "us", "validators": [KEY], **more}


def client(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"code": "acme", "terms": [{"fee_bps": 1000, "base": "GROSS", **each} for each in terms]}


def test_each_chain_has_its_protocol_s_rules() -> None:
    chains = yaml.safe_load((CHECKOUT / "chains.yaml").read_text())["chains"]
    solana, ethereum = (ChainSettings.model_validate(chain) for chain in chains)
    assert isinstance(solana.rules, SolanaRules)
    assert isinstance(ethereum.rules, EthereumRules)
    with pytest.raises(ValidationError, match="rules: tip_router_fee_bps: Extra inputs"):
        ChainSettings.model_validate(chains[1] | {"rules": {"tip_router_fee_bps": 1}})
    with pytest.raises(ValidationError, match="rules: window_epochs: Extra inputs"):
        ChainSettings.model_validate(chains[0] | {"rules": {"window_epochs": 1}})
    with pytest.raises(ValidationError, match="`all` is not supported on ethereum"):
        ChainSettings.model_validate(chains[1] | {"validators": "all"})


def test_a_key_has_one_spelling() -> None:
    chains = yaml.safe_load((CHECKOUT / "chains.yaml").read_text())["chains"]
    listed = [{"key": KEY, "own_wallets": [WALLET]}]
    settings = ChainSettings.model_validate(chains[1] | {"validators": listed})
    (declared,) = settings.declared_validators() or ()
    assert declared.validator_key == KEY.lower()
    assert declared.own_wallets == (WALLET.lower(),)
    assert EthereumRules.model_validate({"groups": [group("a")]}).group_of(KEY.lower(), 1) is not None
    with pytest.raises(ValidationError, match="more than once"):
        ChainSettings.model_validate(
            chains[1] | {"validators": [{"key": KEY}, {"key": KEY.lower()}]},
        )
    with pytest.raises(ValueError, match="neither an address"):
        EthereumRules().normalize_key("0x12")
    assert SolanaRules().normalize_key("AbC") == "AbC"


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"groups": [group("a"), group("a", from_period=5)]}, "groups lists a more than once"),
        ({"groups": [group("a"), group("b")]}, "is in two groups in period 0"),
        ({"groups": [group("a", until_period=5), group("b", from_period=4)]}, "in two groups in period 4"),
        ({"groups": [group("a", client="acme")]}, "of client acme, which clients lacks"),
        ({"clients": [client({}, {"from_period": 3})]}, "client acme has two terms in period 3"),
        ({"groups": [group("a", from_period=3, until_period=3)]}, "until_period is not after from_period"),
        ({"fee_recipients": [{"address": KEY}]}, "is not an address"),
        ({"groups": [group("a", validators=[WALLET])]}, "is not a validator's public key"),
    ],
)
def test_what_does_not_fit_is_refused(rules: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        EthereumRules.model_validate(rules)


def test_what_is_in_force_follows_the_period() -> None:
    rules = EthereumRules.model_validate(
        {
            "fee_recipients": [{"address": WALLET, "from_period": 2, "until_period": 4}],
            "clients": [client({"until_period": 3}, {"from_period": 3, "fee_bps": 500})],
            "groups": [
                group("old", client="acme", until_period=3),
                group("new", client="acme", from_period=3),
            ],
        }
    )
    assert [bool(rules.recipients_in(period)) for period in range(1, 5)] == [False, True, True, False]
    found = {period: rules.group_of(KEY.lower(), period) for period in (2, 3)}
    assert {period: of.code for period, of in found.items() if of is not None} == {2: "old", 3: "new"}
    rates = {period: rules.client("acme").terms_in(period) for period in (2, 3)}
    assert {period: terms.fee_bps for period, terms in rates.items() if terms} == {2: 1000, 3: 500}
