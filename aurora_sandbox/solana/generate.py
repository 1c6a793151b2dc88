"""Worlds from a seed: their operators, validators and stakers, and the events and income of each epoch.

Operators with their validators and own wallets and stakers with their accounts are drawn once, independent
of the number of epochs. Then stakes compound, and validators receive fees and tips. Integers throughout; the
same spec gives the same world, and more epochs only add to it. Amounts keep mainnet's proportions to the
stake (rates near epoch 796, tips near epoch 678) for a world of any size.
"""

import random
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from aurora_resources.units import split_exactly
from aurora_sandbox.options import ACTIVATION_EPOCHS, WorldSpec
from aurora_sandbox.solana.pubkeys import derive_pubkey
from aurora_sandbox.solana.rewards import Delegations, epoch_rewards
from aurora_sandbox.solana.world import FORMAT, SLOTS_PER_LEADER, Epoch, StakeAccount, Validator, World

LAMPORTS_PER_SOL: Final = 10**9
_NAMES: Final = (
    "Aldebaran", "Bellatrix", "Capella", "Deneb", "Electra", "Fomalhaut", "Gacrux", "Hadar", "Izar", "Kochab",
    "Lesath", "Mizar", "Nunki", "Okab", "Polaris", "Rigel", "Sirius", "Tarazed", "Unukalhai", "Vega", "Wezen",
)  # fmt: skip
_OPERATOR_SIZES: Final = (3, 2, 2)
_LARGE_VALIDATORS: Final = sum(_OPERATOR_SIZES)
_COMMISSIONS_BPS: Final = (0, 0, 0, 0, 500, 500, 500, 500, 500, 700, 700, 700, 1000, 1000, 1000, 725, 10_000)
_MEV_BPS: Final = (0, 0, 500, 800, 800, 1000, 1000, 1000, 10_000, None)
_STAKE_EXPONENTS: Final = (0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5)
_YEARS: Final = Decimal("0.005475818526653871")
_RATE_E9: Final = 44_981_248
_RATE_STEP_E9: Final = 36_000
_CREDITS_PER_SLOT: Final = 16
_FEES_E6_OF_STAKE: Final = 44
_MILLION: Final = 10**6


@dataclass(frozen=True, slots=True)
class Member:
    """A validator of the cast; it never changes its rates."""

    vote_account: str
    identity: str
    name: str
    operator: int
    commission_bps: int
    mev_commission_bps: int | None
    delinquent: bool
    shares_priority_fees: bool


@dataclass(frozen=True, slots=True)
class Holding:
    """A stake account of the cast with the lamports it was opened with."""

    stake_account: str
    member: int
    staker: str
    withdrawer: str
    opening_stake: int
    activation_epoch: int
    deactivation_epoch: int | None


@dataclass(frozen=True, slots=True)
class Cast:
    """All participants. `own_wallets` are by operator, `wallets` are the stakers', the most used first."""

    members: tuple[Member, ...]
    own_wallets: tuple[str, ...]
    wallets: tuple[str, ...]
    holdings: tuple[Holding, ...]


