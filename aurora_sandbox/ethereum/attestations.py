"""What one epoch of attesting is worth: Altair's rule for source, target and head, in gwei.

Only arithmetic: who attested, and when it is credited, is in `ledger.py`.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from aurora_sandbox.ethereum.keys import number
from aurora_sandbox.ethereum.spec import GWEI

BASE_PER_INCREMENT: Final = 347
_WEIGHTS: Final = {"source": 14, "target": 26, "head": 14}
_WEIGHT_SUM: Final = 64
_ACTIVE_INCREMENTS: Final = 34_000_000
_MISSING_E6: Final = {"source": 2_400, "target": 2_000, "head": 5_000}
_JITTER_E6: Final = 300


@dataclass(frozen=True, slots=True)
class Attested:
    """Rewards and penalties of one validator for its duty of one epoch, gwei, signed."""

    head: int
    target: int
    source: int
    inactivity: int = 0

    @property
    def total(self) -> int:
        """What the balance changes by."""
        return self.head + self.target + self.source + self.inactivity


@lru_cache(maxsize=4_096)
def ideal(seed: int, epoch: int, effective: int) -> Attested:
    """The reward for every vote right and in time, at this effective balance (gwei)."""
    return Attested(*(_reward(seed, epoch, effective, flag) for flag in ("head", "target", "source")))


def missed(effective: int) -> Attested:
    """The penalty of a validator that did not attest, or is slashed; a missed head costs nothing."""
    base = effective // GWEI * BASE_PER_INCREMENT
    return Attested(
        0, -(base * _WEIGHTS["target"] // _WEIGHT_SUM), -(base * _WEIGHTS["source"] // _WEIGHT_SUM)
    )


def late_head(reward: Attested) -> Attested:
    """The reward of a validator whose head vote came too late."""
    return Attested(0, reward.target, reward.source)


def _reward(seed: int, epoch: int, effective: int, flag: str) -> int:
    base = effective // GWEI * BASE_PER_INCREMENT
    missing = _MISSING_E6[flag] + number(_JITTER_E6, seed, "participation", flag, epoch)
    participating = _ACTIVE_INCREMENTS * (1_000_000 - missing) // 1_000_000
    return base * _WEIGHTS[flag] * participating // (_ACTIVE_INCREMENTS * _WEIGHT_SUM)
