"""What holds for the commission engine whatever the facts and agreements are.

The oracle at the end of this file computes a story a second time, as slowly and plainly as can be, with
`fractions.Fraction` and none of the engine's code; the engine must agree with it to the unit.
"""

import dataclasses
import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import product
from typing import Any, TypeAlias, TypeVar

from hypothesis import example, given, settings
from hypothesis import strategies as st

from aurora_assets.commission.activation import find_faults
from aurora_assets.commission.agreement import (
    AgreementStatus,
    AgreementVersion,
    LossPolicy,
    Method,
    Rule,
    RuleKey,
    Tier,
    TierMetric,
    TierMode,
    TierSchedule,
    TierScope,
    WalletClaim,
)
from aurora_assets.commission.attribution import Attribution
from aurora_assets.commission.corrections import find_true_ups
from aurora_assets.commission.engine import Computation, compute
from aurora_assets.commission.facts import ClientRevenue, PeriodFacts, Revenue, WalletStake
from aurora_assets.commission.guard import GuardPolicy
from aurora_assets.commission.history import RuleState
from aurora_assets.commission.tiers import charge
from aurora_resources.records import Component, FactState
from aurora_resources.units import split_exactly

START = datetime(2025, 3, 1, tzinfo=UTC)
WALLETS = ("w1", "w2", "w3", "w4", "w5")
PARTNERS = ("A", "B")

Story: TypeAlias = tuple[Sequence[PeriodFacts], Sequence[AgreementVersion], Sequence[WalletClaim]]
Key = TypeVar("Key")

two_hundred = settings(max_examples=200, deadline=None)

# Small amounts meet thresholds, ties and each other, large ones every size of integer.
amounts = st.integers(0, 12) | st.integers(0, 10**24)
signed = st.integers(-12, 12) | st.integers(0, 12) | st.integers(-(10**21), 10**24)
# One in thirty-two is not known.
stake_amounts = st.integers(0, 31).flatmap(lambda n: st.none() if n == 31 else amounts)
revenue_amounts = st.integers(0, 31).flatmap(lambda n: st.none() if n == 31 else signed)
rates = st.sampled_from((1_000, 3_333, 5_000, 10_000)) | st.integers(0, 10_000)


# Strategies are made once: making them anew for each draw is most of what generating a story costs.
components, methods, partners = (st.sampled_from(kind) for kind in (Component, Method, PARTNERS))
modes, scopes_, metrics_, loss_policies = (
    st.sampled_from(kind) for kind in (TierMode, TierScope, TierMetric, LossPolicy)
)
coins = st.booleans()
threshold_sets = st.sets(st.integers(1, 12) | st.integers(1, 10**24), max_size=3)
rate_lists = st.lists(rates, min_size=4, max_size=4)
bounds = st.lists(amounts, max_size=2)
places = st.tuples(st.sampled_from(("v1", "v2") * 8 + ("v3",)), st.sampled_from(WALLETS))
targets = st.sampled_from((None, "v1", "v2") * 5 + ("v3",))
owners_of_all = st.tuples(*[st.none() | partners] * len(WALLETS))
ownerships = owners_of_all.map(
    lambda owners: {wallet: owner for wallet, owner in zip(WALLETS, owners, strict=True) if owner}
)
counts = st.integers(1, 3)


@st.composite
def schedules(
    draw: st.DrawFn,
    scopes: st.SearchStrategy[TierScope] = scopes_,
    metrics: st.SearchStrategy[TierMetric] = metrics_,
) -> TierSchedule:
    thresholds = sorted(draw(threshold_sets))
    mode = draw(modes)
    found = draw(rate_lists)[: len(thresholds) + 1]
    if mode is TierMode.CLIFF:
        found.sort()
    tiers = tuple(Tier(upper, rate) for upper, rate in zip([*thresholds, None], found, strict=True))
    return TierSchedule(tiers, mode, draw(metrics), draw(scopes))


# A guarantee of one unit whose rate depends on the partner's stake.
GUARANTEED_BY_STAKE = Rule(
    "r0",
    1,
    Component.EXEC_FEES,
    Method.FIXED_SHARE,
    "chain",
    tiers=TierSchedule((Tier(None, 1_000),), metric=TierMetric.STAKE),
    floor=1,
    guarantee=True,
)

prices = rates | schedules()


