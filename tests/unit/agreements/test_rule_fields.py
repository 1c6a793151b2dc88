"""A rule's fields are those of one model; what names them again, for its descriptions, names all of them."""

from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from aurora_api.queries import agreements as api
from aurora_assets.agreements.entries import AgreementEntry, RuleEntry, TierEntry, TiersEntry, to_version
from aurora_assets.agreements.store import RegisteredChain, to_parameters, to_rule
from aurora_assets.commission.agreement import Rule, Tier, TierSchedule
from aurora_resources.warehouse.queries import read_query
from tests.unit.agreements.rules import FULL

START = datetime(2026, 1, 1, tzinfo=UTC)
CHAINS = {"chain": RegisteredChain("any protocol", "COIN", 9)}

IN_FILE = {"rule_id": "id", "chain_id": "chain", "validator_key": "validator", "upper": "upto"}
IN_API = {"upper": "up_to"}


def defaults(model: type[Any]) -> dict[str, object]:
    """The fields of a dataclass or a pydantic model with their defaults; `...` where one must be given."""
    if issubclass(model, BaseModel):
        given = {name: field.default for name, field in model.model_fields.items()}
    else:
        assert is_dataclass(model)
        given = {field.name: field.default for field in fields(model)}
    return {name: ... if value in (MISSING, PydanticUndefined) else value for name, value in given.items()}


def renamed(model: type[Any], names: dict[str, str]) -> dict[str, object]:
    return {names.get(name, name): value for name, value in defaults(model).items()}


def test_every_field_of_the_full_rule_differs_from_its_default() -> None:
    assert FULL.tiers is not None
    for one in (FULL, FULL.tiers):
        for name, default in defaults(type(one)).items():
            assert getattr(one, name) != default, name


@pytest.mark.parametrize(
    ("model", "entry"), [(Rule, RuleEntry), (TierSchedule, TiersEntry), (Tier, TierEntry)]
)
def test_a_file_has_every_field(model: type[Any], entry: type[Any]) -> None:
    expected = renamed(model, IN_FILE)
    # The position in the file is a rule's order; the last tier may leave its limit out.
    expected.pop("order", None)
    assert defaults(entry) == expected | ({"upto": None} if entry is TierEntry else {})


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (Rule, api.AgreementRuleInput),
        (TierSchedule, api.TierScheduleInput),
        (Tier, api.AgreementTierInput),
    ],
)
def test_the_input_of_the_api_has_every_field(model: type[Any], given: type[Any]) -> None:
    expected = renamed(model, IN_API)
    expected.pop("order", None)
    assert defaults(given) == expected | ({"up_to": None} if model is Tier else {})


@pytest.mark.parametrize(
    ("model", "shown", "with_money"),
    [
        (Rule, api.AgreementRule, {"floor": "floor_amount", "cap": "cap_amount"}),
        (TierSchedule, api.TierSchedule, {}),
        (Tier, api.AgreementTier, {"up_to": "up_to_amount"}),
    ],
)
def test_the_api_shows_every_field(model: type[Any], shown: type[Any], with_money: dict[str, str]) -> None:
    expected = set(renamed(model, IN_API)) - {"order"}
    assert set(defaults(shown)) == expected | {*with_money.values()}


def test_no_field_is_lost_between_the_api_and_the_engine() -> None:
    """Through the form of `partners.yaml`, which both share."""
    assert FULL.tiers is not None
    tiers = api.TierScheduleInput(
        mode=FULL.tiers.mode,
        metric=FULL.tiers.metric,
        scope=FULL.tiers.scope,
        tiers=[
            api.AgreementTierInput(up_to=tier.upper, rate_bps=tier.rate_bps)  # type: ignore[arg-type]
            for tier in FULL.tiers.tiers
        ],
    )
    values = {name: getattr(FULL, name) for name in defaults(Rule) if name != "order"}
    given = api.AgreementRuleInput(**values | {"tiers": tiers})
    raw = api.raw_agreement("a", "A", START, None, [given], "test")
    entry = AgreementEntry.model_validate(raw)
    (rule,) = to_version("north", entry, version=1, chains=CHAINS).rules
    assert rule == replace(FULL, order=1)


@pytest.mark.parametrize("rule", [FULL, replace(FULL, tiers=None)], ids=["tiers", "no tiers"])
def test_a_stored_rule_is_the_rule(rule: Rule) -> None:
    stored = to_parameters(rule)
    assert not any(isinstance(value, Enum) for value in stored.values())
    if rule.tiers is not None:
        stored["tiers"] = stored["tiers"].obj
        assert [tier["upto"] for tier in stored["tiers"]["tiers"]] == [str(2**200), None]
    assert to_rule(stored | {"agreement_id": "a", "version": 1}) == rule


def test_every_field_is_a_parameter_of_the_statement_that_writes_it() -> None:
    statement = read_query("registry/agreements.add_agreement_rule")
    assert all(f"%({name})s" in statement for name in defaults(Rule))
