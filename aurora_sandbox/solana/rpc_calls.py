"""What every JSON-RPC method of the sandbox needs: errors with Agave's codes, parameters, reward fields.

The methods themselves are in `rpc_cluster.py`, `rpc_blocks.py` and `rpc_stake.py`; `rpc.py` dispatches.
"""

from typing import Any

from aurora_sandbox.server.json_rpc import INVALID_PARAMS, RpcError
from aurora_sandbox.server.messages import Json
from aurora_sandbox.solana.chain import Settings
from aurora_sandbox.solana.pubkeys import check_pubkey
from aurora_sandbox.solana.world import U64_MAX

BLOCK_CLEANED_UP = -32001
BLOCK_NOT_AVAILABLE = -32004
SLOT_SKIPPED = -32007
LONG_TERM_SLOT_SKIPPED = -32009
UNSUPPORTED_VERSION = -32015
MIN_CONTEXT_SLOT = -32016
REWARDS_ACTIVE = -32017
NOT_EPOCH_BOUNDARY = -32018


class Params:
    """The positional parameters of one call."""

    def __init__(self, params: list[Any]) -> None:
        self._params = params

    def slot(self, index: int, name: str) -> int:
        """A required u64. Raises RpcError -32602."""
        value = self.optional_slot(index, name)
        if value is None:
            raise RpcError(INVALID_PARAMS, f"Invalid params: missing {name}")
        return value

    def optional_slot(self, index: int, name: str) -> int | None:
        """A u64 or None. Raises RpcError -32602 for anything else."""
        value = self._params[index] if len(self._params) > index else None
        if value is None:
            return None
        return u64(value, name)

    def config(self, index: int) -> dict[str, Any]:
        """The configuration object, empty if left out. Raises RpcError -32602."""
        value = self._params[index] if len(self._params) > index else None
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise RpcError(
                INVALID_PARAMS, f"Invalid params: expected a configuration object at position {index}"
            )
        return value

    def any(self, index: int) -> Json:
        """The parameter as it came, None if left out."""
        return self._params[index] if len(self._params) > index else None


def u64(value: Json, name: str) -> int:
    """`value` as u64. Raises RpcError -32602."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= U64_MAX:
        raise RpcError(INVALID_PARAMS, f"Invalid params: {name}: expected u64, got {value!r}")
    return value


def pubkey(value: Json) -> str:
    """`value` as an address. Raises RpcError -32602 with Agave's words."""
    try:
        return check_pubkey(value)
    except ValueError as error:
        reason = "WrongSize" if "bytes instead" in str(error) else "Invalid"
        raise RpcError(INVALID_PARAMS, f"Invalid param: {reason}") from None
    except TypeError:
        raise RpcError(INVALID_PARAMS, f"Invalid params: expected a pubkey, got {value!r}") from None


def block_not_available(slot: int) -> RpcError:
    """The block is not there yet."""
    return RpcError(BLOCK_NOT_AVAILABLE, f"Block not available for slot {slot}")


def cleaned_up(slot: int, first: int) -> RpcError:
    """The node no longer has the block."""
    message = f"Block {slot} cleaned up, does not exist on node. First available block: {first}"
    return RpcError(BLOCK_CLEANED_UP, message)


def skipped(slot: int, settings: Settings) -> RpcError:
    """No block in this slot, as far as the node knows."""
    if settings.archive:
        return RpcError(LONG_TERM_SLOT_SKIPPED, f"Slot {slot} was skipped, or missing in long-term storage")
    return RpcError(
        SLOT_SKIPPED, f"Slot {slot} was skipped, or missing due to ledger jump to recent snapshot"
    )


def commission_fields(rate_bps: int | None, settings: Settings) -> dict[str, int | None]:
    """The commission of a reward row in the fields this node version has; None for rows without one."""
    if settings.commission_fields == "percent":
        return {"commission": None if rate_bps is None else rate_bps // 100}
    if rate_bps is None:
        return {"commission": None}
    return {"commission": None, "commissionBps": rate_bps if settings.commission_fields == "bps" else None}
