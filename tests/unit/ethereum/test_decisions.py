"""The decision table: one income a block, fees or payment, and how sure it is."""

import pytest

from aurora_resources.providers.ethereum import findings
from aurora_resources.providers.ethereum.block_income import BlockIncome, Proof, decide, not_canonical
from aurora_resources.providers.ethereum.relays import BlockClaims, claims_by_block
from aurora_resources.records import FactState
from tests.unit.ethereum.blocks import (
    BUILDER,
    HASH,
    OURS,
    PROPOSER,
    SLOT,
    SOMEBODY,
    claim,
    claims,
    evidence,
    moved,
)

FINAL, PROVISIONAL = FactState.FINAL, FactState.PROVISIONAL
EXPECTED = frozenset({OURS})
LARGEST = 2**256 - 1


def codes(income: BlockIncome) -> list[str]:
    return [finding.code for finding in income.findings]


def test_a_local_block_earns_its_fees() -> None:
    income = decide(evidence(fee_recipient=OURS, fees=500), None, EXPECTED)
    assert (income.case, income.priority_fees, income.mev, income.state) == ("A", 500, 0, FINAL)
    assert (income.proof, codes(income)) == (Proof.RECEIPTS, [])


def test_without_declared_recipients_fees_without_a_relay_are_provisional() -> None:
    income = decide(evidence(fee_recipient=SOMEBODY, fees=500), None, frozenset())
    assert (income.case, income.total, income.state) == ("A", 500, PROVISIONAL)
    assert codes(income) == [findings.FEE_RECIPIENTS_UNDECLARED]


@pytest.mark.parametrize("value", [300, 500, 900, LARGEST])
def test_a_builder_that_keeps_the_fees_pays_what_the_relay_says(value: int) -> None:
    """The payment may be less or more than the fees, which are the builder's."""
    income = decide(evidence(moved(BUILDER, OURS, value)), claims(flashbots=value), EXPECTED)
    assert (income.case, income.priority_fees, income.mev) == ("B", 0, value)
    assert (income.state, income.proof, income.payment) == (FINAL, Proof.TRANSACTIONS, value)


def test_the_same_block_at_two_relays_is_one_income() -> None:
    income = decide(evidence(moved(BUILDER, OURS, 300)), claims(titan=300, flashbots=300), EXPECTED)
    assert (income.total, income.relays, codes(income)) == (300, ("flashbots", "titan"), [])


def test_a_relay_that_lies_is_found_out_by_the_payment() -> None:
    income = decide(evidence(moved(BUILDER, OURS, 300)), claims(flashbots=300, liar=900), EXPECTED)
    assert (income.total, income.claimed, income.state) == (300, 300, FINAL)
    assert codes(income) == [findings.RELAYS_CONTRADICT]


def test_when_no_claim_is_confirmed_what_was_paid_counts() -> None:
    income = decide(evidence(moved(BUILDER, OURS, 250), changes={OURS: 250}), claims(a=300, b=900), EXPECTED)
    assert (income.total, income.claimed, income.payment, income.state) == (250, 900, 250, FINAL)
    assert codes(income) == [findings.RELAYS_CONTRADICT, findings.PAYMENT_DIFFERS]


@pytest.mark.parametrize(
    ("transfers", "paid"),
    [
        ([moved(BUILDER, OURS, 100), moved(BUILDER, OURS, 100), moved(BUILDER, OURS, 100)], "three parts"),
        ([moved(SOMEBODY, OURS, 300)], "another address"),
        ([moved(BUILDER, OURS, 300), moved(SOMEBODY, OURS, 7)], "beside somebody's transfer"),
        ([moved(BUILDER, OURS, 200), moved(SOMEBODY, OURS, 100)], "two payers"),
    ],
)
def test_a_payment_may_come_in_odd_ways(transfers: list[object], paid: str) -> None:
    income = decide(evidence(*transfers), claims(flashbots=300), EXPECTED)  # type: ignore[arg-type]
    assert (income.total, income.state) == (300, FINAL), paid


def test_a_payment_by_a_contract_shows_in_the_balance_only() -> None:
    income = decide(evidence(changes={OURS: 300}), claims(flashbots=300), EXPECTED)
    assert (income.total, income.state, income.proof) == (300, FINAL, Proof.BALANCE)


def test_a_balance_that_rose_more_than_claimed_adds_nothing() -> None:
    income = decide(evidence(changes={OURS: 999}), claims(flashbots=300), EXPECTED)
    assert (income.total, income.state, codes(income)) == (300, FINAL, [])


def test_a_contract_that_passes_the_payment_on_was_paid_all_the_same() -> None:
    """The balance of a forwarder does not change; the transaction proves the payment."""
    income = decide(evidence(moved(BUILDER, OURS, 300), changes={OURS: 0}), claims(flashbots=300), EXPECTED)
    assert (income.total, income.state, income.proof) == (300, FINAL, Proof.TRANSACTIONS)


