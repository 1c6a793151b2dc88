"""Stakewiz as the sandbox serves it: names and metadata of validators, no amounts to book.

`activated_stake` is SOL as a float, as the real service gives it; scores and locations are constants.
"""

from typing import Any, Final

from aurora_sandbox.server.messages import SandboxRequest, SandboxResponse
from aurora_sandbox.server.provider import Provider, rest_call
from aurora_sandbox.server.row_faults import RowFaults
from aurora_sandbox.solana.chain import Chain
from aurora_sandbox.solana.network import LAMPORTS, NETWORK, TYPED_FIELDS
from aurora_sandbox.solana.rpc_methods import VERSIONS, Params, credits_to, get_vote_accounts
from aurora_sandbox.solana.world import Validator

LAMPORTS_PER_SOL: Final = 10**9
_SECONDS_PER_YEAR: Final = 365.25 * 86_400
_CONSTANTS: Final[dict[str, Any]] = {
    "keybase": "",
    "description": "",
    "website": "",
    "image": None,
    "ip_latitude": "50.1155",
    "ip_longitude": "8.6842",
    "ip_city": "Frankfurt am Main",
    "ip_country": "Germany",
    "ip_asn": "AS64500",
    "ip_org": "Example Hosting",
    "mod": False,
    "vote_success": 99.5,
    "vote_success_score": 19.9,
    "skip_rate_score": 15,
    "info_score": 10,
    "commission_score": 5,
    "epoch_distance_score": 10,
    "above_halt_line": False,
    "stake_weight_score": 10.5,
    "withdraw_authority_score": 0,
    "asn": "AS64500",
    "asn_concentration": 0.5,
    "asn_concentration_score": -0.25,
    "uptime": 99.9,
    "uptime_score": 14.9,
    "wiz_score": 72.8,
    "version_valid": True,
    "city_concentration": 2.5,
    "city_concentration_score": -2.1,
    "invalid_version_score": 0,
    "superminority_penalty": 0,
    "score_version": 40,
    "no_voting_override": False,
    "asncity_concentration": 0.3,
    "asncity_concentration_score": -0.3,
    "credit_ratio": 96.2,
    "apy_estimate": 7.74,
}


def respond(chain: Chain, request: SandboxRequest) -> SandboxResponse:
    """Route one request; `request.path` starts after `/stakewiz`."""
    match [request.method, *request.path.strip("/").split("/")]:
        case ["GET", "validators"]:
            return SandboxResponse([row for _, row in sorted(_rows(chain).items())])
        case ["GET", "validator", vote]:
            row = next((row for row in _rows(chain).values() if row["vote_identity"] == vote), None)
            return (
                SandboxResponse({"error": "validator not found"}, 404)
                if row is None
                else SandboxResponse(row)
            )
        case ["GET", "epoch_info"]:
            return SandboxResponse(_epoch_info(chain))
        case _:
            return SandboxResponse({"error": "not found"}, 404)


def _rows(chain: Chain) -> dict[int, dict[str, Any]]:
    """Rows by rank, the largest stake first."""
    accounts = get_vote_accounts(chain, Params([{"keepUnstakedDelinquents": True}]))
    states = {row["votePubkey"]: (row, behind) for behind, rows in accounts.items() for row in rows}
    by_vote = chain.latest.epoch.by_vote
    ranked = sorted(states, key=lambda vote: (-states[vote][0]["activatedStake"], vote))
    total = sum(row["activatedStake"] for row, _ in states.values()) or 1
    return {
        rank: _row(chain, by_vote[vote], rank, *states[vote], total)
        for rank, vote in enumerate(ranked, start=1)
    }


def _row(
    chain: Chain, validator: Validator, rank: int, state: dict[str, Any], group: str, total: int
) -> dict[str, Any]:
    vote = validator.vote_account
    stake = state["activatedStake"]
    slots = chain.latest.slots.schedule.get(validator.node)
    blocks = chain.latest.slots.produced_by.get(validator.node, [])
    skip_rate = round(100 - 100 * len(blocks) / len(slots), 2) if slots else 0
    first = next(f.number for f in chain.visible if vote in f.epoch.by_vote)
    return {
        **_CONSTANTS,
        "rank": rank,
        "identity": validator.node,
        "vote_identity": vote,
        "last_vote": state["lastVote"],
        "root_slot": state["rootSlot"],
        "credits": credits_to(chain, vote, chain.current),
        "epoch_credits": validator.credits,
        "activated_stake": stake / LAMPORTS_PER_SOL,
        "version": VERSIONS[chain.settings.commission_fields],
        "delinquent": group == "delinquent",
        "skip_rate": skip_rate,
        "updated_at": f"{chain.epoch_start_time(chain.current):%Y-%m-%d %H:%M:%S.%f+00}",
        "first_epoch_with_stake": first,
        "name": validator.name,
        "commission": validator.rate_bps // 100,
        "is_jito": validator.mev_commission_bps is not None,
        "jito_commission_bps": validator.mev_commission_bps,
        "first_epoch_distance": chain.current - first,
        "stake_weight": round(100 * stake / total, 2),
        "epoch": chain.current,
        "epoch_slot_height": chain.now % chain.size,
        "stake_ratio": round(stake / total, 4),
    }


def _epoch_info(chain: Chain) -> dict[str, Any]:
    start, end = chain.epoch_start_time(chain.current), chain.epoch_start_time(chain.current + 1)
    seconds = (end - start).total_seconds()
    elapsed = seconds * (chain.now % chain.size) / chain.size
    return {
        "epoch": chain.current,
        "start_slot": chain.start(chain.current),
        "start_time": int(start.timestamp()),
        "slot_height": chain.now % chain.size,
        "duration_seconds": seconds,
        "elapsed_seconds": elapsed,
        "remaining_seconds": seconds - elapsed,
        "epochs_per_year": _SECONDS_PER_YEAR / seconds,
    }


PROVIDER: Final = Provider(
    name="stakewiz",
    network=NETWORK,
    prefix="/stakewiz",
    variables="STAKEWIZ",
    respond=respond,
    describe_call=lambda _chain, request: rest_call(request),
    rows=RowFaults(format=LAMPORTS, typed=TYPED_FIELDS),
)
