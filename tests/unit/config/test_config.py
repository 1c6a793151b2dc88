"""Configuration errors name file, place and remedy; nothing else gets through."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from aurora_resources.config.files import load_chains, load_config
from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import ConfigurationError
from aurora_resources.records import Feed

CHECKOUT = Path(__file__).resolve().parents[3]
KEYS = {"SOLANABEACH_API_KEY": "k"}

Change = Callable[[dict[str, Any], dict[str, Any]], None]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Change], Path]:
    """The checkout's two files with a change."""

    def write(change: Change) -> Path:
        chains = yaml.safe_load((CHECKOUT / "chains.yaml").read_text())
        providers = yaml.safe_load((CHECKOUT / "providers.yaml").read_text())
        change(chains, providers)
        (tmp_path / "chains.yaml").write_text(yaml.safe_dump(chains))
        (tmp_path / "providers.yaml").write_text(yaml.safe_dump(providers))
        return tmp_path

    return write


def test_the_checkout_s_own_files_are_sound() -> None:
    config = load_config(CHECKOUT, KEYS)
    chain = config.chain("solana-mainnet")
    assert chain.providers.for_feed(Feed.FEES) == ("solanabeach", "rpc")
    assert chain.providers.for_feed(Feed.PERIODS) == ("rpc",)
    assert config.provider("rpc").base_url == "https://api.mainnet.solana.com"


def chain(chains: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = chains["chains"][0]
    return result


def provider(providers: dict[str, Any], name: str) -> dict[str, Any]:
    result: dict[str, Any] = next(p for p in providers["providers"] if p["name"] == name)
    return result


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda c, p: c["chains"].append(copy.deepcopy(c["chains"][0])),
            ['chains.yaml: chain "solana-mainnet" is defined 2 times'],
        ),
        (
            lambda c, p: p["providers"].append(copy.deepcopy(p["providers"][0])),
            ['providers.yaml: provider "rpc" is defined 2 times'],
        ),
        (
            lambda c, p: chain(c)["providers"].update(mev="jitto"),
            [
                'chains.yaml: solana-mainnet.providers.mev names "jitto"',
                "jito, relay-flashbots, relay-titan, relay-ultrasound, rpc, solanabeach, stakewiz",
            ],
        ),
        (
            lambda c, p: provider(p, "jito").update(enabled=False),
            ['solana-mainnet.providers.mev names "jito", which is disabled in providers.yaml; enable it'],
        ),
        (
            lambda c, p: chain(c).update(finality_lag=-1),
            ["chains.yaml: chains.0.finality_lag", "greater than"],
        ),
        (
            lambda c, p: chain(c).update(period_type="DAY"),
            ["chains.0.period_type", "'EPOCH', 'BLOCK_WINDOW'"],
        ),
        (lambda c, p: chain(c).update(colour="blue"), ["chains.0.colour", "Extra inputs are not permitted"]),
        (lambda c, p: chain(c).pop("native_unit"), ["chains.0.native_unit", "Field required"]),
        (lambda c, p: chain(c).update(native_decimals=-1), ["chains.0.native_decimals"]),
        (lambda c, p: chain(c).update(chain_id=""), ["chains.0.chain_id"]),
        (lambda c, p: chain(c).update(validators=[]), ["validators is empty"]),
        (
            lambda c, p: chain(c)["validators"].append(chain(c)["validators"][0]),
            ["lists 4X9ASE4SD3PPcwsYjZeVWm1rUaoVbkfictrk8Bd7zQWT more than once"],
        ),
        (lambda c, p: c.update(chains={}), ["chains.yaml: chains"]),
        (lambda c, p: c.clear(), ["chains.yaml: chains: Field required"]),
        (
            lambda c, p: provider(p, "rpc").update(base_url="ftp://x"),
            ["providers.yaml: providers.0 (rpc).base_url", "must start with http:// or https://"],
        ),
        (lambda c, p: provider(p, "rpc").update(rate_limit=0), ["providers.0 (rpc).rate_limit"]),
        (lambda c, p: provider(p, "rpc").update(speed=1), ["providers.0 (rpc).speed"]),
    ],
)
def test_a_mistake_is_told_with_its_place_and_remedy(
    write: Callable[[Change], Path], change: Change, told: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_config(write(change), KEYS)
    for part in told:
        assert part in str(error.value)


def test_a_missing_variable_of_an_enabled_provider_is_named(write: Callable[[Change], Path]) -> None:
    folder = write(lambda c, p: None)
    with pytest.raises(ConfigurationError, match="needs the environment variable SOLANABEACH_API_KEY"):
        load_config(folder, {})


def test_a_missing_variable_of_a_disabled_or_unused_provider_is_nobody_s_concern(
    write: Callable[[Change], Path],
) -> None:
    def without_solanabeach(chains: dict[str, Any], providers: dict[str, Any]) -> None:
        chain(chains)["providers"]["fees"] = "rpc"

    assert load_config(write(without_solanabeach), {}).provider("rpc").enabled
    with pytest.raises(ConfigurationError, match='"solanabeach" is not an enabled provider'):
        load_config(write(without_solanabeach), {}).provider("solanabeach")


def test_the_chains_alone_need_no_secret(write: Callable[[Change], Path]) -> None:
    assert [known.chain_id for known in load_chains(write(lambda c, p: None))] == [
        "solana-mainnet",
        "ethereum-mainnet",
    ]


def test_a_secret_is_never_shown(write: Callable[[Change], Path]) -> None:
    folder = write(lambda c, p: None)
    secret = "https://node.example/verysecret"
    config = load_config(folder, {"SOLANABEACH_API_KEY": "topsecret", "SOLANA_RPC_URL": secret})
    assert config.provider("rpc").base_url == secret
    assert "secret" not in repr(config)


def test_files_that_are_missing_or_no_yaml_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="chains.yaml: the file is missing"):
        load_config(tmp_path, {})
    (tmp_path / "chains.yaml").write_text("chains: [")
    with pytest.raises(ConfigurationError, match="chains.yaml: not valid YAML"):
        load_config(tmp_path, {})


def test_defaults_reach_every_validator(write: Callable[[Change], Path]) -> None:
    def change(chains: dict[str, Any], providers: dict[str, Any]) -> None:
        chain(chains).update(
            validators=[
                {"key": "a", "identity": [{"identity": "x"}, {"identity": "y", "from_period": 5}]},
                {"key": "b", "own_wallets": []},
            ],
            validator_defaults={"own_wallets": ["w"], "mev": "none"},
        )

    declared = load_config(write(change), KEYS).chain("solana-mainnet").declared_validators()
    assert declared is not None
    assert declared[0].own_wallets == ("w",)
    assert declared[0].identities == ((None, "x"), (5, "y"))
    assert declared[1].own_wallets == ()
    assert all(validator.mev_declared_none for validator in declared)


def test_all_validators_declares_none_of_them(write: Callable[[Change], Path]) -> None:
    folder = write(lambda c, p: chain(c).update(validators="all"))
    chosen: ChainSettings = load_config(folder, KEYS).chain("solana-mainnet")
    assert chosen.declared_validators() is None
    assert chosen.undeclared("v").own_wallets is None