@st.composite
def rules(draw: st.DrawFn, /, **fixed: Any) -> Rule:
    price, limits = draw(prices), sorted(draw(bounds))
    has_floor, has_cap = bool(limits) and draw(coins), bool(limits) and draw(coins)
    floor = limits[0] if has_floor else None
    cap = limits[-1] if has_cap else None
    tiers = price if isinstance(price, TierSchedule) else None
    rule = Rule(
        rule_id="r0",
        order=1,
        component=draw(components),
        method=draw(methods),
        chain_id="chain",
        validator_key=draw(targets),
        rate_bps=price if isinstance(price, int) else None,
        tiers=tiers,
        floor=floor,
        cap=cap,
        guarantee=floor is not None and draw(coins),
        loss_policy=draw(loss_policies),
    )
    return dataclasses.replace(rule, **fixed)


rule_lists = st.lists(rules(), min_size=1, max_size=3)


@st.composite
def agreement_lists(draw: st.DrawFn) -> list[AgreementVersion]:
    found = []
    for number in range(draw(counts)):
        chosen = {(rule.component, rule.validator_key): rule for rule in draw(rule_lists)}
        own = [
            dataclasses.replace(rule, rule_id=f"r{place}", order=-place)
            for place, rule in enumerate(chosen.values())
        ]
        found.append(
            AgreementVersion(f"a{number}", 1, draw(partners), AgreementStatus.ACTIVE, START, None, tuple(own))
        )
    return found


earnings = st.lists(st.tuples(revenue_amounts, coins), min_size=8, max_size=8)
stake_rows = st.lists(st.tuples(places, stake_amounts), min_size=4, max_size=8)
client_rows = st.lists(st.tuples(places, components, revenue_amounts), min_size=2, max_size=6)


@st.composite
def periods(draw: st.DrawFn, number: int) -> PeriodFacts:
    revenues = []
    # v3 never has a revenue: a rule that names it, or a wallet staked on it, meets a gap.
    for (key, component), (amount, late) in zip(
        product(("v1", "v2"), Component), draw(earnings), strict=True
    ):
        state = FactState.PROVISIONAL if late else FactState.FINAL
        revenues.append(
            Revenue(key, component, amount, FactState.MISSING if amount is None else state, f"{key}!")
        )
    begins = START + timedelta(days=40 * number)
    return PeriodFacts(
        "chain",
        number,
        begins,
        begins + timedelta(days=2),
        tuple(revenues),
        tuple(WalletStake(key, wallet, amount) for (key, wallet), amount in draw(stake_rows)),
        tuple(
            ClientRevenue(key, wallet, component, amount)
            for (key, wallet), component, amount in draw(client_rows)
        ),
    )


one_period = tuple(periods(number) for number in range(3))
agreements_of_a_story = agreement_lists()


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """One to three periods, agreements of up to three partners, and who owns which wallet."""
    claims = [WalletClaim("chain", wallet, partner, START) for wallet, partner in draw(ownerships).items()]
    facts = [draw(one_period[number]) for number in range(draw(counts))]
    return facts, draw(agreements_of_a_story), claims


def compute_story(story: Story, **options: Any) -> list[Computation]:
    """The computation of each period in turn, each continuing the rules' states of the one before."""
    computed: list[Computation] = []
    history: Mapping[RuleKey, RuleState] = {}
    for facts in story[0]:
        computed.append(compute(facts, story[1], story[2], history=history, **options))
        history = computed[-1].history
    return computed


@given(signed, st.dictionaries(st.text(max_size=3), amounts, min_size=1))
@two_hundred
def test_parts_sum_to_the_whole(total: int, weights: dict[str, int]) -> None:
    if any(weights.values()):
        parts = split_exactly(total, weights)
        assert sum(parts.values()) == total
        exact = {key: Fraction(total * weight, sum(weights.values())) for key, weight in weights.items()}
        assert all(abs(parts[key] - exact[key]) < 1 for key in weights)


@given(periods(1), ownerships)
@two_hundred
def test_partners_and_the_house_get_the_whole_revenue(facts: PeriodFacts, owners: dict[str, str]) -> None:
    attribution = Attribution(facts, owners)
    for (validator, component), revenue in attribution.revenues.items():
        if revenue.amount is not None:
            parts = attribution.parts(validator, component)
            if parts:
                assert sum(parts.values()) == revenue.amount


@given(schedules(), amounts, amounts, amounts)
@two_hundred
def test_more_base_never_pays_less(schedule: TierSchedule, base: int, more: int, stake: int) -> None:
    less, _ = charge(schedule, base, stake)
    greater, _ = charge(schedule, base + more, stake)
    assert 0 <= less <= greater


