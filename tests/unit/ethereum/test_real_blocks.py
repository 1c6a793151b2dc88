"""Blocks of mainnet through the decision table: the amounts booked are those that others recorded.

The golden file has fees, recipients and what arrived at the proposer, not the relays' rows: a row that says
a builder paid is given a claim of the recorded payment, and the payment as its file describes it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from aurora_resources.providers.ethereum import execution
from aurora_resources.providers.ethereum.block_income import (
    BlockEvidence,
    BlockIncome,
    Proof,
    Transfer,
    corrected_change,
    decide,
    find_payment,
    transfers,
)
from aurora_resources.providers.ethereum.execution import Execution, priority_fees
from aurora_resources.providers.ethereum.relays import BlockClaims, claims_by_block
from aurora_resources.records import FactState, ProviderRequest, ProviderResponse
from tests.unit.ethereum.blocks import OURS, block, claim, evidence

if TYPE_CHECKING:
    from tests.unit.ethereum.conftest import Answer

Recorded = Callable[[str], Any]
Replay = Callable[[str, ProviderRequest], ProviderResponse]
NODE = Execution("execution")
PLACEHOLDER_FEES = "36417235491435301"
SPLIT_FROM_ITS_FEES = {4_702_530, 4_723_237}
"""The recipient is a contract that passes seven eighths on within the block: the recorded payment is what
stayed there, less than the fees that the protocol credited to it."""


def known_bad(row: dict[str, Any]) -> bool:
    """Rows that their authors mark as wrong, or filled with placeholders."""
    return bool(row["xfail"]) or row["priority_fees_wei"] == PLACEHOLDER_FEES


def of(row: dict[str, Any]) -> tuple[BlockEvidence, BlockClaims | None, frozenset[str]]:
    """The golden row as evidence: what arrived is the corrected change of the recipient's balance."""
    fee_recipient = row["block_fee_recipient"].lower()
    recipient = (row["mev_recipient"] or fee_recipient).lower()
    relayed = None
    changes: dict[str, int] = {}
    if row["contains_mev"]:
        arrived = int(row["mev_recipient_balance_change_wei"])
        changes = {recipient: arrived}
        made = claim(
            arrived, recipient=recipient, block_hash=row["block_hash"], slot=row["slot"], proposer="0xaa"
        )
        relayed = claims_by_block({"relay": [made]})[row["block_hash"]]
    found = BlockEvidence(
        validator_key="0xaa",
        slot=row["slot"],
        block_hash=row["block_hash"],
        fee_recipient=fee_recipient,
        fees=int(row["priority_fees_wei"]),
        balance_changes=changes,
    )
    return found, relayed, frozenset({recipient})


def test_golden_blocks_book_the_recorded_fees_and_payments(recorded: Recorded) -> None:
    rows = recorded("golden_block_rewards_ethstaker_tax")
    assert len(rows) == 24
    checked = 0
    for row in rows:
        if known_bad(row):
            continue
        found, relayed, ours = of(row)
        income = decide(found, relayed, ours)
        fees = int(row["priority_fees_wei"])
        assert income.state is FactState.FINAL, row["case"]
        if relayed is None:
            assert (income.case, income.priority_fees, income.mev) == ("A", fees, 0), row["case"]
        else:
            arrived = int(row["mev_recipient_balance_change_wei"])
            assert income.payment == arrived, row["case"]
            if found.fee_recipient not in ours:
                assert (income.case, income.priority_fees, income.mev) == ("B", 0, arrived), row["case"]
            elif row["slot"] in SPLIT_FROM_ITS_FEES:
                assert (income.case, income.total) == ("C", fees), row["case"]
            else:
                assert (income.case, income.priority_fees) == ("C", fees), row["case"]
                assert income.total == arrived, row["case"]
        checked += 1
    assert checked == 19


def test_golden_rows_known_to_be_bad_are_what_they_are_marked_for(recorded: Recorded) -> None:
    """The payment out of gas is the one with a right answer: the relay's word was real, nothing was paid."""
    rows = {row["slot"]: row for row in recorded("golden_block_rewards_ethstaker_tax") if known_bad(row)}
    assert len(rows) == 5
    row = rows[4_882_764]
    recipient, builder = row["mev_recipient"], row["block_fee_recipient"]
    promised = claim(10**17, recipient=recipient, block_hash=row["block_hash"], slot=row["slot"])
    failed = Transfer("0x01", builder, recipient, 10**17, succeeded=False)
    found = evidence(
        failed,
        fee_recipient=builder,
        fees=int(row["priority_fees_wei"]),
        changes={recipient: 0},
        block_hash=row["block_hash"],
        slot=row["slot"],
    )
    relayed = claims_by_block({"relay": [promised]})[row["block_hash"]]
    assert decide(found, relayed, frozenset({recipient})).total == 0


def test_a_golden_block_without_a_relay_pays_with_its_last_transaction(recorded: Recorded) -> None:
    """Slot 6193187: rsync-builder, known to no relay."""
    row = next(row for row in recorded("golden_block_rewards_ethstaker_tax") if row["slot"] == 6_193_187)
    builder, recipient = row["block_fee_recipient"].lower(), row["mev_recipient"]
    paid = int(row["mev_recipient_balance_change_wei"])
    found = evidence(
        Transfer("0x01", builder, recipient, paid, succeeded=True),
        fee_recipient=builder,
        fees=int(row["priority_fees_wei"]),
    )
    income = decide(found, None, frozenset({recipient}))
    assert (income.case, income.total) == ("D", 125_680_445_416_592_626)


