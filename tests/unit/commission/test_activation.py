"""Each fault that keeps an agreement out of force, with the words that name it."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from aurora_assets.commission.activation import find_faults, refuse_conflicts, validate
from aurora_assets.commission.agreement import AgreementStatus, Tier, TierMode, TierSchedule
from aurora_resources.errors import AgreementError
from aurora_resources.records import Component

GOOD = TierSchedule((Tier(10, 100), Tier(20, 200), Tier(None, 300)))


def tiers(*pairs: tuple[int | None, int], mode: TierMode = TierMode.MARGINAL) -> TierSchedule:
    return TierSchedule(tuple(Tier(*pair) for pair in pairs), mode)


@pytest.mark.parametrize(
    "fields",
    [
        {"rate_bps": 0},
        {"rate_bps": 10_000},
        {"tiers": GOOD},
        {"tiers": tiers((10, 300), (None, 100))},
        {"tiers": tiers((10, 300), (None, 300), mode=TierMode.CLIFF)},
        {"floor": 5, "cap": 5},
        {"floor": 0, "guarantee": True},
        {"chain_id": None},
        {"chain_id": None, "validator_key": "v1", "floor": 1},
    ],
)
def test_a_good_rule_has_no_fault(make: SimpleNamespace, fields: dict[str, object]) -> None:
    validate(make.agreement(make.rule(**fields)))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rate_bps": None}, "either a rate or tiers: give exactly one"),
        ({"rate_bps": 100, "tiers": GOOD}, "either a rate or tiers: give exactly one"),
        ({"rate_bps": -1}, "its rate is -1 bps"),
        ({"rate_bps": 10_001}, "its rate is 10001 bps"),
        ({"rate_bps": 5.0}, "its rate is 5.0 bps"),
        ({"tiers": tiers()}, "last tier is not open"),
        ({"tiers": tiers((10, 100))}, "last tier is not open"),
        ({"tiers": tiers((20, 100), (10, 100), (None, 100))}, "thresholds do not ascend"),
        ({"tiers": tiers((0, 100), (None, 100))}, "thresholds do not ascend"),
        ({"tiers": tiers((None, 100), (None, 100))}, "thresholds do not ascend"),
        ({"tiers": tiers((cast("int", 1.5), 100), (None, 100))}, "thresholds do not ascend"),
        ({"tiers": tiers((10, 100), (None, 10_001))}, "a tier's rate is no whole number of bps"),
        ({"tiers": tiers((10, 300), (None, 100), mode=TierMode.CLIFF)}, "a CLIFF falls"),
        ({"floor": 6, "cap": 5}, "its floor 6 is above its cap 5: lower the floor or raise the cap"),
        ({"floor": -1}, "its floor is -1"),
        ({"cap": 0.5}, "its cap is 0.5"),
        ({"guarantee": True}, "give the guaranteed amount as floor"),
        ({"chain_id": None, "cap": 5}, "amounts of no particular chain: name the chain"),
        ({"chain_id": None, "tiers": GOOD}, "amounts of no particular chain: name the chain"),
    ],
)
def test_a_fault_names_agreement_rule_and_remedy(
    make: SimpleNamespace, fields: dict[str, object], words: str
) -> None:
    with pytest.raises(AgreementError) as caught:
        validate(make.agreement(make.rule(**fields)))
    assert str(caught.value).startswith("agreement a v1: rule r: ")
    assert words in str(caught.value)


def test_all_faults_are_told_at_once(make: SimpleNamespace) -> None:
    faulty = make.agreement(
        make.rule(rate_bps=-1, floor=-1), make.rule(rule_id="s", cap=-1, validator_key="v")
    )
    assert len(find_faults(faulty)) == 3


def test_an_agreement_has_rules_with_ids_of_their_own(make: SimpleNamespace) -> None:
    empty = make.agreement(make.rule())
    object.__setattr__(empty, "rules", ())
    assert find_faults(empty) == ("it has no rule: add one",)
    twins = make.agreement(make.rule(), make.rule(component=Component.EXEC_FEES))
    assert find_faults(twins) == ("rule id r is used 2 times: give each rule its own",)


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        ({"chain_id": None}, {"chain_id": None}, True),
        ({"chain_id": "c"}, {"chain_id": "c"}, True),
        ({"chain_id": "c"}, {"chain_id": "d"}, False),
        ({"chain_id": "c"}, {"chain_id": None}, False),
        ({"validator_key": "v"}, {"validator_key": "v"}, True),
        ({"validator_key": "v"}, {"validator_key": "v", "chain_id": None}, True),
        ({"validator_key": "v", "chain_id": "d"}, {"validator_key": "v"}, False),
        ({"validator_key": "v"}, {"validator_key": "w"}, False),
        ({"validator_key": "v"}, {}, False),
        ({}, {"component": Component.MEV_TIPS}, False),
    ],
)
def test_rules_of_one_component_differ_in_how_specific_they_are(
    make: SimpleNamespace, first: dict[str, object], second: dict[str, object], *, refused: bool
) -> None:
    both = make.agreement(make.rule(**first), make.rule(rule_id="s", **second))
    assert bool(find_faults(both)) is refused
    if refused:
        assert "rules r and s are equally specific for COMMISSION" in find_faults(both)[0]


def at(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("other", "fields"),
    [
        ({"chain_id": "chain"}, {}),
        ({"chain_id": None}, {}),
        ({"validator_key": "v1"}, {}),
        ({}, {"valid_from": at(2030)}),
    ],
)
def test_two_agreements_in_force_on_the_same_thing_are_refused(
    make: SimpleNamespace, other: dict[str, object], fields: dict[str, object]
) -> None:
    one = make.agreement(make.rule())
    two = make.agreement(make.rule(**other), agreement_id="b", **fields)
    with pytest.raises(AgreementError, match=r"agreements a \(rule r\) and b \(rule r\) of A both pay"):
        refuse_conflicts([two, one])


@pytest.mark.parametrize(
    ("other", "fields"),
    [
        ({"chain_id": "another"}, {}),
        ({"component": Component.MEV_TIPS}, {}),
        ({}, {"partner": "B"}),
        ({}, {"status": AgreementStatus.DRAFT}),
        ({}, {"status": AgreementStatus.TERMINATED}),
        ({}, {"valid_from": at(2000), "valid_until": at(2001)}),
        ({}, {"valid_from": at(2031)}),
    ],
)
def test_agreements_that_never_meet_stand_beside_each_other(
    make: SimpleNamespace, other: dict[str, object], fields: dict[str, object]
) -> None:
    until = {"valid_until": at(2031)} if fields.get("valid_from") == at(2031) else {}
    one = make.agreement(make.rule(), **until)
    refuse_conflicts([one, make.agreement(make.rule(**other), agreement_id="b", **fields)])


def test_rules_for_different_validators_never_meet(make: SimpleNamespace) -> None:
    one = make.agreement(make.rule(validator_key="v1"))
    refuse_conflicts([one, make.agreement(make.rule(validator_key="v2"), agreement_id="b")])