def compute_fees(rule: Rule, amount: int, stake: int | None) -> Computation:
    """What the rule pays on one validator's fees; `stake` is the partner's on it, None if it is not known."""
    agreement = AgreementVersion("a", 1, "A", AgreementStatus.ACTIVE, START, None, (rule,))
    revenue = Revenue("v", Component.EXEC_FEES, amount, FactState.FINAL)
    stakes = (WalletStake("v", "w", stake),)
    facts = PeriodFacts("chain", 1, START, START + timedelta(days=2), (revenue,), stakes)
    return compute(facts, [agreement], [WalletClaim("chain", "w", "A", START)], history={})


rules_on_fees = rules(component=Component.EXEC_FEES, method=Method.FIXED_SHARE, validator_key=None)


@given(rules_on_fees, amounts, amounts, amounts)
@example(GUARANTEED_BY_STAKE, 0, 1, 0)
@two_hundred
def test_more_revenue_never_owes_less(rule: Rule, base: int, more: int, stake: int) -> None:
    def owed(amount: int) -> int:
        computation = compute_fees(rule, amount, stake)
        assert computation.unresolved == frozenset()
        return computation.totals["A"].amount

    assert owed(base) <= owed(base + more)


@given(rules_on_fees, amounts)
@example(GUARANTEED_BY_STAKE, 1)
@two_hundred
def test_a_stake_that_is_not_known_matters_to_stake_tiers_only(rule: Rule, base: int) -> None:
    computation = compute_fees(rule, base, None)
    needs_stake = rule.tiers is not None and rule.tiers.metric is TierMetric.STAKE
    assert len(computation.unresolved) == int(needs_stake)
    if needs_stake:
        assert computation.lines == ()
        assert not computation.totals["A"].complete
    else:
        assert computation.lines == compute_fees(rule, base, 7).lines


@given(
    schedules(scopes=st.just(TierScope.QUARTER), metrics=st.just(TierMetric.REVENUE)),
    st.lists(amounts, min_size=1, max_size=5),
)
@two_hundred
def test_to_date_telescopes(schedule: TierSchedule, bases: list[int]) -> None:
    """However a quarter is cut into periods, it pays in sum what its whole base pays at once."""
    rule = Rule("r", 1, Component.EXEC_FEES, Method.FIXED_SHARE, "chain", tiers=schedule)
    agreement = AgreementVersion("a", 1, "A", AgreementStatus.ACTIVE, START, None, (rule,))
    history: Mapping[RuleKey, RuleState] = {}
    paid = 0
    for number, base in enumerate(bases):
        revenue = Revenue("v", Component.EXEC_FEES, base, FactState.FINAL)
        begins = START + timedelta(days=number)
        facts = PeriodFacts("chain", number, begins, begins + timedelta(days=1), (revenue,))
        computation = compute(facts, [agreement], [], history=history)
        history, paid = computation.history, paid + computation.totals["A"].amount
    assert paid == charge(schedule, sum(bases), None)[0]


@given(stories(), rates)
@two_hundred
def test_the_guard_keeps_claims_within_the_revenue(story: Story, limit_bps: int) -> None:
    for facts, computation in zip(
        story[0], compute_story(story, guard=GuardPolicy.SCALE, guard_limit_bps=limit_bps), strict=True
    ):
        revenues = {(row.validator_key, row.component): row.amount for row in facts.revenues}
        claimed: defaultdict[tuple[str, Component], int] = defaultdict(int)
        for line in computation.lines:
            if line.validator_key is not None:
                claimed[line.validator_key, line.component] += line.amount
        for key, amount in claimed.items():
            revenue = revenues[key]
            assert revenue is not None
            assert amount <= max(0, math.floor(Fraction(revenue * limit_bps, 10_000)))


@given(stories())
@two_hundred
def test_lines_are_never_negative_add_up_and_come_again(story: Story) -> None:
    assert [find_faults(agreement) for agreement in story[1]] == [()] * len(story[1])
    for computation, again in zip(compute_story(story), compute_story(story), strict=True):
        assert find_true_ups(computation.lines, again.lines, again.unresolved) == ()
        assert all(line.amount >= 0 for line in computation.lines)
        assert len({line.line_id for line in computation.lines}) == len(computation.lines)
        for partner, total in computation.totals.items():
            own = [line.amount for line in computation.lines if line.partner_id == partner]
            assert (total.amount, total.line_count) == (sum(own), len(own))


