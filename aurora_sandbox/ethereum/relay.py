"""The data API of MEV relays: delivered payloads in pages, bids, registrations; wei as decimal texts.

One relay uses the first version's shape, without `num_tx` and `block_number`, and smaller pages.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from aurora_sandbox.ethereum.chain import EthereumChain, RestError
from aurora_sandbox.ethereum.keys import pubkey, signature
from aurora_sandbox.ethereum.ledger import Account
from aurora_sandbox.ethereum.network import (
    NETWORK,
    QUOTED,
    TYPED_FIELDS,
    slot_epoch,
    without_rows_of_validator,
)
from aurora_sandbox.ethereum.payloads import GAS_LIMIT, Claim
from aurora_sandbox.ethereum.spec import GENESIS_TIME, RELAYS, SECONDS_PER_SLOT, SLOTS_PER_EPOCH
from aurora_sandbox.server.faults import Fault
from aurora_sandbox.server.messages import SandboxRequest, SandboxResponse
from aurora_sandbox.server.provider import Provider
from aurora_sandbox.server.row_faults import Call, RowFaults, filter_rows

PREFIX: Final = "/relay/v1/data/"
FIRST_VERSION: Final = RELAYS[2]
_MOST_DELIVERED: Final[Mapping[str, int]] = {RELAYS[0]: 200, RELAYS[1]: 200, RELAYS[2]: 100}
_MOST_BIDS: Final = 500
_BIDS: Final = 3
_HASH: Final = re.compile(r"0x[0-9a-fA-F]{64}")
_PUBKEY: Final = re.compile(r"0x[0-9a-fA-F]{96}")
_SECOND_VERSION: Final = frozenset({"num_tx", "block_number"})


def respond(relay: str, chain: EthereumChain, request: SandboxRequest) -> SandboxResponse:
    """Route one request; `request.path` starts after the relay's name."""
    endpoint = request.path.removeprefix(PREFIX).strip("/")
    handlers = {
        "bidtraces/proposer_payload_delivered": _delivered,
        "bidtraces/builder_blocks_received": _received,
        "validator_registration": _registration,
    }
    handler = handlers.get(endpoint)
    if handler is None or not request.path.startswith(PREFIX):
        return SandboxResponse("404 page not found\n", 404)
    if request.method != "GET":
        return SandboxResponse("", 405)
    try:
        return SandboxResponse(handler(chain, relay, request.query))
    except RestError as error:
        return error.response