def test_a_payment_that_failed_is_no_payment() -> None:
    failed = moved(BUILDER, OURS, 300, succeeded=False)
    known = decide(evidence(failed, changes={OURS: 0}), claims(flashbots=300), EXPECTED)
    assert (known.total, known.state, codes(known)) == (0, FINAL, [findings.PAYMENT_DIFFERS])
    # Without a balance a contract may still have paid: not final.
    unsure = decide(evidence(failed), claims(flashbots=300), EXPECTED)
    assert (unsure.total, unsure.state) == (0, PROVISIONAL)


def test_without_any_evidence_the_relays_word_is_provisional() -> None:
    income = decide(evidence(), claims(flashbots=300), EXPECTED)
    assert (income.total, income.payment, income.state, income.proof) == (300, None, PROVISIONAL, Proof.NONE)
    assert codes(income) == [findings.PAYMENT_UNVERIFIED]


def test_an_overclaim_is_final_only_when_the_balance_is_known() -> None:
    paid = moved(BUILDER, OURS, 200)
    assert decide(evidence(paid), claims(a=300), EXPECTED).state is PROVISIONAL
    known = decide(evidence(paid, changes={OURS: 200}), claims(a=300), EXPECTED)
    assert (known.total, known.state) == (200, FINAL)


def test_our_recipient_kept_by_the_builder_is_one_sum_with_the_fees_inside() -> None:
    mine = evidence(moved(BUILDER, OURS, 300), fee_recipient=OURS, fees=500)
    income = decide(mine, claims(flashbots=800), EXPECTED)
    assert (income.case, income.priority_fees, income.mev, income.total) == ("C", 500, 300, 800)
    assert (income.state, income.payment) == (FINAL, 800)


def test_a_value_equal_to_the_fees_adds_no_mev() -> None:
    income = decide(evidence(fee_recipient=OURS, fees=500), claims(flashbots=500), EXPECTED)
    assert (income.case, income.priority_fees, income.mev, income.state) == ("C", 500, 0, FINAL)


def test_fees_credited_to_us_are_never_less_for_a_relays_word() -> None:
    income = decide(
        evidence(fee_recipient=OURS, fees=500, changes={OURS: 500}), claims(flashbots=10), EXPECTED
    )
    assert (income.total, income.mev, codes(income)) == (500, 0, [findings.PAYMENT_BELOW_FEES])


def test_a_builder_no_relay_knows_pays_with_its_last_transaction() -> None:
    income = decide(
        evidence(moved(BUILDER, OURS, 7), moved(BUILDER, OURS, 300), moved(SOMEBODY, OURS, 9)),
        None,
        EXPECTED,
    )
    assert (income.case, income.priority_fees, income.mev, income.state) == ("D", 0, 300, FINAL)


def test_fees_that_went_elsewhere_are_an_incident() -> None:
    unpaid = moved(BUILDER, OURS, 300, succeeded=False)
    income = decide(evidence(unpaid, changes={OURS: 0}), None, EXPECTED)
    assert (income.case, income.total, income.state) == ("D", 0, FINAL)
    assert codes(income) == [findings.FEE_RECIPIENT_MISMATCH]
    # Something arrived in that block, nobody knows what for: a person has to look.
    doubtful = decide(evidence(changes={OURS: 50}), None, EXPECTED)
    assert (doubtful.total, doubtful.state) == (0, PROVISIONAL)
    assert "50 wei" in doubtful.findings[0].message


def test_a_payment_to_an_undeclared_address_is_booked_but_not_final() -> None:
    there = claims_by_block({"flashbots": [claim(300, recipient=SOMEBODY)]})[HASH]
    income = decide(evidence(moved(BUILDER, SOMEBODY, 300)), there, EXPECTED)
    assert (income.total, income.state) == (300, PROVISIONAL)
    assert codes(income) == [findings.FEE_RECIPIENT_MISMATCH]


def test_a_row_about_another_proposer_is_no_evidence() -> None:
    strange = claims_by_block({"flashbots": [claim(900, proposer="0x" + "ee" * 48)]})[HASH]
    income = decide(evidence(fee_recipient=OURS, fees=500), strange, EXPECTED)
    assert (income.case, income.total, codes(income)) == ("A", 500, [findings.RELAY_ROW_STRANGE])


def test_claims_about_another_block_are_a_mistake_of_the_caller() -> None:
    other = claims_by_block({"a": [claim(1, block_hash="0x" + "22" * 32)]})["0x" + "22" * 32]
    with pytest.raises(ValueError, match="claims about"):
        decide(evidence(), other, EXPECTED)


def test_a_missed_or_orphaned_slot_earns_nothing() -> None:
    nothing: dict[str, BlockClaims] = {}
    assert not_canonical(PROPOSER, SLOT, nothing).findings == ()
    income = not_canonical(PROPOSER, SLOT, claims_by_block({"a": [claim(300)], "b": [claim(300)]}))
    assert (income.case, income.total, income.claimed, income.state) == ("E", 0, 300, FINAL)
    assert codes(income) == [findings.RELAY_ROW_NOT_CANONICAL]
    assert income.relays == ("a", "b")
