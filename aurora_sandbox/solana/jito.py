"""Jito's kobe API as the sandbox serves it (`/api/v1`): validators, tips per validator and per staker.

Lamports and basis points. A tip tree has a claim for every active stake account, one for the validator, and
since TipRouter one for the protocol fee, whose claimant is the same address in every tree. The API's
peculiarities are served, too: arguments that only count in the body or only in the query, totals that are
zero, failures with an empty success-shaped body.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, Final, NamedTuple, TypeVar

from aurora_sandbox.server.faults import Fault
from aurora_sandbox.server.messages import Json, SandboxRequest, SandboxResponse
from aurora_sandbox.server.provider import Provider, rest_call
from aurora_sandbox.server.row_faults import Call, RowFaults, without_rows_of_epoch, without_rows_of_validator
from aurora_sandbox.solana.chain import Chain, EpochFacts
from aurora_sandbox.solana.network import LAMPORTS, NETWORK, TYPED_FIELDS
from aurora_sandbox.solana.pubkeys import SYSTEM_PROGRAM, check_pubkey, derive_pubkey
from aurora_sandbox.solana.rewards import PROTOCOL_FIRST_EPOCH
from aurora_sandbox.solana.world import Validator

PROTOCOL_CLAIMANT: Final = derive_pubkey("aurora-world", "tip-router")
R = TypeVar("R")
DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 10_000
EMPTY_PAGE: Final[dict[str, Any]] = {"rewards": [], "total_count": 0}
EMPTY_NETWORK: Final[dict[str, Any]] = {
    "epoch": 0,
    "total_network_mev_lamports": 0,
    "jito_stake_weight_lamports": 0,
    "mev_reward_per_lamport": 0.0,
}


def validator_row(validator: Validator, *, published: bool) -> dict[str, Any]:
    """A row of /validators; `mev_rewards` is 0 where there is none or it is not published."""
    tips = validator.tips if published else None
    return {
        "identity_account": validator.node,
        "vote_account": validator.vote_account,
        "mev_commission_bps": validator.mev_commission_bps,
        "mev_rewards": 0 if tips is None else tips,
        "priority_fee_commission_bps": None,
        "priority_fee_rewards": validator.priority_fees_shared if published else None,
        "running_jito": True,
        "running_bam": False,
        "active_stake": validator.stake,
        "jito_directed_stake_target": None,
        "jito_directed_stake_lamports": None,
    }


def tip_row(facts: EpochFacts, validator: Validator) -> dict[str, Any]:
    """A row of /validator_rewards: `mev_revenue` is all tips, before anyone's commission."""
    shared = validator.priority_fees_shared
    return {
        "vote_account": validator.vote_account,
        "mev_revenue": validator.tips,
        "mev_commission": validator.mev_commission_bps,
        "priority_fee_revenue": 0 if shared is None else shared,
        "priority_fee_commission": None,
        "num_stakers": len(facts.active(validator.vote_account)) + 1 + _has_protocol(facts),
        "epoch": facts.number,
        "claim_status_account": _claim_status(facts.number, validator.vote_account, validator.vote_account),
    }


class Claim(NamedTuple):
    """A node of a tip tree; `priority_fee` is None where the validator is not known to share any."""

    epoch: int
    amount: int
    claimant: str
    staker: str
    withdrawer: str
    vote_account: str
    priority_fee: int | None


def claims(facts: EpochFacts, vote: str | None) -> list[Claim]:
    """Claims on the tips of `vote`'s stakers, of the validator and of the protocol; None: of all validators.

    The protocol's claimant is the same everywhere and rows are kept by claimant, so that it appears once an
    epoch, with one validator: the one with the most tips.
    """
    if vote is None:
        return _all_claims(facts)
    validator = facts.epoch.by_vote.get(vote)
    if validator is None or validator.tips is None:
        return []
    return _tree(facts, validator, with_protocol=vote == _protocol_at(facts))


@lru_cache(maxsize=2)  # a client pages through one epoch
def _all_claims(facts: EpochFacts) -> list[Claim]:
    protocol_at = _protocol_at(facts)
    return [
        claim
        for validator in facts.epoch.validators
        for claim in _tree(facts, validator, with_protocol=validator.vote_account == protocol_at)
    ]


def staker_row(claim: Claim) -> dict[str, Any]:
    """A row of /staker_rewards."""
    return {
        "claimant": claim.claimant,
        "stake_authority": claim.staker,
        "withdraw_authority": claim.withdrawer,
        "validator_vote_account": claim.vote_account,
        "epoch": claim.epoch,
        "amount": claim.amount,
        "claim_status_account": _claim_status(claim.epoch, claim.vote_account, claim.claimant),
        "priority_fee_amount": claim.priority_fee,
        "priority_fee_claim_status_account": None,
    }


