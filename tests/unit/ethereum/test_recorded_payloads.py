"""Every recorded payload of an interface Aurora uses is understood, value for value."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aurora_resources.errors import PayloadError
from aurora_resources.providers.ethereum import beacon, execution
from aurora_resources.providers.ethereum.beacon import Beacon
from aurora_resources.providers.ethereum.execution import Execution
from aurora_resources.providers.ethereum.periods import spec
from aurora_resources.providers.ethereum.relays import Relay, delivered
from aurora_resources.records import ProviderRequest, ProviderResponse

if TYPE_CHECKING:
    from tests.unit.ethereum.conftest import Answer

NOT_ASKED = {
    "beacon_errors": "bodies of refusals: test_beacon.py",
    "beacon_node_version": "the node's software decides nothing",
    "example_teku_error_list_400": "a refusal of many posted objects; Aurora posts none",
    "example_teku_state_validator_balances": "balances come with the validators",
    "example_teku_voluntary_exits": "exits show in the validators' states",
    "exec_eth_blockNumber": "finality is the beacon chain's",
    "exec_eth_feeHistory_testchain": "percentiles, no exact fees",
    "exec_eth_getBlockByNumber_21847848": "hashes of transactions only: test_real_blocks.py",
    "exec_eth_getTransactionByHash_21847848_mev_payment": "a block brings them: test_real_blocks.py",
    "relay_errors": "refusals, by their status: test_relays.py",
    "relay_builder_blocks_received_slot_6214255": "bids, no deliveries: test_bids_are_no_deliveries",
    "relay_builder_blocks_received_ultrasound_hoodi": "the same",
    "relay_merged_blocks_ultrasound_15184509": "one relay's own report; the final hash counts",
}
"""Recorded, and not what Aurora asks for."""
Replay = Callable[[str, ProviderRequest], ProviderResponse]
BEACON, NODE, RELAY = Beacon("beacon"), Execution("execution"), Relay("relay")


def test_the_network_and_its_constants(replay: Replay) -> None:
    start = beacon.genesis(replay("beacon_genesis_mainnet", BEACON.genesis()))
    assert start.genesis_time == 1_606_824_023

    constants = spec(replay("beacon_config_spec_mainnet", BEACON.spec()))
    assert (constants.slots_per_epoch, constants.seconds_per_slot) == (32, 12)
    assert (constants.electra_epoch, constants.gloas_epoch) == (364_032, None)
    assert [constants.slashing_quotient(epoch) for epoch in (0, 74_240, 144_896, 364_032)] == [
        128,
        64,
        32,
        4096,
    ]
    assert constants.sync_period(345_703) == 1350


def test_headers(replay: Replay) -> None:
    found = beacon.header(replay("beacon_headers_11062525", BEACON.header(11_062_525)))
    assert (found.slot, found.proposer_index, found.canonical) == (11_062_525, 397_160, True)
    assert found.root == "0xfc535891d0588faf187b16b24026c3c5826802126cb933bc6832080505d667ae"
    other = beacon.header(replay("beacon_headers_10985923", BEACON.header(10_985_923)))
    assert other.root == "0x7b96eb1214eaa9f831e95dfa98956d11a0e162523f6780b9a14ef93851945d4a"
    example = beacon.header(replay("example_teku_header", BEACON.header("head")))
    assert example.slot > 0


def test_a_header_of_another_slot_is_refused(replay: Replay) -> None:
    with pytest.raises(PayloadError, match="asked for slot 11062524, answered slot 11062525"):
        beacon.header(replay("beacon_headers_11062525", BEACON.header(11_062_524)))


def test_validators(replay: Replay, recorded: Callable[[str], Any]) -> None:
    name = "beacon_post_state_validators_head_80ids"
    asked = recorded(name)["_request"]["body"]["ids"]
    (question,) = BEACON.validators("head", asked)
    found = beacon.validators(replay(name, question))
    assert {str(row.index) for row in found} | {row.pubkey for row in found} >= set(asked)
    first = next(row for row in found if row.index == 1_074_000)
    assert (first.balance_gwei, first.effective_balance_gwei) == (32_059_162_095, 32_000_000_000)
    assert (first.activation_epoch, first.exit_epoch, first.withdrawable_epoch) == (248_962, None, None)
    assert first.withdrawal_address == "0x68d91b95b7998a06cb2b26736bfe9b68856a6e40"

    (gone,) = beacon.validators(replay("beacon_post_state_validators_withdrawal_done", question))
    assert (gone.status, gone.balance_gwei, gone.exit_epoch) == ("withdrawal_done", 0, 365_684)
    assert (gone.on_duty(365_683), gone.on_duty(365_684)) == (True, False)

    # Far-future epochs, and balances near 2^62.
    example = beacon.validators(replay("example_teku_state_validators", question))
    assert all(row.exit_epoch is None for row in example)


def test_duties_and_blocks(replay: Replay) -> None:
    (duty,) = beacon.duties(replay("example_teku_duties_proposer", BEACON.proposer_duties(25)))
    assert (duty.slot, duty.validator_index) == (800, 2)
    old = beacon.block(replay("example_teku_block_v2_altair", BEACON.block("0x00")))
    assert (old.version, old.slot, old.payload) == ("altair", 1, None)
    assert 4_658_411_424_342_975_020 in old.slashed


def test_block_rewards(replay: Replay) -> None:
    found = beacon.block_rewards(replay("beacon_rewards_blocks_10760040", BEACON.block_rewards("0x00")))
    assert (found.proposer_index, found.total_gwei) == (1_515_282, 42_294_581)
    assert found.attestations_gwei == 40_696_997
    for name in ("beacon_rewards_blocks_hoodi_1714850", "example_teku_rewards_blocks"):
        other = beacon.block_rewards(replay(name, BEACON.block_rewards("0x00")))
        assert other.total_gwei == other.parts_gwei > 0


def test_attestation_rewards(replay: Replay) -> None:
    (question,) = BEACON.attestation_rewards(335_909, [0, 1, 2, 3])
    good = beacon.attestation_rewards(replay("beacon_rewards_attestations_335909_good", question))
    assert good == dict.fromkeys(range(4), 9342)
    bad = beacon.attestation_rewards(replay("beacon_rewards_attestations_335909_negative", question))
    assert bad[63] == -6940
    old = beacon.attestation_rewards(replay("example_teku_rewards_attestations_phase0", question))
    assert old.keys() and all(old.values())


def test_sync_rewards(replay: Replay) -> None:
    (question,) = BEACON.sync_rewards(10_760_058, [286_437])
    good = beacon.sync_rewards(replay("beacon_rewards_sync_committee_10760058", question))
    assert good == {286_437: 22_456, 1_674_334: 22_456}
    bad = beacon.sync_rewards(replay("beacon_rewards_sync_committee_10760058_negative", question))
    assert set(bad.values()) == {-22_456}
    example = beacon.sync_rewards(replay("example_teku_rewards_sync_negative", question))
    assert min(example.values()) < 0


def test_deliveries_of_relays(replay: Replay, recorded: Callable[[str], Any], answer: "Answer") -> None:
    question = RELAY.delivered_at(6_516_479)
    (row,) = delivered(replay("relay_proposer_payload_delivered_slot_6516479", question))
    assert (row.value, row.block_number) == (93_419_853_708_036_150, 17_336_494)
    assert row.recipient == "0x388c818ca8b9251b393131c08a736a67ccb19297"
    assert delivered(replay("relay_proposer_payload_delivered_empty", question)) == ()
    # The first version of the row knows neither block number nor transactions.
    (old,) = delivered(answer(RELAY.delivered_at(3_939_006), [recorded("relay_bidtrace_slot_3939006_v1")]))
    assert (old.value, old.block_number) == (34_682_404_831_419_603, None)


def test_execution_blocks(replay: Replay) -> None:
    block_hash = "0x032b7cdf241247ec8d83cd49c3582ed10ca4b9964bbbad1ba7fd2d70ff84229c"
    name = "exec_eth_getBlockByNumber_21771728_full"
    found = execution.block(replay(name, NODE.block(block_hash)))
    assert (found.number, len(found.transactions), found.gas_used) == (21_771_728, 154, 12_512_371)
    # Burned fees of the block, as beaconcha.in has them.
    assert found.base_fee_per_gas * found.gas_used == 22_470_654_757_607_469
    assert found.withdrawals[0].amount_gwei == 0x3DBF66C
    with pytest.raises(PayloadError, match="asked for block 0xab"):
        execution.block(replay(name, NODE.block("0x" + "ab" * 32)))
    for tag in ("finalized", "safe"):
        plain = execution.block(
            replay(f"exec_eth_getBlockByNumber_{tag}_testchain", NODE._request("eth_getBlockByNumber", [tag]))
        )
        assert plain.number > 0


def test_an_unknown_block_is_no_block(replay: Replay) -> None:
    with pytest.raises(PayloadError):
        execution.block(replay("exec_eth_getBlockByNumber_null", NODE.block("0x00")))
    with pytest.raises(PayloadError):
        execution.receipts(replay("exec_eth_getBlockReceipts_future_null", NODE.block_receipts("0x00")))


def test_receipts(replay: Replay) -> None:
    question = NODE.block_receipts("0x00")
    assert execution.receipts(replay("exec_eth_getBlockReceipts_genesis_empty", question)) == ()
    old = execution.receipts(replay("exec_eth_getBlockReceipts_testchain", question))
    assert {row.status for row in old} == {None}  # before Byzantium a receipt did not tell
    new = execution.receipts(replay("exec_eth_getBlockReceipts_testchain_latest", question))
    assert all(row.succeeded for row in new)
    for number in (1, 2, 3):
        one = execution.receipt(
            replay(f"exec_eth_getTransactionReceipt_21771728_mev{number}", NODE.receipt("0x00"))
        )
        assert one.succeeded
    paid = execution.receipt(
        replay("exec_eth_getTransactionReceipt_21847848_mev_payment", NODE.receipt("0x00"))
    )
    assert paid.cost == 16_414_594_980_000
    assert paid.sender == "0x95222290dd7278aa3ddd389cc1e1d165cc4bafe5"


def test_balances(replay: Replay) -> None:
    question = NODE.balance("0x50532e4be195d1de0c2e6dfa46d9ec0a4fee6861", 87_042)
    assert question.body is not None
    assert execution.balance(replay("exec_eth_getBalance", question)) == 0x46DD54B7972BF800
    assert execution.balance(replay("exec_eth_getBalance_zero", question)) == 0


def test_no_recorded_file_is_left_out(shared_data: Path) -> None:
    """A file that is added is understood here, or named with the reason why nobody asks for it."""
    kinds = ("beacon_", "relay_", "exec_", "example_teku_")
    files = {path.stem for path in (shared_data / "ethereum").glob("*.json") if path.name.startswith(kinds)}
    text = Path(__file__).read_text()
    composed = {
        "exec_eth_getBlockByNumber_finalized_testchain",
        "exec_eth_getBlockByNumber_safe_testchain",
    } | {f"exec_eth_getTransactionReceipt_21771728_mev{number}" for number in (1, 2, 3)}
    assert {name for name in files - composed - set(NOT_ASKED) if f'"{name}"' not in text} == set()


def test_bids_are_no_deliveries(recorded: Callable[[str], Any], answer: "Answer") -> None:
    """Rows of the same shape: only the question tells them apart, and nobody asks for bids."""
    said = recorded("relay_builder_blocks_received_slot_6214255")
    rows = delivered(answer(RELAY.delivered_at(6_214_255), said["response"]))
    assert len({row.block_hash for row in rows}) > 1
    assert "builder_blocks_received" not in RELAY.delivered_at(5).path
