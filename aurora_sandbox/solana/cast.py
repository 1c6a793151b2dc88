"""Who is in a generated world: operators with their validators and own wallets, stakers with their accounts.

Drawn once from the seed, by integers only, and independent of how many epochs are generated. What happens
to them epoch by epoch is in `generate.py`.
"""

import random
from dataclasses import dataclass
from typing import Final

from aurora_sandbox.options import ACTIVATION_EPOCHS, WorldSpec
from aurora_sandbox.solana.pubkeys import derive_pubkey

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
    """Everyone. `own_wallets` are by operator, `wallets` are the stakers', the busiest first."""

    members: tuple[Member, ...]
    own_wallets: tuple[str, ...]
    wallets: tuple[str, ...]
    holdings: tuple[Holding, ...]


def draw_cast(spec: WorldSpec) -> Cast:
    """The cast that `spec` stands for."""
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
        # The operators a demonstration is about earn in every way there is.
        commission, mev = (500, 700, 1000)[operator], (800, 1000, 500)[operator]
        name += f" Staking {number + 1 - _operators(spec.validators).index(operator)}"
    if number == _LARGE_VALIDATORS:
        commission = 725  # a rate that whole percents cannot say
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
    """The operator's own stake account with its validator, there from long ago."""
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
    if fate < 8:  # noqa: PLR2004 - percent that arrive while we look
        since = spec.first_epoch + draw.randrange(-1, ACTIVATION_EPOCHS)
    elif fate < 15:  # noqa: PLR2004 - percent that leave
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