def draw_cast(spec: WorldSpec) -> Cast:
    """The cast that follows from `spec`."""
    draw = random.Random(f"cast/{spec.seed}/{spec.validators}/{spec.stakers}")  # noqa: S311
    operators = _operators(spec.validators)
    members = tuple(_member(spec, draw, number, operator) for number, operator in enumerate(operators))
    own = tuple(derive_pubkey("generated", spec.seed, "own-wallet", i) for i in range(operators[-1] + 1))
    wallets = tuple(
        derive_pubkey("generated", spec.seed, "wallet", i) for i in range(max(spec.stakers // 5, 3))
    )
    holdings = [_self_stake(spec, draw, number, member, own) for number, member in enumerate(members)]
    holdings += [_holding(spec, draw, number, wallets) for number in range(len(members), spec.stakers)]
    return Cast(members, own, wallets, tuple(holdings))


def _operators(validators: int) -> list[int]:
    """The operator of each validator: the first few run several, the others one each."""
    several = [operator for operator, size in enumerate(_OPERATOR_SIZES) for _ in range(size)]
    return several + [len(_OPERATOR_SIZES) + i for i in range(validators - len(several))]


def _member(spec: WorldSpec, draw: random.Random, number: int, operator: int) -> Member:
    round_, star = divmod(operator, len(_NAMES))
    name = _NAMES[star] + (f" {round_ + 1}" if round_ else "")
    commission, mev = draw.choice(_COMMISSIONS_BPS), draw.choice(_MEV_BPS)
    shares = draw.randrange(5) == 0
    if number < _LARGE_VALIDATORS:
        # The operators of the demonstration have every kind of income.
        commission, mev = (500, 700, 1000)[operator], (800, 1000, 500)[operator]
        name += f" Staking {number + 1 - _operators(spec.validators).index(operator)}"
    if number == _LARGE_VALIDATORS:
        commission = 725  # a rate that is no whole percentage
    last = number == spec.validators - 1
    return Member(
        vote_account=derive_pubkey("generated", spec.seed, "vote", number),
        identity=derive_pubkey("generated", spec.seed, "identity", number),
        name=name,
        operator=operator,
        commission_bps=commission,
        mev_commission_bps=None if number == spec.validators - 2 else 800 if last else mev,
        delinquent=last,
        shares_priority_fees=shares,
    )


def _self_stake(
    spec: WorldSpec, draw: random.Random, number: int, member: Member, own: tuple[str, ...]
) -> Holding:
    """The operator's own stake account with its validator, active before the first epoch."""
    wallet = own[member.operator]
    stake = (50_000 // (number + 1) + draw.randrange(500, 5_000)) * LAMPORTS_PER_SOL + draw.randrange(10**9)
    return Holding(
        derive_pubkey("generated", spec.seed, "stake", number),
        number,
        wallet,
        wallet,
        stake,
        spec.first_epoch - draw.randrange(2, ACTIVATION_EPOCHS),
        None,
    )


def _holding(spec: WorldSpec, draw: random.Random, number: int, wallets: tuple[str, ...]) -> Holding:
    """A staker's account. Low numbers are likelier, so few wallets and few validators hold most of it."""
    wallet = wallets[min(draw.randrange(len(wallets)) for _ in range(3))]
    member = min(draw.randrange(spec.validators) for _ in range(2))
    coins = draw.randrange(1, 10) * 10 ** draw.choice(_STAKE_EXPONENTS)
    fate = draw.randrange(100)
    since = spec.first_epoch - draw.randrange(2, ACTIVATION_EPOCHS)
    until = None
    if fate < 8:  # noqa: PLR2004 - percent that activate within the epochs
        since = spec.first_epoch + draw.randrange(-1, ACTIVATION_EPOCHS)
    elif fate < 15:  # noqa: PLR2004 - percent that deactivate
        until = spec.first_epoch + draw.randrange(ACTIVATION_EPOCHS)
    staker = derive_pubkey("generated", spec.seed, "staker", number) if draw.randrange(10) == 0 else wallet
    return Holding(
        derive_pubkey("generated", spec.seed, "stake", number),
        member,
        staker,
        wallet,
        coins * LAMPORTS_PER_SOL + draw.randrange(10**9),
        since,
        until,
    )


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator of a generated world: validators as (vote account, identity, name), and its own wallet."""

    name: str
    validators: tuple[tuple[str, str, str], ...]
    own_wallet: str


@dataclass(frozen=True, slots=True)
class PartnerWallet:
    """A withdrawer with accounts at the suggested operators; `stake` in lamports in the last epoch."""

    wallet: str
    stake_accounts: int
    stake: int
    vote_accounts: tuple[str, ...]


def generate_world(spec: WorldSpec) -> World:
    """The world that follows from `spec`, its current epoch three after the last listed one."""
    cast = draw_cast(spec)
    stakes = {holding.stake_account: holding.opening_stake for holding in cast.holdings}
    epochs: list[Epoch] = []
    supply = 0
    for number in range(spec.first_epoch, spec.first_epoch + spec.epochs):
        supply = supply or sum(stakes.values()) * 3 // 2
        epoch = _epoch(spec, cast, stakes, number, supply)
        paid = epoch_rewards(epoch.rewards_total, [_delegations(v, number) for v in epoch.validators])
        for address, amount in paid.staking.items():
            stakes[address] += amount
        supply += paid.paid
        epochs.append(epoch)
    return World(
        format=FORMAT,
        chain_id="solana-mainnet",
        slots_per_epoch=spec.slots_per_epoch,
        current_epoch=epochs[-1].epoch + 3,
        epochs=tuple(epochs),
    )


def demo_spec() -> WorldSpec:
    """The demonstration's world: 24 validators, 400 stake accounts, epochs 800 to 807 of 432 slots."""
    return WorldSpec()


def demo_world() -> World:
    """The world of `demo_spec()`."""
    return generate_world(demo_spec())


class Growth:
    """Grows a generated world as the sandbox advances; give it as `sandbox_app(grow=Growth(spec))`."""

    def __init__(self, spec: WorldSpec) -> None:
        self._spec = spec

    def __call__(self, _world: World, epochs: int) -> World:
        """The same world with that many epochs more."""
        self._spec = replace(self._spec, epochs=self._spec.epochs + epochs)
        return generate_world(self._spec)


def suggest_operators(spec: WorldSpec, count: int = 3) -> list[Operator]:
    """The operators with most validators, for `chains.yaml`."""
    cast = draw_cast(spec)
    found = []
    for operator in range(count):
        members = [m for m in cast.members if m.operator == operator]
        name = members[0].name.split(" Staking")[0] + " Staking"
        validators = tuple((m.vote_account, m.identity, m.name) for m in members)
        found.append(Operator(name, validators, cast.own_wallets[operator]))
    return found


def suggest_partners(spec: WorldSpec, count: int = 6, operators: int = 3) -> list[PartnerWallet]:
    """The withdrawers with most stake at the suggested operators' validators, for `partners.yaml`."""
    votes = {vote for operator in suggest_operators(spec, operators) for vote, _, _ in operator.validators}
    last = generate_world(spec).epochs[-1]
    own = {operator.own_wallet for operator in suggest_operators(spec, operators)}
    held: dict[str, list[tuple[str, int]]] = {}
    for validator in last.validators:
        for account in validator.stake_accounts:
            if (
                validator.vote_account in votes
                and account.withdrawer not in own
                and account.is_active(last.epoch)
            ):
                held.setdefault(account.withdrawer, []).append((validator.vote_account, account.stake))
    wallets = [
        PartnerWallet(
            wallet, len(rows), sum(stake for _, stake in rows), tuple(sorted({vote for vote, _ in rows}))
        )
        for wallet, rows in held.items()
    ]
    return sorted(wallets, key=lambda w: (-w.stake, w.wallet))[:count]


def _delegations(validator: Validator, number: int) -> Delegations:
    stakes = [(a.stake_account, a.stake) for a in validator.accounts_in(number) if a.is_active(number)]
    return Delegations(validator.vote_account, validator.rate_bps, validator.credits, stakes)


def _epoch(spec: WorldSpec, cast: Cast, stakes: dict[str, int], number: int, supply: int) -> Epoch:
    draw = random.Random(f"epoch/{spec.seed}/{number}")  # noqa: S311
    accounts: list[list[StakeAccount]] = [[] for _ in cast.members]
    for holding in cast.holdings:
        if _exists(holding, number):
            accounts[holding.member].append(_account(holding, stakes[holding.stake_account]))
    active = [sum(a.stake for a in own if a.is_active(number)) for own in accounts]
    groups = spec.slots_per_epoch // SLOTS_PER_LEADER
    led = split_exactly(groups, dict(enumerate(active)))
    step = number - spec.first_epoch
    block_fee = sum(active) * _FEES_E6_OF_STAKE // _MILLION // spec.slots_per_epoch
    return Epoch(
        epoch=number,
        capitalization=supply,
        validator_rate=Decimal(_RATE_E9 - _RATE_STEP_E9 * step).scaleb(-9),
        epoch_duration_in_years=_YEARS,
        validators=tuple(
            _validator(spec, draw, member, active[i], led[i] * SLOTS_PER_LEADER, block_fee, accounts[i])
            for i, member in enumerate(cast.members)
        ),
    )


def _validator(
    spec: WorldSpec,
    draw: random.Random,
    member: Member,
    stake: int,
    leader_slots: int,
    block_fee: int,
    accounts: list[StakeAccount],
) -> Validator:
    up_permille = 200 if member.delinquent else draw.randrange(975, 1000)
    skipped = leader_slots * (800 if member.delinquent else draw.randrange(80)) // 1000
    produced = leader_slots - skipped
    fees = produced * (block_fee * draw.randrange(50, 150) // 100) + draw.randrange(produced + 1)
    tips: int | None = stake * draw.randrange(60, 140) // _MILLION
    if member.mev_commission_bps is None or member.delinquent:
        tips = None
    whole_percent = member.commission_bps % 100 == 0
    return Validator(
        vote_account=member.vote_account,
        identity=member.identity,
        name=member.name,
        stake=stake,
        credits=spec.slots_per_epoch * _CREDITS_PER_SLOT * up_permille // 1000,
        commission=member.commission_bps // 100 if whole_percent else None,
        commission_bps=None if whole_percent else member.commission_bps,
        mev_commission_bps=member.mev_commission_bps,
        tips=tips,
        priority_fees_shared=fees // 4 if tips is not None and member.shares_priority_fees else None,
        block_fees=fees,
        leader_slots=leader_slots,
        blocks_produced=produced,
        delinquent=member.delinquent,
        stake_accounts=tuple(accounts),
    )


def _exists(holding: Holding, number: int) -> bool:
    """From the epoch it is delegated in to the second one after its deactivation."""
    end = holding.deactivation_epoch
    return holding.activation_epoch <= number and (end is None or number <= end + 2)


def _account(holding: Holding, stake: int) -> StakeAccount:
    """The account with the stake it has in an epoch."""
    return StakeAccount(
        stake_account=holding.stake_account,
        staker=holding.staker,
        withdrawer=holding.withdrawer,
        stake=stake,
        activation_epoch=holding.activation_epoch,
        deactivation_epoch=holding.deactivation_epoch,
    )
