"""Options of a generated Ethereum world, the network's constants, and the schedule of events.

The world is derived from them in `slots.py`, `ledger.py` and `payloads.py`.
"""

from dataclasses import dataclass
from typing import Final, Literal

from aurora_resources.errors import ConfigurationError

SLOTS_PER_EPOCH: Final = 32
SECONDS_PER_SLOT: Final = 12
GENESIS_TIME: Final = 1_606_824_023
GENESIS_VALIDATORS_ROOT: Final = "0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95"
FAR_FUTURE_EPOCH: Final = 18_446_744_073_709_551_615
GWEI: Final = 10**9
"""Gwei in one ETH, and wei in one gwei."""
EPOCHS_PER_SYNC_COMMITTEE_PERIOD: Final = 256
SYNC_COMMITTEE_SIZE: Final = 512
LEAD_EPOCHS: Final = 4
"""Epochs before the first window: a window's balances hold attestations of two epochs earlier."""

LAST_SYNC_EPOCH: Final = 401_919
"""The last epoch of sync committee period 1569, in which tracked validators have seats."""

RELAYS: Final = ("relay-flashbots", "relay-ultrasound", "relay-titan")

Kind = Literal[
    "local", "pooled", "rich", "slashing", "builder", "lying", "overclaimed", "internal", "failed", "kept",
    "kept_fees", "unrelayed", "stolen", "missed", "orphaned",
]  # fmt: skip
Schedule = tuple[tuple[tuple[Kind, int], ...], ...]

SCHEDULE: Final[Schedule] = (
    (("local", 0), ("builder", 2), ("missed", 5)),
    (("kept", 3), ("orphaned", 1), ("unrelayed", 7)),
    (("lying", 2), ("kept_fees", 0), ("pooled", 4)),
    (("internal", 2), ("slashing", 0), ("missed", 3)),
    (("failed", 3), ("overclaimed", 7), ("kept", 0)),
    (("stolen", 2), ("rich", 0), ("builder", 1)),
)
"""The kind of each tracked proposal and the proposer's ordinal, per window from the first one on; the list is
repeated after its end."""

OFFLINE_WINDOW: Final = 1
DEPOSIT_WINDOW: Final = 1
CORRELATION_WINDOW: Final = 4
SWEEP_WINDOWS: Final = frozenset({1, 4})
INTERNAL_SWEEP: Final = 3
"""The member with a withdrawal in every block of kind internal: it shares the proposer's address."""


@dataclass(frozen=True, slots=True)
class EthereumSpec:
    """Options of a generated world. Equal specs give equal worlds; more windows only add to one.

    `window_epochs` is the length of a period, `first_window` the first one (window k begins at epoch
    k x window_epochs); None takes the one in which tracked validators leave the sync committee. `rich_fees`
    are the fees of a block of kind rich, wei. `plain` is the number of further validators of the clients
    without special events.
    """

    seed: int = 7
    window_epochs: int = 6
    first_window: int | None = None
    windows: int = 6
    schedule: Schedule = SCHEDULE
    rich_fees: int = 123_456_789_012_345_678_901
    plain: int = 0

    def __post_init__(self) -> None:
        """Raises ConfigurationError for options that no world can have."""
        if self.window_epochs < 1 or self.windows < 1 or not self.schedule:
            raise ConfigurationError(
                f"Ethereum world: at least one window, one epoch a window and one entry of the schedule, not "
                f"{self.windows}, {self.window_epochs} and {len(self.schedule)}"
            )
        if self.plain < 0:
            raise ConfigurationError(f"Ethereum world: {self.plain} plain validators; 0 or more")
        if self.rich_fees < GWEI * GWEI:
            raise ConfigurationError(
                f"Ethereum world: rich fees are at least 1 ETH, not {self.rich_fees} wei"
            )
        most = max(map(len, self.schedule))
        if most * 4 > self.window_slots - 4:
            raise ConfigurationError(
                f"Ethereum world: {most} proposals do not fit into a window of {self.window_slots} slots"
            )
        if self.first_epoch < LEAD_EPOCHS:
            raise ConfigurationError(f"Ethereum world: the first epoch is {LEAD_EPOCHS} or later")

    @property
    def window_slots(self) -> int:
        """Slots of a window."""
        return self.window_epochs * SLOTS_PER_EPOCH

    @property
    def first(self) -> int:
        """The first window."""
        return LAST_SYNC_EPOCH // self.window_epochs if self.first_window is None else self.first_window

    @property
    def last(self) -> int:
        """The last window with ground truth; the chain goes on a little after it."""
        return self.first + self.windows - 1

    @property
    def first_epoch(self) -> int:
        """The first epoch of the first window."""
        return self.first * self.window_epochs

    @property
    def end_epoch(self) -> int:
        """The first epoch after the last window."""
        return (self.last + 1) * self.window_epochs

    def epochs(self, window: int) -> range:
        """The epochs of a window."""
        return range(window * self.window_epochs, (window + 1) * self.window_epochs)

    def slots(self, window: int) -> range:
        """The slots of a window."""
        return range(window * self.window_slots, (window + 1) * self.window_slots)

    def planned(self, window: int) -> tuple[tuple[Kind, int], ...]:
        """Kind and proposer's ordinal of each tracked proposal in a window; none before the first window."""
        ordinal = window - self.first
        return self.schedule[ordinal % len(self.schedule)] if ordinal >= 0 else ()
