"""How long the commission engine takes for one large epoch: run `python benchmarks/engine.py`.

The epoch is made up: 1,000 validators, 107,000 (validator, wallet) rows, 200 agreements of four rules, one
for each component, by all three methods; a fixed share is of one validator's tips, the other rules cover
all validators. Prints seconds, processor seconds and peak memory; the target is below ten seconds.
"""

import random
import resource
import time
from datetime import UTC, datetime

from aurora_assets.commission.agreement import (
    AgreementStatus,
    AgreementVersion,
    Method,
    Rule,
    Tier,
    TierMetric,
    TierSchedule,
    WalletClaim,
)
from aurora_assets.commission.engine import compute
from aurora_assets.commission.facts import ClientRevenue, PeriodFacts, Revenue, WalletStake
from aurora_assets.commission.guard import GuardPolicy
from aurora_resources.records import Component, FactState

VALIDATORS, ROWS, AGREEMENTS, WALLETS = 1_000, 107_000, 200, 60_000
SOL = 10**9
START, END = datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 3, tzinfo=UTC)


def epoch(source: random.Random) -> PeriodFacts:
    """Stakes of uneven size; half of them on the first fifty validators."""
    keys = [f"validator-{number:04}" for number in range(VALIDATORS)]
    revenues = tuple(
        Revenue(key, component, source.randrange(1, 50 * SOL), FactState.FINAL, f"{key}/{component}")
        for key in keys
        for component in Component
    )
    places = [
        (keys[source.randrange(50 if row % 2 else VALIDATORS)], f"wallet-{source.randrange(WALLETS):05}")
        for row in range(ROWS)
    ]
    stakes = tuple(
        WalletStake(*place, source.randrange(SOL, 50_000 * SOL), row) for row, place in enumerate(places)
    )
    observed = tuple(
        ClientRevenue(*place, Component.COMMISSION, source.randrange(1, SOL // 1_000), row)
        for row, place in enumerate(places)
    )
    return PeriodFacts("solana-mainnet", 700, START, END, revenues, stakes, observed)


def agreement(number: int) -> AgreementVersion:
    """Four rules: a share of one validator, by client, tiered by revenue, tiered by stake."""
    by_revenue = TierSchedule((Tier(SOL, 100), Tier(5 * SOL, 150), Tier(None, 200)))
    by_stake = TierSchedule((Tier(50_000 * SOL, 100), Tier(None, 150)), metric=TierMetric.STAKE)
    chain = "solana-mainnet"
    rules = (
        Rule("mev", 1, Component.MEV_TIPS, Method.FIXED_SHARE, chain, f"validator-{number:04}", rate_bps=500),
        Rule("commission", 2, Component.COMMISSION, Method.CLIENT_REVENUE, chain, rate_bps=2_000),
        Rule("fees", 3, Component.EXEC_FEES, Method.CLIENT_REVENUE, chain, tiers=by_revenue),
        Rule("votes", 4, Component.VOTE_REWARDS, Method.STAKE_WEIGHT, chain, tiers=by_stake),
    )
    return AgreementVersion(
        f"a{number:03}", 1, f"partner-{number:03}", AgreementStatus.ACTIVE, START, None, rules
    )


def main() -> None:
    """Measure once and say what was measured."""
    facts = epoch(random.Random(7))  # noqa: S311 - the same epoch on every run
    agreements = [agreement(number) for number in range(AGREEMENTS)]
    # A third of all wallets belongs to nobody.
    claims = [
        WalletClaim("solana-mainnet", f"wallet-{number:05}", f"partner-{number % AGREEMENTS:03}", START)
        for number in range(WALLETS * 2 // 3)
    ]
    begun, cpu_begun = time.perf_counter(), time.process_time()
    computation = compute(facts, agreements, claims, history={}, guard=GuardPolicy.SCALE)
    seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - cpu_begun
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{ROWS:,} stake rows, {VALIDATORS:,} validators, {AGREEMENTS} agreements, {len(claims):,} wallets: "
        f"{len(computation.lines):,} lines, {len(computation.findings):,} findings "
        f"in {seconds:.2f} s ({cpu_seconds:.2f} s of processor), peak {peak_mib:,} MiB"
    )


if __name__ == "__main__":
    main()
