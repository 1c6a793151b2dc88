"""How the sandbox's providers behave where real ones differ: node version, keys, limits, lags.

Not the network's figures (those are the world) and not faults (those come and go while it runs).
"""

from dataclasses import dataclass
from typing import Literal

CommissionFields = Literal["percent", "bps", "none"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Behaviour of the served providers.

    `commission_fields`: the RPC node gives `commission` in percent (Agave 3), null and `commissionBps`
    (Agave 4), or neither (SIMD-0232). `archive`: a node with long-term storage words skipped slots as
    -32009. `slot_in_epoch` is where the current epoch stands, half way if None. `schedule_epochs`: how many
    epochs back leader schedules are kept, all if None. `rewards_per_block`: stake rows in each block of the
    payout. `jito_lag_epochs`: Jito shows epoch N once the current one is at least N plus this.
    """

    commission_fields: CommissionFields = "bps"
    archive: bool = False
    slot_in_epoch: int | None = None
    schedule_epochs: int | None = None
    rewards_per_block: int = 4096
    max_reward_addresses: int = 32
    max_batch: int | None = None
    jito_lag_epochs: int = 1
    solanabeach_key: str | None = None