def _delivered(chain: EthereumChain, relay: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows with slots at most the cursor, latest first; the cursor's own slot included."""
    if query.get("slot") and query.get("cursor"):
        raise RestError(400, "cannot specify both slot and cursor")
    slot, cursor = _number(query, "slot"), _number(query, "cursor")
    selected = [
        row
        for row in _visible(chain, relay, query)
        if (slot is None or row.slot == slot) and (cursor is None or row.slot <= cursor)
    ]
    order = query.get("order_by")
    if order == "value":
        selected.sort(key=lambda row: row.value)
    elif order == "-value":
        selected.sort(key=lambda row: -row.value)
    return [_row(relay, row) for row in selected[: _limit(query, _MOST_DELIVERED[relay])]]


def _received(chain: EthereumChain, relay: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
    """Bids: every delivered block with a few lower ones that lost. Never income."""
    if query.get("cursor"):
        raise RestError(400, "cursor argument not supported")
    if not any(query.get(name) for name in ("slot", "block_hash", "block_number", "builder_pubkey")):
        raise RestError(
            400, "need to query for specific slot or block_hash or block_number or builder_pubkey"
        )
    slot, limit = _number(query, "slot"), _limit(query, _MOST_BIDS)
    rows = [row for row in _visible(chain, relay, query) if slot is None or row.slot == slot]
    bids = []
    for row in rows:
        at = GENESIS_TIME + SECONDS_PER_SLOT * row.slot
        for place in range(_BIDS):
            timing = {"timestamp": str(at + place), "timestamp_ms": str((at + place) * 1000 + 170)}
            lower = {"value": str(row.value * (_BIDS - place) // _BIDS), "optimistic_submission": True}
            builder = pubkey("bidder", place) if place else row.builder_pubkey
            bids.append({**_row(RELAYS[0], row), **lower, **timing, "builder_pubkey": builder})
    return bids[:limit]


def _registration(chain: EthereumChain, _relay: str, query: Mapping[str, str]) -> dict[str, Any]:
    """The fee recipient that a tracked validator registered; an unknown validator is a 400."""
    key = query.get("pubkey", "")
    if not key:
        raise RestError(400, "missing pubkey argument")
    found = chain.validator(key)
    if not isinstance(found, Account):
        raise RestError(400, f"no registration found for validator {key}")
    message = {
        "fee_recipient": found.member.fee_recipient,
        "gas_limit": str(GAS_LIMIT),
        "timestamp": str(GENESIS_TIME + SECONDS_PER_SLOT * chain.world.covered.start),
        "pubkey": found.member.pubkey,
    }
    return {"message": message, "signature": signature("registration", found.member.pubkey)}


def _visible(chain: EthereumChain, relay: str, query: Mapping[str, str]) -> list[Claim]:
    """The rows up to the head that pass the filters for hash, number and keys."""
    block_hash = _pattern(query, "block_hash", _HASH)
    block_number = _number(query, "block_number")
    proposer = _pattern(query, "proposer_pubkey", _PUBKEY)
    builder = _pattern(query, "builder_pubkey", _PUBKEY)
    return [
        row
        for row in chain.world.claims[relay]
        if row.slot <= chain.head_slot
        and block_hash in (None, row.block_hash)
        and block_number in (None, row.block_number)
        and proposer in (None, row.proposer_pubkey)
        and builder in (None, row.builder_pubkey)
    ]


def _row(relay: str, claim: Claim) -> dict[str, str]:
    hidden = _SECOND_VERSION if relay == FIRST_VERSION else frozenset()
    return {name: str(value) for name, value in asdict(claim).items() if name not in hidden}


def _number(query: Mapping[str, str], name: str) -> int | None:
    """A filter; 0 does not filter, as in the reference implementation."""
    text = query.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise RestError(400, f"invalid {name} argument")
    return int(text) or None


def _pattern(query: Mapping[str, str], name: str, shape: re.Pattern[str]) -> str | None:
    text = query.get(name)
    if not text:
        return None
    if not shape.fullmatch(text):
        raise RestError(400, f"invalid {name} argument")
    return text.lower()


def _limit(query: Mapping[str, str], most: int) -> int:
    limit = _number(query, "limit")
    if limit is None:
        return most
    if limit > most:
        raise RestError(400, f"maximum limit is {most}")
    return limit


def describe_call(relay: str, chain: EthereumChain | None, request: SandboxRequest) -> Call:
    """A call with the epoch of the slot or block it names; a block's is not known over a recording."""
    slot, block_hash = request.query.get("slot", ""), request.query.get("block_hash", "").lower()
    epoch = int(slot) // SLOTS_PER_EPOCH if slot.isascii() and slot.isdigit() else None
    if epoch is None and chain is not None and block_hash:
        slots = [row.slot for row in chain.world.claims[relay] if row.block_hash == block_hash]
        epoch = slots[0] // SLOTS_PER_EPOCH if slots else None
    return Call(request.path.removeprefix(PREFIX).strip("/"), epoch, request.json)


def _no_endpoint(
    _chain: EthereumChain | None, _fault: Fault, _call: Call, _response: SandboxResponse
) -> SandboxResponse:
    return SandboxResponse({"code": 404, "message": "NOT_FOUND", "stacktraces": []}, 404)


def _missing_epoch(
    _chain: EthereumChain | None, fault: Fault, call: Call, response: SandboxResponse
) -> SandboxResponse:
    return filter_rows(response, lambda row: fault.epoch not in (None, slot_epoch(row, call)))


def _describe(relay: str) -> Provider[EthereumChain]:
    return Provider(
        name=relay,
        network=NETWORK,
        prefix="/relays/" + relay.removeprefix("relay-"),
        variables=relay.upper().replace("-", "_"),
        respond=partial(respond, relay),
        describe_call=partial(describe_call, relay),
        rows=RowFaults(
            format=QUOTED,
            amounts={"*": frozenset({"value"})},
            typed=TYPED_FIELDS,
            no_endpoint=_no_endpoint,
            missing_epoch=_missing_epoch,
            missing_validator=without_rows_of_validator,
        ),
    )


PROVIDERS: Final = tuple(_describe(relay) for relay in RELAYS)
