"""Solana Beach as the sandbox serves it (`/v2`): block fees and success rates by identity, validators, epoch.

Fees are lamports, newest epoch first; an epoch whose fees the world does not know has no entry.
"""

from collections.abc import Callable
from typing import Any, Final

from aurora_sandbox.server.faults import Fault
from aurora_sandbox.server.messages import SandboxRequest, SandboxResponse
from aurora_sandbox.server.provider import Provider, rest_call
from aurora_sandbox.server.row_faults import Call, RowFaults, without_rows_of_validator
from aurora_sandbox.solana.chain import Chain, EpochFacts
from aurora_sandbox.solana.network import LAMPORTS, NETWORK, TYPED_FIELDS
from aurora_sandbox.solana.rpc_methods import Params, get_epoch_info, get_vote_accounts

DEFAULT_LIMIT: Final = 10
MAX_LIMIT: Final = 1000
_CREDITS: Final = {
    "Solana-Beach-Standard-Credits-Remaining": "100",
    "Solana-Beach-Standard-Credits-Consumed": "0",
    "Solana-Beach-On-Demand-Credits-Remaining": "600",
    "Solana-Beach-On-Demand-Credits-Consumed": "0",
}


def respond(chain: Chain, request: SandboxRequest) -> SandboxResponse:
    """Route one request; `request.path` starts after `/solanabeach`."""
    key = chain.settings.solanabeach_key
    if key is not None and request.headers.get("authorization") != f"Bearer {key}":
        return _refuse(401, "Unauthorized")
    match request.path.strip("/").split("/") if request.method == "GET" else []:
        case ["v2", "validator", identity, "block-rewards-history"]:
            return _history(chain, request, identity, _rewards_entry)
        case ["v2", "validator", identity, "success-rate-history"]:
            return _history(chain, request, identity, _success_entry)
        case ["v2", "validator", vote]:
            return _validator(chain, vote)
        case ["v2", "epoch-info"]:
            return SandboxResponse(_epoch_info(chain), headers=_CREDITS)
        case _:
            return _refuse(404, "Not found")


def _refuse(status: int, message: str) -> SandboxResponse:
    return SandboxResponse({"err": message}, status, _CREDITS)


Entry = Callable[[Chain, EpochFacts, str], dict[str, Any] | None]


def _history(chain: Chain, request: SandboxRequest, identity: str, entry: Entry) -> SandboxResponse:
    offset, limit = request.query.get("offset", "0"), request.query.get("limit", str(DEFAULT_LIMIT))
    if not (offset.isdigit() and limit.isdigit() and 1 <= int(limit) <= MAX_LIMIT):
        return _refuse(400, f"offset must be a number and limit between 1 and {MAX_LIMIT}")
    if not any(v.node == identity for facts in chain.visible for v in facts.epoch.validators):
        return _refuse(404, "Validator not found")
    found = [entry(chain, facts, identity) for facts in reversed(chain.visible)]
    entries = [row for row in found if row is not None]
    start, count = int(offset), int(limit)
    pagination = {"total": len(entries), "offset": start, "limit": count}
    body = {"history": entries[start : start + count], "pagination": pagination}
    return SandboxResponse(body, headers=_CREDITS)


def _blocks(chain: Chain, facts: EpochFacts, identity: str) -> tuple[list[int], list[int]] | None:
    """(leader slots, produced blocks) up to now; None where the world does not know them."""
    if identity not in facts.slots.schedule:
        return None
    last = chain.now - chain.start(facts.number)
    slots = [i for i in facts.slots.schedule[identity] if i <= last]
    return slots, [i for i in facts.slots.produced_by[identity] if i <= last]


def _rewards_entry(chain: Chain, facts: EpochFacts, identity: str) -> dict[str, Any] | None:
    known = _blocks(chain, facts, identity)
    if known is None:
        return None
    fees = sum(facts.slots.fees[i][1] for i in known[1] if i in facts.slots.fees)
    return {"epoch": facts.number, "blocks": len(known[1]), "fees": fees}


def _success_entry(chain: Chain, facts: EpochFacts, identity: str) -> dict[str, Any] | None:
    known = _blocks(chain, facts, identity)
    if known is None:
        return None
    slots, blocks = len(known[0]), len(known[1])
    rate = round(100 * blocks / slots, 2) if slots else None
    return {"epoch": facts.number, "slots": slots, "blocks": blocks, "successRate": rate}


def _validator(chain: Chain, vote: str) -> SandboxResponse:
    validator = chain.latest.epoch.by_vote.get(vote)
    if validator is None:
        return _refuse(404, "Validator not found")
    accounts = get_vote_accounts(chain, Params([{"votePubkey": vote, "keepUnstakedDelinquents": True}]))
    row = (accounts["current"] + accounts["delinquent"])[0]
    body = {
        "votePubkey": vote,
        "nodePubkey": validator.node,
        "commission": validator.rate_bps // 100,
        "lastVote": row["lastVote"],
        "delinquent": bool(accounts["delinquent"]),
        "name": validator.name,
    }
    return SandboxResponse(body, headers=_CREDITS)


def _epoch_info(chain: Chain) -> dict[str, Any]:
    start, end = chain.epoch_start_time(chain.current), chain.epoch_start_time(chain.current + 1)
    return {
        **get_epoch_info(chain, Params([])),
        "epochStartTime": int(start.timestamp()),
        "slotTime": round((end - start).total_seconds() / chain.size, 3),
    }


def _missing_validator(
    chain: Chain | None, fault: Fault, call: Call, response: SandboxResponse
) -> SandboxResponse:
    if fault.validator in call.endpoint.split("/"):
        return SandboxResponse({"err": "Validator not found"}, 404)
    return without_rows_of_validator(chain, fault, call, response)


PROVIDER: Final = Provider(
    name="solanabeach",
    network=NETWORK,
    prefix="/solanabeach",
    base_path="/v2",
    variables="SOLANABEACH",
    credentials={"SOLANABEACH_API_KEY": "sandbox"},
    respond=respond,
    describe_call=lambda _chain, request: rest_call(request, "/v2/"),
    rows=RowFaults(
        format=LAMPORTS,
        amounts={"*": frozenset({"fees"})},
        typed=TYPED_FIELDS,
        empty=lambda _call: {"history": [], "pagination": {"total": 0, "offset": 0, "limit": 0}},
        missing_validator=_missing_validator,
    ),
)