def _tree(facts: EpochFacts, validator: Validator, *, with_protocol: bool) -> list[Claim]:
    accounts = facts.active(validator.vote_account)
    stakes = [account.stake for account in accounts]
    tips, fees = facts.tip_split(validator, stakes), facts.priority_fee_split(validator, stakes)
    if tips is None:
        return []
    shared = (None,) * len(accounts) if fees is None else fees.stakers
    own = (SYSTEM_PROGRAM, SYSTEM_PROGRAM, validator.vote_account)
    nodes = [
        Claim(facts.number, tip, a.stake_account, a.staker, a.withdrawer, validator.vote_account, fee)
        for a, tip, fee in zip(accounts, tips.stakers, shared, strict=True)
    ]
    kept = None if fees is None else fees.validator
    nodes.append(Claim(facts.number, tips.validator, validator.vote_account, *own, kept))
    if with_protocol:
        fee = None if fees is None else fees.protocol
        nodes.append(Claim(facts.number, tips.protocol, PROTOCOL_CLAIMANT, *own, fee))
    return nodes


def _protocol_at(facts: EpochFacts) -> str | None:
    """The vote account whose tree's protocol claim is kept; None before there was one."""
    tipped = [(v.tips, v.vote_account) for v in facts.epoch.validators if v.tips is not None]
    return max(tipped)[1] if tipped and _has_protocol(facts) else None


def _has_protocol(facts: EpochFacts) -> bool:
    return facts.number >= PROTOCOL_FIRST_EPOCH


def _claim_status(epoch: int, vote: str, claimant: str) -> str:
    return derive_pubkey("aurora-world", "claim", epoch, vote, claimant)


class _RestError(Exception):
    def __init__(self, body: Json, status: int = 400) -> None:
        super().__init__(str(body))
        self.response = SandboxResponse(body, status)


def respond(chain: Chain, request: SandboxRequest) -> SandboxResponse:
    """Route one request; `request.path` starts after `/jito`."""
    path = request.path.removeprefix("/api/v1").strip("/")
    name, _, vote = path.partition("/")
    endpoint = _ENDPOINTS.get(name)
    try:
        if vote and name == "validators" and request.method == "GET":
            return _validator_history(chain, vote)
        if endpoint and not vote:
            return endpoint(chain, request)
    except _RestError as error:
        return error.response
    return SandboxResponse({"error": {"code": 404, "message": f"no such endpoint: {request.path}"}}, 404)


def published(chain: Chain) -> list[EpochFacts]:
    """The listed epochs that Jito has published, ascending."""
    lag = chain.settings.jito_lag_epochs
    return [facts for facts in chain.visible if facts.number + lag <= chain.current]


def _validators(chain: Chain, request: SandboxRequest) -> SandboxResponse:
    """POST with an epoch in the body; anything else gets the latest epoch, whose tips are zero."""
    epoch = _body_epoch(request)
    facts = chain.latest if epoch is None else chain.facts(epoch)
    if facts is None:
        return SandboxResponse({"validators": []})
    out = facts in published(chain) and (epoch is not None or chain.latest.number == chain.current)
    rows = [
        validator_row(v, published=out) for v in facts.epoch.validators if v.mev_commission_bps is not None
    ]
    return SandboxResponse({"validators": rows})


def _validator_history(chain: Chain, vote: str) -> SandboxResponse:
    _pubkey(vote, empty=[])
    rows = []
    for facts in reversed(published(chain)):
        validator = facts.epoch.by_vote.get(vote)
        if validator is None or validator.mev_commission_bps is None:
            continue
        row = validator_row(validator, published=True)
        shared = row["priority_fee_rewards"]
        rows.append(
            {
                "epoch": facts.number,
                "mev_commission_bps": row["mev_commission_bps"],
                "mev_rewards": row["mev_rewards"],
                "priority_fee_commission_bps": 0,
                "priority_fee_rewards": 0 if shared is None else shared,  # kobe turns null into 0 here
            }
        )
    return SandboxResponse(rows)


def _validator_rewards(chain: Chain, request: SandboxRequest) -> SandboxResponse:
    vote = request.query.get("vote_account")
    if vote is not None:
        _pubkey(vote, empty=EMPTY_PAGE)
    rows = [
        tip_row(facts, validator)
        for facts in _requested_epochs(chain, request)
        for validator in facts.epoch.validators
        if validator.tips is not None and vote in (None, validator.vote_account)
    ]
    page = _page(rows, request, itemgetter("epoch", "mev_revenue"))
    return SandboxResponse({"rewards": page, "total_count": len(rows)})


def _staker_rewards(chain: Chain, request: SandboxRequest) -> SandboxResponse:
    vote, authority = request.query.get("validator_vote_account"), request.query.get("stake_authority")
    for key in (vote, authority):
        if key is not None:
            _pubkey(key, empty=EMPTY_PAGE)
    rows = [
        claim
        for facts in _requested_epochs(chain, request)
        for claim in claims(facts, vote)
        if authority in (None, claim.staker)
    ]
    counted = None not in (vote, authority, request.query.get("epoch"))
    page = [staker_row(claim) for claim in _page(rows, request, attrgetter("epoch", "amount"))]
    return SandboxResponse({"rewards": page, "total_count": len(rows) if counted else 0})


