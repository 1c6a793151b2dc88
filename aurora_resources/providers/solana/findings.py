"""The codes of what a person should know about Solana's facts, and how amounts stand in the messages."""

from typing import Final

from aurora_resources.units import format_amount

COMMISSION_DOUBTED: Final = "COMMISSION_DOUBTED"
DRIFT: Final = "DRIFT"
FEES_DOUBTED: Final = "FEES_DOUBTED"
FEES_MISSING: Final = "FEES_MISSING"
FEES_SHARED_UNKNOWN: Final = "FEES_SHARED_UNKNOWN"
IDENTITY_SHARED: Final = "IDENTITY_SHARED"
MEV_MISSING: Final = "MEV_MISSING"
NETWORK_REWARDS: Final = "NETWORK_REWARDS"
REWARDS_MISSING: Final = "REWARDS_MISSING"
REWARDS_UNATTRIBUTED: Final = "REWARDS_UNATTRIBUTED"
STAKERS_UNKNOWN: Final = "STAKERS_UNKNOWN"

_LAMPORTS_DECIMALS: Final = 0


def coins(lamports: int) -> str:
    """Exact lamports, with thousands separators."""
    return f"{format_amount(lamports, _LAMPORTS_DECIMALS)} lamports"
