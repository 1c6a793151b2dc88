"""Worlds from a seed: epoch after epoch, stakes compound, validators lead, skip, earn fees and tips.

Integers throughout; the same spec gives the same world, and more epochs only add to it. Amounts keep
mainnet's proportions to the stake (rates near epoch 796, tips near epoch 678), whatever the world's size.
"""

import random
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from aurora_resources.units import split_exactly
from aurora_sandbox.options import WorldSpec
from aurora_sandbox.solana.cast import Cast, Holding, Member, draw_cast
from aurora_sandbox.solana.rewards import Delegations, epoch_rewards
from aurora_sandbox.solana.world import SLOTS_PER_LEADER, Epoch, StakeAccount, Validator, World
from aurora_sandbox.solana.world_file import FORMAT

_YEARS: Final = Decimal("0.005475818526653871")
_RATE_E9: Final = 44_981_248
_RATE_STEP_E9: Final = 36_000
_CREDITS_PER_SLOT: Final = 16
_FEES_E6_OF_STAKE: Final = 44
_MILLION: Final = 10**6


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
    """The world that `spec` stands for, its current epoch three after the last listed one."""
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