def _mev_rewards(chain: Chain, request: SandboxRequest) -> SandboxResponse:
    epoch, known = _body_epoch(request), published(chain)
    facts = known[-1] if known and epoch is None else next((f for f in known if f.number == epoch), None)
    if facts is None:
        return SandboxResponse(EMPTY_NETWORK, 500)
    running = [v for v in facts.epoch.validators if v.mev_commission_bps is not None]
    tips = sum(v.tips for v in running if v.tips is not None)
    stake = sum(v.stake for v in running)
    return SandboxResponse(
        {
            "epoch": facts.number,
            "total_network_mev_lamports": tips,
            "jito_stake_weight_lamports": stake,
            "mev_reward_per_lamport": tips / stake if stake else 0.0,
        }
    )


_ENDPOINTS: Final[Mapping[str, Callable[[Chain, SandboxRequest], SandboxResponse]]] = {
    "validators": _validators,
    "validator_rewards": _validator_rewards,
    "staker_rewards": _staker_rewards,
    "mev_rewards": _mev_rewards,
}


def _requested_epochs(chain: Chain, request: SandboxRequest) -> list[EpochFacts]:
    """The published epochs that the query names, descending or ascending as it wants them sorted."""
    epoch = _number(request, "epoch", None)
    found = [facts for facts in published(chain) if epoch in (None, facts.number)]
    return found if request.query.get("sort_order") == "asc" else found[::-1]


def _page(rows: list[R], request: SandboxRequest, epoch_and_amount: Callable[[R], Any]) -> list[R]:
    """Rows sorted by epoch and amount, the largest first unless `sort_order` is asc; pages from 1."""
    limit, page = _number(request, "limit", DEFAULT_LIMIT), _number(request, "page", 1)
    order = request.query.get("sort_order", "desc")
    if order not in ("asc", "desc"):
        raise _RestError({"error": {"code": 400, "message": f"unknown sort_order {order!r}"}})
    assert limit is not None and page is not None, "both have defaults"  # noqa: S101
    if limit > MAX_LIMIT:
        raise _RestError({"error": f"Limit exceeds maximum allowed value of {MAX_LIMIT}"})
    if page == 0:  # the service computes (page - 1) * limit without a sign
        raise _RestError(EMPTY_PAGE, 500)
    ordered = sorted(rows, key=epoch_and_amount, reverse=order == "desc")
    return ordered[(page - 1) * limit : page * limit]


def _number(request: SandboxRequest, name: str, default: int | None) -> int | None:
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()):
        message = f"Failed to deserialize query string: {name}: invalid digit found in string"
        raise _RestError({"error": {"code": 400, "message": message}})
    return int(text)


def _body_epoch(request: SandboxRequest) -> int | None:
    """The epoch in a POST's JSON body; None for GET, whose query is ignored, and for a body without one."""
    if request.method != "POST" or not request.raw:
        return None
    epoch = request.json.get("epoch") if isinstance(request.json, dict) else "?"
    if epoch is not None and (not isinstance(epoch, int) or isinstance(epoch, bool) or epoch < 0):
        raise _RestError({"error": {"code": 400, "message": "Failed to deserialize the JSON body: epoch"}})
    return epoch


def _pubkey(text: str, *, empty: Json) -> None:
    try:
        check_pubkey(text)
    except ValueError:
        raise _RestError(empty, 500) from None


def _empty(call: Call) -> Json:
    shapes = {"validators": {"validators": []}, "mev_rewards": EMPTY_NETWORK}
    return shapes.get(call.endpoint, EMPTY_PAGE if call.endpoint.endswith("_rewards") else [])


def _missing_epoch(
    chain: Chain | None, fault: Fault, call: Call, response: SandboxResponse
) -> SandboxResponse:
    if call.endpoint not in ("validators", "mev_rewards"):
        return without_rows_of_epoch(chain, fault, call, response)
    if fault.epoch not in (None, call.epoch):
        return response
    if call.endpoint == "mev_rewards":
        return SandboxResponse(EMPTY_NETWORK, 500)
    rows = response.body.get("validators", [])
    return SandboxResponse(
        {"validators": [{**row, "mev_rewards": 0, "priority_fee_rewards": None} for row in rows]}
    )


def _missing_validator(
    chain: Chain | None, fault: Fault, call: Call, response: SandboxResponse
) -> SandboxResponse:
    if fault.validator in call.endpoint.split("/"):
        return SandboxResponse([])
    return without_rows_of_validator(chain, fault, call, response)


PROVIDER: Final = Provider(
    name="jito",
    network=NETWORK,
    prefix="/jito",
    base_path="/api/v1",
    variables="JITO",
    respond=respond,
    describe_call=lambda _chain, request: rest_call(request, "/api/v1/"),
    rows=RowFaults(
        format=LAMPORTS,
        amounts={"*": frozenset({"amount", "mev_revenue", "mev_rewards", "total_network_mev_lamports"})},
        typed=TYPED_FIELDS,
        empty=_empty,
        missing_epoch=_missing_epoch,
        missing_validator=_missing_validator,
    ),
)
