"""From raw responses to statements: every lamport is the one the world says."""

from fractions import Fraction
from pathlib import Path

from aurora_sandbox.solana.world import Epoch, Validator, World
from tests.integration.pipeline.installation import CHECKOUT, Pipeline, by_vote_account, content, keys

FEE_BPS = 300


def rate(validator: Validator) -> Fraction:
    bps = validator.commission_bps
    return Fraction(bps, 10_000) if bps is not None else Fraction(validator.commission or 0, 100)


def payouts(epoch: Epoch) -> dict[str, tuple[int, dict[str, int]]]:
    """By vote account: commission and net reward by withdrawer; written anew from the protocol's rule."""
    points = {
        (validator.vote_account, account.stake_account): account.stake * validator.credits
        for validator in epoch.validators
        for account in validator.stake_accounts
        if account.activation_epoch < epoch.epoch
        and (account.deactivation_epoch is None or epoch.epoch <= account.deactivation_epoch)
    }
    rate_of_year = Fraction(epoch.validator_rate) * Fraction(epoch.epoch_duration_in_years)
    pool = epoch.validator_rewards or int(epoch.capitalization * rate_of_year)
    total = sum(points.values())
    result = {}
    for validator in epoch.validators:
        commission = 0
        net: dict[str, int] = {}
        for account in validator.stake_accounts:
            mine = points.get((validator.vote_account, account.stake_account), 0)
            gross = int(Fraction(pool * mine, total))
            voter, staker = int(gross * rate(validator)), int(gross * (1 - rate(validator)))
            if 0 < rate(validator) < 1 and 0 in {voter, staker}:
                continue
            commission += voter
            net[account.withdrawer] = net.get(account.withdrawer, 0) + staker
        result[validator.vote_account] = (commission, net)
    return result


def test_every_component_is_the_world_s_to_the_lamport(pipeline: Pipeline, small_world: World) -> None:
    result = pipeline.backfill(802, 804)
    assert result.succeeded, result.failures
    own = {entry["key"]: entry["own_wallets"] for entry in pipeline.chain["validators"]}
    for epoch in small_world.epochs:
        if epoch.epoch not in {802, 803, 804}:
            continue
        paid = payouts(epoch)
        booked = pipeline.pnl(epoch.epoch)
        assert set(booked) == set(own)
        for key, validator in by_vote_account(small_world, epoch.epoch).items():
            if key not in own:
                continue
            commission, net = paid[key]
            row = booked[key]
            cut = validator.tips * validator.mev_commission_bps // 10_000
            assert row["commission"] == commission
            assert row["vote_rewards"] == sum(net.get(wallet, 0) for wallet in own[key])
            assert row["mev_tips"] == min(cut, validator.tips - validator.tips * FEE_BPS // 10_000)
            assert row["exec_fees"] == validator.block_fees - (validator.priority_fees_shared or 0)
            assert row["completeness"] == "COMPLETE"
            parts = ("exec_fees", "mev_tips", "vote_rewards", "commission")
            assert row["total_revenue"] == sum(row[part] for part in parts)


def test_statements_sum_their_lines_and_repeat_exactly(pipeline: Pipeline) -> None:
    pipeline.load(CHECKOUT / "partners.yaml")
    assert pipeline.backfill(802, 803).succeeded
    rows = pipeline.query(
        "select statement.total, statement.line_count, sum(line.amount), count(line.line_id), status "
        "from computation.commission_statements_current as statement "
        "join computation.commission_lines_current as line using (generation_id, partner_id) "
        "group by statement.generation_id, statement.partner_id, total, line_count, status"
    )
    assert len(rows) == 4
    for total, line_count, summed, counted, status in rows:
        assert (total, line_count, status) == (summed, counted, "DRAFT")
        assert total > 0
    before = content(pipeline)
    assert pipeline.backfill(802, 803).succeeded
    assert content(pipeline) == before


def test_asking_everything_again_changes_nothing_either(pipeline: Pipeline) -> None:
    pipeline.load(CHECKOUT / "partners.yaml")
    assert pipeline.backfill(802, 803).succeeded
    before = content(pipeline)
    assert pipeline.backfill(802, 803, refresh=True).succeeded
    assert content(pipeline) == before


def test_reconciling_providers_are_asked_too_and_agree(pipeline: Pipeline) -> None:
    assert pipeline.backfill(803, 803).succeeded
    asked = pipeline.query("select distinct provider from staging.payloads where role = 'fees' order by 1")
    assert asked == [("rpc",), ("solanabeach",)]
    assert pipeline.findings(803) == []


def test_every_staged_body_has_the_digest_it_is_kept_under(pipeline: Pipeline) -> None:
    assert pipeline.backfill(803, 803).succeeded
    ((count, sound),) = pipeline.query(
        "select count(*), count(*) filter (where sha256(body) = sha256) from staging.payloads"
    )
    assert count == sound > 50


def test_a_partner_s_stake_and_the_house_s_sum_to_all(pipeline: Pipeline, small_world: World) -> None:
    pipeline.load(CHECKOUT / "partners.yaml")
    assert pipeline.backfill(803, 803).succeeded
    for key in keys(pipeline.chain):
        validator = by_vote_account(small_world, 803)[key]
        ((stake,),) = pipeline.query(
            "select sum(active_stake) from computation.partner_stake_current where validator_key = %s", key
        )
        assert stake == validator.stake


def test_the_checkout_s_files_are_those_of_the_demonstration(small_world: World) -> None:
    text = (Path(CHECKOUT) / "chains.yaml").read_text()
    known = by_vote_account(small_world, 800)
    assert all(key in known for key in known if key in text)
