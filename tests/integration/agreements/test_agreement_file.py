"""Agreements come from a readable file: faults are named, loading is idempotent, a wallet has one owner."""

import copy
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from aurora_assets.agreements.file import read_agreement_file
from aurora_assets.agreements.store import (
    LoadSummary,
    add_version,
    load_agreements,
    read_agreements,
    read_claims,
)
from aurora_assets.commission.agreement import AgreementStatus, Rule, Tier
from aurora_resources.config.files import load_chains, load_config
from aurora_resources.errors import AgreementError
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.queries import read_query
from aurora_resources.warehouse.registry import sync_registry
from tests.unit.agreements.rules import FULL

CHECKOUT = Path(__file__).resolve().parents[3]
CHAINS = {chain.chain_id: chain for chain in load_chains(CHECKOUT)}


@pytest.fixture
def example() -> dict[str, Any]:
    """The checkout's partners.yaml as data."""
    content: dict[str, Any] = yaml.safe_load((CHECKOUT / "partners.yaml").read_text())
    return content


def load(warehouse: Warehouse, folder: Path, content: dict[str, Any]) -> LoadSummary:
    path = folder / "partners.yaml"
    path.write_text(yaml.safe_dump(content))
    with warehouse.connect() as connection:
        sync_registry(connection, load_config(CHECKOUT, {"SOLANABEACH_API_KEY": "k"}))
        return load_agreements(connection, read_agreement_file(path, CHAINS), CHAINS)


def rules(content: dict[str, Any]) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = content["partners"][0]["agreements"][0]["rules"]
    return result


def test_loading_again_changes_nothing(warehouse: Warehouse, tmp_path: Path, example: dict[str, Any]) -> None:
    assert load(warehouse, tmp_path, example) == LoadSummary(partners=2, wallets=7, versions=4)
    assert load(warehouse, tmp_path, example) == LoadSummary()


def test_what_is_read_back_is_what_was_written(
    warehouse: Warehouse, tmp_path: Path, example: dict[str, Any]
) -> None:
    load(warehouse, tmp_path, example)
    with warehouse.connect() as connection:
        versions = {version.agreement_id: version for version in read_agreements(connection)}
        claims = read_claims(connection, "solana-mainnet")
    tiers = versions["northwind-introduction"].rules[2].tiers
    assert tiers is not None
    assert tiers.tiers == (Tier(50_000_000, 1000), Tier(200_000_000, 1500), Tier(None, 2000))
    assert versions["northwind-introduction"].rules[2].cap == 5_000_000_000
    assert versions["harbor-referral"].rules[1].floor == 10_000_000
    assert versions["harbor-referral"].status is AgreementStatus.ACTIVE
    assert {claim.partner_id for claim in claims} == {"northwind", "harbor"}


@pytest.mark.parametrize(
    "full", [replace(FULL, rate_bps=None), replace(FULL, tiers=None)], ids=["tiers", "flat"]
)
def test_every_field_of_a_rule_is_read_back(
    warehouse: Warehouse, tmp_path: Path, example: dict[str, Any], full: Rule
) -> None:
    load(warehouse, tmp_path, example)
    rule = replace(full, chain_id="solana-mainnet")
    with warehouse.connect() as connection:
        known = {version.agreement_id: version for version in read_agreements(connection)}
        wanted = replace(known["harbor-referral"], version=2, rules=(rule,))
        add_version(connection, wanted, "test")
        assert wanted in read_agreements(connection)


def test_every_field_of_a_rule_is_a_column_of_what_is_read(warehouse: Warehouse) -> None:
    given: dict[str, list[object]] = {"agreement_ids": [], "versions": []}
    with warehouse.connect() as connection:
        for name in ("all_rules", "rules_of_versions"):
            columns = connection.execute(read_query(f"registry/agreements.{name}"), given).description
            assert columns is not None
            assert {field.name for field in fields(Rule)} <= {column.name for column in columns}