def test_withdrawals_in_a_block_are_not_its_payment(recorded: Recorded) -> None:
    """Slot 6351700: the recipient gets sixteen withdrawals in the block that pays it."""
    withdrawn = recorded("golden_withdrawals_slot_6351700")
    address = withdrawn["address"]
    amounts = [row["amount_gwei"] for row in withdrawn["withdrawals"]]
    paid = 29_127_481_592_378_074
    found, by_hash = block([], [], withdrawals=[(address, gwei) for gwei in amounts])
    before = 10**18
    after = before + paid + sum(amounts) * 10**9
    assert corrected_change(address, before, after, found, by_hash) == paid


def test_block_21771728_books_the_relays_value_with_the_fees_inside(
    recorded: Recorded, replay: Replay
) -> None:
    """The builder kept the proposer's address and paid by contract calls: only the balance shows it."""
    fees_and_mev = recorded("beaconchain_v2_block_rewards_21771728")["response"]["data"]
    fees, total = int(fees_and_mev["priority_fees"]["amount"]), int(fees_and_mev["mev"]["amount"])
    found = execution.block(
        replay(
            "exec_eth_getBlockByNumber_21771728_full", NODE.block(fees_and_mev["execution_reference"]["hash"])
        )
    )
    ours = found.miner
    assert [row for row in found.transactions if ours in (row.sender, row.recipient)] == []
    assert [row for row in found.withdrawals if row.address == ours] == []
    relayed = claims_by_block(
        {
            "a": [claim(total, recipient=ours, block_hash=found.hash, slot=10_985_923)],
            "b": [claim(total, recipient=ours, block_hash=found.hash, slot=10_985_923)],
        }
    )[found.hash]
    # No transaction is the recipient's own, so no receipt is needed to correct its balance.
    change = corrected_change(ours, 5 * 10**18, 5 * 10**18 + total, found, {})
    income = decide(
        evidence(
            fee_recipient=ours,
            fees=fees,
            changes={ours: change},
            block_hash=found.hash,
            slot=10_985_923,
        ),
        relayed,
        frozenset({ours}),
    )
    assert income.total == 22_204_362_489_834_771
    assert income.priority_fees == 13_925_706_716_354_256
    assert income.mev == 8_278_655_773_480_515
    assert (income.case, income.state, income.proof) == ("C", FactState.FINAL, Proof.BALANCE)


def test_block_21847848_is_paid_by_its_last_transaction(recorded: Recorded, answer: "Answer") -> None:
    paid = recorded("exec_eth_getTransactionByHash_21847848_mev_payment")["response"]["result"]
    done = recorded("exec_eth_getTransactionReceipt_21847848_mev_payment")["response"]["result"]
    whole = recorded("exec_eth_getBlockByNumber_21847848")["response"]["result"]
    assert whole["transactions"][-1] == paid["hash"]
    said = {"jsonrpc": "2.0", "id": 1, "result": {**whole, "transactions": [paid], "gasUsed": "0x5208"}}
    found = execution.block(answer(NODE.block(whole["hash"]), said))
    receipts = execution.receipts(
        answer(NODE.block_receipts(whole["hash"]), {"jsonrpc": "2.0", "id": 1, "result": [done]})
    )
    by_hash = execution.receipts_of(found, "execution", receipts)
    assert priority_fees(found, by_hash) == 0  # this transaction pays the base fee alone
    ours = paid["to"]
    claimed = claim(12_594_557_706_319_702, recipient=ours, block_hash=found.hash)
    payment = find_payment(
        claims_by_block({"relay": [claimed]})[found.hash],
        ours,
        found.miner,
        12_327_841_395_739_910,
        transfers(found, by_hash),
        None,
    )
    assert (payment.amount, payment.is_exact) == (12_594_557_706_319_702, True)


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("beaconchain_v2_block_rewards_15824493", "B"),
        ("beaconchain_v2_block_rewards_20026012", "B"),
        ("beaconchain_v2_block_rewards_21584885_local", "A"),
        ("beaconchain_v2_block_rewards_21771728", "C"),
    ],
)
def test_our_totals_are_those_of_an_explorer(recorded: Recorded, name: str, case: str) -> None:
    """beaconcha.in: total is MEV where there is any, else the fees; never their sum."""
    said = recorded(name)["response"]["data"]
    fees, fee_recipient = (
        said["priority_fees"]["amount"],
        said["priority_fees"]["recipient"]["address"].lower(),
    )
    mev = said["mev"]
    ours = (mev or said["priority_fees"])["recipient"]["address"].lower()
    relayed = None
    if mev is not None:
        relayed = claims_by_block({"relay": [claim(int(mev["amount"]), recipient=ours)]})
    found = evidence(
        fee_recipient=fee_recipient,
        fees=int(fees),
        changes={ours: int(mev["amount"])} if mev else {},
    )
    income = decide(found, next(iter(relayed.values())) if relayed else None, frozenset({ours}))
    assert (income.case, income.total) == (case, int(said["total_reward"]["amount"]))


def test_a_block_worth_more_than_any_coin_is_exact() -> None:
    largest = 2**256 - 1
    found = evidence(fee_recipient=OURS, fees=largest)
    income: BlockIncome = decide(found, None, frozenset({OURS}))
    assert income.total == largest
