"""A validator's MEV: absent is unknown, contradictions are told."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from aurora_resources.config.chain_rules import SolanaRules
from aurora_resources.providers.solana.jito import NO_AUTHORITY, JitoValidator, StakerTips, ValidatorTips
from aurora_resources.providers.solana.mev import TipResponses, normalize_tips
from aurora_resources.records import FactState, Finding, TrackedValidator, ValidatorMev

EPOCH, RULES = 800, SolanaRules()
ROW = ValidatorTips("vote", EPOCH, 10_001, 1_000, 4, 0)


def claims(*amounts: tuple[str, int]) -> Mapping[str, tuple[StakerTips, ...]]:
    nobody = (NO_AUTHORITY, NO_AUTHORITY)
    rows = []
    for name, amount in amounts:
        staker, withdrawer = nobody if name == "vote" else ("s", "w")
        rows.append(StakerTips(name, staker, withdrawer, "vote", EPOCH, amount))
    return {"vote": tuple(rows)}


BOOK = TipResponses(
    provider="jito",
    epoch=EPOCH,
    tips={"vote": ROW},
    listed_total=1,
    validators={"vote": JitoValidator("vote", 10_001, 5, running_jito=True)},
    network_total=10_001,
    claims=claims(("vote", 1_000), ("a", 8_000), ("b", 700)),
)


def understood(
    book: TipResponses | None, *, running: int = 802, declared_none: bool = False
) -> tuple[ValidatorMev, tuple[Finding, ...]]:
    validator = TrackedValidator("vote", mev_declared_none=declared_none)
    found = normalize_tips(book, "jito", EPOCH, running, [validator], RULES)
    return found.records[0], found.findings


def test_the_parts_are_of_the_whole() -> None:
    record, findings = understood(BOOK)
    assert record == ValidatorMev("vote", "jito", FactState.FINAL, 10_001, 300, 8_701, 1_000, 1_000)
    assert findings == ()


@pytest.mark.parametrize(
    ("running", "state"), [(801, FactState.PROVISIONAL), (802, FactState.FINAL), (900, FactState.FINAL)]
)
def test_numbers_may_change_until_two_epochs_later(running: int, state: FactState) -> None:
    assert understood(BOOK, running=running)[0].state is state


@pytest.mark.parametrize(
    ("book", "why"),
    [
        (None, "was not asked about epoch 800"),
        (replace(BOOK, tips={}, listed_total=0), "has not published epoch 800 yet"),
    ],
)
def test_absent_is_unknown_and_never_zero(book: TipResponses | None, why: str) -> None:
    record, findings = understood(book)
    assert record.state is FactState.MISSING
    assert (record.gross, record.operator_share, record.delegators_share, record.protocol_fee) == (None,) * 4
    assert why in findings[-1].message


def test_a_published_epoch_without_a_row_says_so() -> None:
    other = ValidatorTips("other", EPOCH, 10_001, 1_000, 4, 0)
    record, findings = understood(replace(BOOK, tips={"other": other}))
    assert record.state is FactState.MISSING
    assert "did not run Jito, or no tree was uploaded" in findings[-1].message


def test_none_by_declaration_is_a_final_zero() -> None:
    record, findings = understood(
        replace(BOOK, tips={}, listed_total=0, network_total=None), declared_none=True
    )
    assert (record.state, record.gross, record.operator_share) == (FactState.FINAL, 0, 0)
    assert findings == ()
    assert "declares `mev: none`" in understood(BOOK, declared_none=True)[1][0].message


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"network_total": 10_002}, "the network's total of epoch 800 is 10,002 lamports, 1 lamports more"),
        ({"listed_total": 2}, "lists 2 validators, 1 were received"),
        (
            {"validators": {"vote": JitoValidator("vote", 9, 5, running_jito=True)}},
            "9 lamports in validators",
        ),
        ({"claims": claims(("vote", 999), ("a", 8_701))}, "its own claim of epoch 800 is 999 lamports"),
        ({"claims": claims(("vote", 1_000), ("a", 8_000))}, "1 stakers' claims of epoch 800 leave 701"),
        ({"claims": claims(("vote", 1_000), ("a", 8_702))}, "leave -1 lamports"),
    ],
)
def test_contradictions_are_told(change: dict[str, object], says: str) -> None:
    _, findings = understood(replace(BOOK, **change))  # type: ignore[arg-type]
    assert [finding.code for finding in findings] == ["DRIFT"]
    assert says in findings[0].message


def test_before_tip_router_the_claim_is_not_compared() -> None:
    old = replace(BOOK, epoch=700, claims=claims(("vote", 999), ("a", 9_001)))
    found = normalize_tips(old, "jito", 700, 800, [TrackedValidator("vote")], RULES)
    assert found.records[0].protocol_fee == 0
    assert found.findings == ()
