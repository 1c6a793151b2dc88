"""Jito's answers as recorded, and the division of tips by the rules of each era."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resources.config.chain_rules import SolanaRules
from aurora_resources.errors import PayloadError
from aurora_resources.providers.solana import jito
from aurora_resources.providers.solana.jito import Jito
from aurora_resources.providers.solana.mev import TipDivision, divide_tips
from aurora_resources.records import ProviderResponse

Answer = Callable[..., ProviderResponse]
Recorded = Callable[[str], bytes]
JITO, RULES = Jito("jito"), SolanaRules()


@pytest.mark.parametrize(
    ("name", "vote_account", "operator_share", "total"),
    [
        ("jito_validator_rewards_epoch678.json", "CvSb7wdQ", 230_636_318_164, 922_545_272_656),
        ("jito_validator_rewards_epoch678.json", "he1iusun", 0, 934_451_876_628),
        ("jito_validator_rewards_epoch678_b.json", "CcaHc2L4", 46_729_299_992, 667_561_428_458),
        ("jito_validator_rewards_epoch678_b.json", "6D2jqw9h", 0, 719_895_757_278),
    ],
)
def test_epoch_678_as_recorded(
    recorded: Recorded, answer: Answer, name: str, vote_account: str, operator_share: int, total: int
) -> None:
    payload = answer(JITO.validator_rewards(678, 1), recorded(name))
    (row,) = [r for r in jito.validator_tips(payload, 678) if r.vote_account.startswith(vote_account)]
    assert row.mev_revenue == total
    assert divide_tips(row.mev_revenue, row.mev_commission, 678, RULES) == TipDivision(
        protocol_fee=0, operator_share=operator_share, delegators_share=total - operator_share
    )
    assert jito.validator_tips_total(payload) == 1_083


def test_priority_fees_that_are_not_there_are_unknown(recorded: Recorded, answer: Answer) -> None:
    old = jito.validator_tips(answer("x", recorded("jito_validator_rewards_epoch678_b.json")), 678)
    new = jito.validator_tips(answer("x", recorded("jito_validator_rewards_epoch678.json")), 678)
    assert [row.priority_fee_revenue for row in old] == [None, None]
    assert [row.priority_fee_revenue for row in new] == [0, 0]


def test_another_epoch_than_asked_for_is_refused(recorded: Recorded, answer: Answer) -> None:
    raw = recorded("jito_validator_rewards_epoch678.json")
    with pytest.raises(PayloadError, match="asked for epoch 679, answered epoch 678"):
        jito.validator_tips(answer(JITO.validator_rewards(679, 1), raw), 679)
    with pytest.raises(PayloadError, match="answered epoch 600"):
        jito.network_tips(answer(JITO.network_rewards(601), recorded("jito_mev_rewards_epoch600.json")), 601)


def test_the_validators_own_claims_are_no_stakers(recorded: Recorded, answer: Answer) -> None:
    rows = jito.staker_tips(answer("x", recorded("jito_staker_rewards_epoch824.json")), 824)
    assert [row.amount for row in rows] == [348_145_740_523, 242_405_379_963]
    assert all(row.claimant == row.validator_vote_account and not row.is_staker for row in rows)


def test_validators_as_recorded(recorded: Recorded, answer: Answer) -> None:
    everyone = jito.jito_validators(answer("x", recorded("jito_validators_RECORDED_full_2024-08.json")))
    assert len(everyone) == 1_145
    assert {row.mev_rewards for row in everyone} == {0}  # the latest epoch's tips are not known yet
    assert sum(row.active_stake for row in everyone) > 2**53
    (one,) = jito.jito_validators(answer("x", recorded("jito_validators_epoch600.json")))
    assert one.mev_rewards == 4_438_669_326
    (pool,) = jito.jito_validators(answer("x", recorded("jito_jitosol_validators_epoch600.json")))
    assert pool.active_stake == 47_753_222_427_851


def test_network_total_as_recorded(recorded: Recorded, answer: Answer) -> None:
    payload = answer("x", recorded("jito_mev_rewards_epoch600.json"))
    assert jito.network_tips(payload, 600) == 19_630_470_685_094


def test_arguments_go_where_they_count() -> None:
    by_body, by_query = JITO.validators(796), JITO.staker_rewards(796, "vote", 2)
    assert (by_body.method, by_body.body, by_body.query) == ("POST", {"epoch": 796}, ())
    assert by_query.body is None
    assert dict(by_query.query) == {
        "epoch": "796", "validator_vote_account": "vote", "limit": "10000", "page": "2",
    }  # fmt: skip


LAMPORTS, RATE = st.integers(0, 2**64 - 1), st.integers(0, 10_000)


@given(LAMPORTS, RATE, RATE, st.integers(0, 2_000))
def test_the_parts_are_the_total_and_none_is_negative(total: int, rate: int, fee: int, epoch: int) -> None:
    parts = divide_tips(total, rate, epoch, SolanaRules(tip_router_fee_bps=fee))
    assert parts.protocol_fee + parts.operator_share + parts.delegators_share == total
    assert min(parts.protocol_fee, parts.operator_share, parts.delegators_share) >= 0
    assert parts.operator_share <= total * rate // 10_000


@given(LAMPORTS)
def test_a_commission_of_all_leaves_the_protocol_its_part(total: int) -> None:
    before, after = (divide_tips(total, 10_000, epoch, RULES) for epoch in (751, 752))
    assert before == TipDivision(0, total, 0)
    assert after == TipDivision(total * 3 // 100, total - total * 3 // 100, 0)


@given(LAMPORTS, st.integers(0, 9_999))
def test_a_higher_rate_never_gives_the_operator_less(total: int, rate: int) -> None:
    less, more = (divide_tips(total, bps, 800, RULES) for bps in (rate, rate + 1))
    assert less.operator_share <= more.operator_share
    assert less.protocol_fee == more.protocol_fee


@pytest.mark.parametrize(
    "row",
    [
        {"mev_revenue": "1"},
        {"mev_revenue": 1.5},
        {"mev_revenue": -1},
        {"mev_commission": 10_001},
        {"mev_commission": None},
        {"vote_account": 7},
    ],
)
def test_wrong_types_are_refused(answer: Answer, row: dict[str, object]) -> None:
    right = {"vote_account": "v", "epoch": 1, "mev_revenue": 1, "mev_commission": 5, "num_stakers": 2}
    said = {"rewards": [{**right, **row}], "total_count": 1}
    with pytest.raises(PayloadError, match=rf"rewards\[0\]\.{next(iter(row))}"):
        jito.validator_tips(answer("GET /validator_rewards", said), 1)