@given(stories(), st.randoms(use_true_random=False), st.sampled_from(GuardPolicy))
@two_hundred
def test_the_order_of_rows_changes_nothing(story: Story, shuffler: random.Random, guard: GuardPolicy) -> None:
    def shuffled(rows: Iterable[Key]) -> tuple[Key, ...]:
        rows = list(rows)
        return tuple(shuffler.sample(rows, len(rows)))

    facts = [
        dataclasses.replace(
            one,
            revenues=shuffled(one.revenues),
            stakes=shuffled(one.stakes),
            client_revenues=shuffled(one.client_revenues),
        )
        for one in story[0]
    ]
    agreements = [dataclasses.replace(one, rules=shuffled(one.rules)) for one in shuffled(story[1])]
    assert compute_story((facts, agreements, shuffled(story[2])), guard=guard) == compute_story(
        story, guard=guard
    )


@given(stories())
@two_hundred
def test_the_engine_equals_the_oracle(story: Story) -> None:
    oracle = Oracle(story)
    for facts, computation in zip(story[0], compute_story(story), strict=True):
        lines = {
            (line.agreement_id, line.rule_id, line.validator_key): line.amount for line in computation.lines
        }
        assert lines == oracle.period(facts)
        assert {key[:2] for key in computation.unresolved} == oracle.unresolved


class Unknown(Exception):  # noqa: N818
    """The oracle meets an amount that is not known."""


OracleKey: TypeAlias = tuple[str, str]