def test_a_changed_agreement_is_a_new_version_and_the_old_one_stays(
    warehouse: Warehouse, tmp_path: Path, example: dict[str, Any]
) -> None:
    load(warehouse, tmp_path, example)
    rules(example)[0]["rate_bps"] = 4000
    assert load(warehouse, tmp_path, example) == LoadSummary(versions=1)
    with warehouse.connect() as connection:
        rates = [
            (version.version, version.rules[0].rate_bps)
            for version in read_agreements(connection)
            if version.agreement_id == "northwind-introduction"
        ]
    assert rates == [(1, 5000), (2, 4000)]


def test_a_status_changes_without_a_new_version_and_terminated_is_final(
    warehouse: Warehouse, tmp_path: Path, example: dict[str, Any]
) -> None:
    load(warehouse, tmp_path, example)
    example["partners"][0]["agreements"][0]["status"] = "TERMINATED"
    assert load(warehouse, tmp_path, example) == LoadSummary(statuses=1)
    example["partners"][0]["agreements"][0]["status"] = "ACTIVE"
    with pytest.raises(AgreementError, match="TERMINATED, which is final"):
        load(warehouse, tmp_path, example)


def test_a_second_claim_on_a_wallet_is_refused_and_nothing_of_the_file_is_kept(
    warehouse: Warehouse, tmp_path: Path, example: dict[str, Any]
) -> None:
    stolen = copy.deepcopy(example)
    stolen["partners"][1]["wallets"] = stolen["partners"][0]["wallets"]
    with pytest.raises(AgreementError, match="is claimed already by northwind"):
        load(warehouse, tmp_path, stolen)
    assert load(warehouse, tmp_path, example).partners == 2


def test_a_wallet_may_change_its_partner_when_the_first_claim_has_ended(
    warehouse: Warehouse, tmp_path: Path, example: dict[str, Any]
) -> None:
    wallet = example["partners"][0]["wallets"][0]
    example["partners"][0]["wallets"][0] = wallet | {"until": "2025-01-01"}
    example["partners"][1]["wallets"].append(wallet | {"from": "2025-01-01"})
    assert load(warehouse, tmp_path, example).wallets == 8


def change(example: dict[str, Any], **values: object) -> None:
    rules(example)[0].update(values)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (
            lambda e: change(e, rate_bps=10_001),
            "rules.0.rate_bps: Input should be less than or equal to 10000",
        ),
        (lambda e: change(e, rate_bps=None), "needs either a rate or tiers"),
        (lambda e: change(e, floor=5, cap=3), "its floor 5 is above its cap 3"),
        (lambda e: change(e, method="GUESS"), "rules.0.method"),
        (lambda e: change(e, colour="blue"), "rules.0.colour: Extra inputs are not permitted"),
        (lambda e: change(e, chain="dogecoin"), 'chain "dogecoin" is not configured'),
        (lambda e: change(e, floor="0.5 ETH"), 'floor "0.5 ETH": write native units'),
        (lambda e: change(e, floor="0.5000000001 SOL"), "more than 9 decimal places"),
        (lambda e: change(e, floor=0.5), "rules.0.floor"),
        (lambda e: change(e, floor="1e3 SOL"), "not a plain decimal amount"),
        (lambda e: rules(e).append({**rules(e)[0], "id": "again"}), "are equally specific for COMMISSION"),
        (lambda e: e["partners"][0]["agreements"][0].update(until="2019-01-01"), "give a later end"),
        (lambda e: e.update(partners=[]), "partners"),
    ],
)
def test_a_fault_is_named_with_its_place(
    tmp_path: Path, example: dict[str, Any], spoil: Any, told: str
) -> None:
    spoil(example)
    path = tmp_path / "partners.yaml"
    path.write_text(yaml.safe_dump(example))
    with pytest.raises(AgreementError) as error:
        read_agreement_file(path, CHAINS)
    assert told in str(error.value)
    assert str(path) in str(error.value)


def test_versions_and_rules_cannot_be_edited_even_by_sql(
    warehouse: Warehouse, tmp_path: Path, example: dict[str, Any]
) -> None:
    load(warehouse, tmp_path, example)
    for statement in (
        "update registry.agreement_rules set rate_bps = 1",
        "delete from registry.agreement_versions",
        "truncate registry.agreement_rules cascade",
    ):
        with warehouse.connect() as connection, pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute(statement)
