"""The books of the sandbox's world: every amount is the one the world says, to the wei."""

from aurora_sandbox.ethereum.truth import ValidatorTruth, window_truth
from aurora_sandbox.ethereum.world import EthereumWorld
from tests.integration.pipeline.installation import Pipeline
from tests.integration.pipeline.steps import work_through

COMPONENTS = ("exec_fees", "mev_tips", "vote_rewards", "commission")
GWEI = 10**9


def of_terms(true: ValidatorTruth, payout: int) -> tuple[int, int, int, int]:
    """The four components by the terms of chains.yaml: written anew, from the world's truth."""
    if true.client is None:
        return true.fees, true.mev, true.consensus_wei, 0
    if true.client == "Meridian":  # 10 % of everything; its blocks' income is its own
        return 0, 0, 0, max(true.fees + true.mev + payout + true.consensus_wei, 0) * 1_000 // 10_000
    # Tidewater pays 8 % of the consensus rewards alone, and leaves its blocks' income to the operator.
    return true.fees, true.mev, 0, max(true.consensus_wei, 0) * 800 // 10_000


def test_every_window_is_the_world_s(ether: Pipeline, ether_world: EthereumWorld) -> None:
    pool = next(group for group in ether.chain["rules"]["groups"] if group.get("pool") == "EXTERNAL")
    payouts = {entry["period"]: entry["amount"] for entry in pool["pool_payouts"]}
    for window in range(ether_world.first_window, ether_world.last_window + 1):
        assert work_through(ether, window) == {}
        booked, truth = ether.pnl(window), window_truth(ether_world, window)
        assert set(booked) == set(truth)
        for key, true in truth.items():
            row = booked[key]
            expected = of_terms(true, payouts[window] if key in pool["validators"] else 0)
            assert tuple(row[part] for part in COMPONENTS) == expected, (window, key)
            assert row["total_revenue"] == sum(expected)
            assert row["completeness"] == "COMPLETE", ether.findings(window)


def test_the_owner_of_the_stake_gets_the_rest(ether: Pipeline, ether_world: EthereumWorld) -> None:
    window = ether_world.first_window + 1
    assert work_through(ether, window) == {}
    rows = ether.query(
        "select stake.validator_key, stake.withdrawer, stake.active_stake, fees.delegators_share,"
        " mev.delegators_share, stake.reward, rewards.commission"
        " from canonical.stake_rewards as stake"
        " join canonical.validator_rewards as rewards using (chain_id, period_id, validator_key)"
        " join canonical.validator_fees as fees using (chain_id, period_id, validator_key)"
        " join canonical.validator_mev as mev using (chain_id, period_id, validator_key)"
    )
    truth = window_truth(ether_world, window)
    assert len(rows) == len(truth)
    members = {member.pubkey: member for member in ether_world.members}
    losses = 0
    for key, withdrawer, stake, fees, mev, reward, commission in rows:
        true = truth[key]
        assert withdrawer == true.withdrawal_address
        assert reward + commission == true.consensus_wei
        losses += reward < 0
        if true.client == "Meridian" and not members[key].smoothing_pool:
            assert (fees, mev) == (true.fees, true.mev)
        if members[key].slashed_before is None:  # the others count no stake once they have left
            epochs = ether_world.spec.window_epochs
            assert stake == true.effective_epochs * GWEI // epochs
    assert losses == 2, "the one that was offline, and the one that is slashed"


def test_asked_again_nothing_changes(ether: Pipeline, ether_world: EthereumWorld) -> None:
    window = ether_world.first_window
    assert work_through(ether, window) == {}
    count = "select count(*), max(ingestion_id) from staging.ingestions"
    before = ether.query(count)
    assert work_through(ether, window) == {}
    assert work_through(ether, window, refresh=True) == {}
    assert ether.query(count) == before