class Oracle:
    """The rules of commissions, written as plainly as possible. None stands for what is not known."""

    def __init__(self, story: Story) -> None:
        _, self.agreements, claims = story
        self.owner = {claim.wallet: claim.partner_id for claim in claims}
        self.to_date: dict[tuple[OracleKey, object], int | None] = {}
        self.loss: defaultdict[OracleKey, int | None] = defaultdict(int)
        self.unresolved: set[OracleKey] = set()

    def period(self, facts: PeriodFacts) -> dict[tuple[str, str, str | None], int]:
        self.facts, self.unresolved = facts, set()
        lines: dict[tuple[str, str, str | None], int] = {}
        rows: list[Revenue | WalletStake | ClientRevenue] = [
            *facts.revenues,
            *facts.stakes,
            *facts.client_revenues,
        ]
        everyone = sorted({row.validator_key for row in rows})
        for agreement in self.agreements:
            for rule in agreement.rules:
                key = (agreement.agreement_id, rule.rule_id)
                named = [r.validator_key for r in agreement.rules if r.component is rule.component]
                mine = [validator for validator in everyone if validator not in named]
                if rule.validator_key is not None:
                    mine = [rule.validator_key]
                try:
                    paid = self.rule(key, rule, agreement.partner_id, mine)
                    lines |= {(*key, validator): amount for validator, amount in paid.items()}
                except Unknown:
                    self.unresolved.add(key)
                    self.forget(key, rule)
        return lines

    def forget(self, key: OracleKey, rule: Rule) -> None:
        if rule.tiers is not None and rule.tiers.scope is not TierScope.PERIOD:
            self.to_date[key, self.window(rule)] = None
        if rule.loss_policy is LossPolicy.CARRY and (
            rule.component is Component.VOTE_REWARDS or self.loss[key] != 0
        ):
            self.loss[key] = None

    def window(self, rule: Rule) -> object:
        end = self.facts.ends_at
        scope = rule.tiers.scope if rule.tiers is not None else TierScope.PERIOD
        windows: dict[TierScope, object] = {
            TierScope.PERIOD: self.facts.period_id,
            TierScope.QUARTER: (end.year, (end.month - 1) // 3),
            TierScope.YEAR: end.year,
        }
        return windows[scope]

    def rule(
        self, key: OracleKey, rule: Rule, partner: str, validators: Sequence[str]
    ) -> dict[str | None, int]:
        found = {validator: self.base(rule, partner, validator) for validator in validators}
        bases = {validator: base for validator, base in found.items() if isinstance(base, int)}
        positive = sum(base for base in bases.values() if base > 0)
        loss = 0
        if rule.loss_policy is LossPolicy.CARRY:
            carried = self.loss[key]
            if carried is None:
                raise Unknown
            loss = carried - sum(base for base in bases.values() if base < 0)
        net = max(0, positive - loss)
        before = self.to_date.get((key, self.window(rule)), 0)
        if before is None:
            raise Unknown
        stake = None
        if rule.tiers is not None and rule.tiers.metric is TierMetric.STAKE:
            stake = self.stake(rule, partner, validators)
        earned = self.commission(rule, before + net, stake) - self.commission(rule, before, stake)
        self.loss[key] = max(0, loss - positive)
        self.to_date[key, self.window(rule)] = before + net
        return self.lines(rule, bases, earned, net)

    def lines(self, rule: Rule, bases: dict[str, int], earned: int, net: int) -> dict[str | None, int]:
        lowest = rule.floor if rule.floor is not None and not rule.guarantee and net > 0 else 0
        total = max(earned, lowest) if rule.cap is None else min(max(earned, lowest), rule.cap)
        paid: dict[str | None, int] = {}
        paid.update(self.split(total, {validator: max(0, base) for validator, base in bases.items()}).items())
        if rule.guarantee and rule.floor is not None and earned < rule.floor:
            paid[None] = rule.floor - earned
        return paid

    def commission(self, rule: Rule, base: int, stake: int | None) -> int:
        if rule.rate_bps is not None:
            return math.floor(Fraction(base) * Fraction(rule.rate_bps, 10_000))
        assert rule.tiers is not None
        tiers, measure = rule.tiers.tiers, base if stake is None else stake
        reached = next(tier for tier in tiers if tier.upper is None or measure <= tier.upper)
        if rule.tiers.mode is TierMode.CLIFF or measure == 0:
            return math.floor(Fraction(base) * Fraction(reached.rate_bps, 10_000))
        weighted, lower = Fraction(0), 0
        for tier in tiers:
            upper = measure if tier.upper is None else tier.upper
            weighted += max(0, min(measure, upper) - lower) * Fraction(tier.rate_bps, 10_000)
            lower = upper
        return math.floor(base * (weighted / measure))

    def base(self, rule: Rule, partner: str, validator: str) -> int | str:
        revenue = self.revenue(rule, validator)
        if rule.method is Method.FIXED_SHARE:
            return self.known(revenue)
        stakes = [row for row in self.facts.stakes if row.validator_key == validator]
        seen = [
            row
            for row in self.facts.client_revenues
            if (row.validator_key, row.component) == (validator, rule.component)
        ]
        if rule.method is Method.CLIENT_REVENUE:
            by_stake = rule.component in {Component.EXEC_FEES, Component.MEV_TIPS} or (
                rule.component is Component.COMMISSION and revenue == 0
            )
            if seen or not by_stake:
                return self.observed(partner, revenue, stakes, seen)
        mine = [row for row in stakes if self.owner.get(row.wallet) == partner]
        if not mine and (stakes or revenue == 0):
            return "no part"
        whole = self.known(revenue)
        if whole == 0:
            return 0
        weights: defaultdict[str, int] = defaultdict(int)
        for row in stakes:
            weights[row.wallet] += self.known(row.active_stake)
        if not any(weights.values()):
            raise Unknown
        parts = self.split(whole, weights)
        return sum(part for wallet, part in parts.items() if self.owner.get(wallet) == partner)

    def observed(
        self,
        partner: str,
        revenue: int | None,
        stakes: Sequence[WalletStake],
        seen: Sequence[ClientRevenue],
    ) -> int | str:
        rows: list[WalletStake | ClientRevenue] = [*stakes, *seen]
        involved = [row for row in rows if self.owner.get(row.wallet) == partner]
        if not involved and (stakes or seen):
            return "no part"
        self.known(revenue)
        if not seen:
            raise Unknown
        return sum(self.known(row.amount) for row in seen if self.owner.get(row.wallet) == partner)

    def stake(self, rule: Rule, partner: str, validators: Sequence[str]) -> int:
        for validator in validators:
            looked_at = any(row.validator_key == validator for row in self.facts.stakes)
            if not looked_at and self.revenue(rule, validator) != 0:
                raise Unknown
        return sum(
            self.known(row.active_stake)
            for row in self.facts.stakes
            if row.validator_key in validators and self.owner.get(row.wallet) == partner
        )

    def revenue(self, rule: Rule, validator: str) -> int | None:
        for row in self.facts.revenues:
            if (row.validator_key, row.component) == (validator, rule.component):
                return row.amount
        return None

    @staticmethod
    def known(amount: int | None) -> int:
        if amount is None:
            raise Unknown
        return amount

    @staticmethod
    def split(total: int, weights: Mapping[str, int]) -> dict[str, int]:
        """Largest remainder: round toward zero, then one unit each to those that lost the most."""
        if total == 0:
            return dict.fromkeys(weights, 0)
        exact = {
            key: Fraction(abs(total)) * weight / sum(weights.values()) for key, weight in weights.items()
        }
        parts = {key: math.floor(share) for key, share in exact.items()}
        hungry = sorted(exact, key=lambda key: (parts[key] - exact[key], key))
        for key in hungry[: abs(total) - sum(parts.values())]:
            parts[key] += 1
        return {key: part if total > 0 else -part for key, part in parts.items()}
