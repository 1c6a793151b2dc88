"""The sandbox as an ASGI application: one request in, faults applied, one response out.

Paths: `/rpc`, `/jito/api/v1/...`, `/solanabeach/v2/...`, `/stakewiz/...`, those of Ethereum
(`ethereum/serving.py`), and `/_sandbox/...` to steer it (`control.py`). The answers come from a world's chain
or from a recording.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope, Send

from aurora_sandbox.ethereum import execution, fault_rows, serving
from aurora_sandbox.ethereum.chain import EthereumChain
from aurora_sandbox.server import control
from aurora_sandbox.server.answers import Answer, Json, Question
from aurora_sandbox.server.fault_effects import Call, rows_of_call, whole_response
from aurora_sandbox.server.faults import JSON_RPC
from aurora_sandbox.server.recording import recorded_request
from aurora_sandbox.server.state import SandboxState
from aurora_sandbox.solana import jito, rpc, solanabeach, stakewiz
from aurora_sandbox.solana.rpc_calls import RpcError

_REST: Final = {"jito": jito.answer, "solanabeach": solanabeach.answer, "stakewiz": stakewiz.answer}
_VERSIONS: Final = {"jito": "/api/v1/", "solanabeach": "/v2/"}
_BY_SLOT: Final = frozenset({"getBlock", "getLeaderSchedule", "getBlockTime"})
_CUT_SHORT: Final = 2


class SandboxApp:
    """ASGI application over a `SandboxState`; safe for one event loop."""

    def __init__(self, state: SandboxState) -> None:
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http":
            raise RuntimeError(f"the sandbox speaks HTTP, not {scope['type']}")
        raw = await _read(receive)
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        question = Question(scope["method"], scope["path"], query, _parse(raw), headers, raw)
        if question.path.startswith("/_sandbox"):
            await _send_bytes(send, *_encode(control.answer(self.state, question)), cut_off=False)
            return
        await self._serve(question, send)

    async def _serve(self, question: Question, send: Send) -> None:
        provider, rest = serving.split_path(question.path) or _first_part(question.path)
        inner = replace(question, path=rest)
        calls = self._calls(provider, inner)
        faults = self.state.faults.take(provider, [(c.endpoint, c.epoch) for c in calls], per_call=False)
        for fault in faults:
            if fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
        answer = next((a for fault in faults if (a := whole_response(fault, calls[0]))), None)
        if answer is None:
            answer = self._answer(question, inner, calls)
        kinds = {fault.kind for fault in faults}
        status, headers, payload = _encode(answer)
        if "malformed_json" in kinds:
            payload = payload[: max(len(payload) // _CUT_SHORT, 1)]
        self.state.log(question, provider, status, sorted(kinds))
        if self.state.recorder is not None:
            asked = recorded_request(question.method, question.path, question.query, question.raw)
            self.state.recorder.append(asked, status, headers, payload)
        await _send_bytes(send, status, headers, payload, cut_off="cut_off" in kinds)

    def _answer(self, question: Question, inner: Question, calls: list[Call]) -> Answer:
        provider = calls[0].provider
        if self.state.recording is not None:
            return self._replay(question, calls)
        if provider in JSON_RPC:
            return self._rpc(inner, calls)
        if provider in serving.PROVIDERS:
            answer = serving.rest_answer(self.state.ethereum, provider, inner)
            return self._with_faults(calls[0], answer)
        handler = _REST.get(provider)
        if handler is None:
            paths = (f"/{name}" for name in ("rpc", *_REST))
            known = ", ".join([*paths, *serving.ETHEREUM_PATHS.values()])
            return Answer({"error": f"no provider at {question.path}; there are {known}"}, 404)
        return self._with_faults(calls[0], handler(self.state.chain, inner))

    def _rpc(self, inner: Question, calls: list[Call]) -> Answer:
        if inner.method != "POST":
            return Answer("Used HTTP Method is not allowed. POST or OPTIONS is required\n", 405)
        if inner.json is None:
            return Answer(rpc.failure(None, RpcError(-32700, "Parse error")))
        is_batch, limit = isinstance(inner.json, list), self.state.settings.max_batch
        if is_batch and not inner.json:
            return Answer(rpc.failure(None, RpcError(-32600, "Invalid request")))
        if is_batch and limit is not None and len(calls) > limit:
            refusal = RpcError(-32600, f"Batch size {len(calls)} is over the limit of {limit}")
            return Answer(rpc.failure(None, refusal), 413)
        bodies = [self._with_faults(call, Answer(self._rpc_answer(call))).body for call in calls]
        return Answer(bodies if is_batch else bodies[0])

    def _rpc_answer(self, call: Call) -> Json:
        if call.provider == serving.EXECUTION:
            return execution.answer(self.state.ethereum, call.body)
        return rpc.answer(self.state.chain, call.body)

    def _with_faults(self, call: Call, answer: Answer) -> Answer:
        for fault in self.state.faults.take(call.provider, [(call.endpoint, call.epoch)], per_call=True):
            if call.provider in serving.PROVIDERS:
                answer = fault_rows.rows_of_call(self._ethereum, fault, call, answer)
            else:
                answer = rows_of_call(fault, call, answer)
        return answer

    def _replay(self, question: Question, calls: list[Call]) -> Answer:
        assert self.state.recording is not None, "replaying"  # noqa: S101
        reply = self.state.recording.find(question.method, question.path, question.query, question.json)
        if reply is None:
            asked = {"method": question.method, "path": question.path, "query": dict(question.query)}
            asked["json"] = question.json
            return Answer({"error": "the recording has no exchange for this request", "asked": asked}, 404)
        if not self.state.faults.concerns_rows():
            return Answer(msgspec.Raw(reply.body), reply.status, reply.headers)
        body = _parse(reply.body)
        if not isinstance(question.json, list):
            return self._with_faults(calls[0], Answer(body, reply.status, reply.headers))
        rows = [self._with_faults(call, Answer(row)).body for call, row in zip(calls, body, strict=True)]
        return Answer(rows, reply.status, reply.headers)

    def _calls(self, provider: str, inner: Question) -> list[Call]:
        """The calls of a request: one, or several in a JSON-RPC batch."""
        size = self.state.slots_per_epoch
        if provider in JSON_RPC:
            bodies = inner.json if isinstance(inner.json, list) and inner.json else [inner.json]
            return [self._rpc_call(provider, body) for body in bodies]
        if provider in serving.PROVIDERS:
            return [serving.rest_call(self._ethereum, provider, inner)]
        endpoint = inner.path.removeprefix(_VERSIONS.get(provider, "/")).strip("/")
        epoch = inner.json.get("epoch") if isinstance(inner.json, dict) else inner.query.get("epoch")
        number = int(epoch) if isinstance(epoch, int | str) and str(epoch).isdigit() else None
        return [Call(provider, endpoint, number, inner.json, size)]

    @property
    def _ethereum(self) -> EthereumChain | None:
        """The chain that says what epoch a block is of; a recording has none."""
        return None if self.state.recording is not None else self.state.ethereum

    def _rpc_call(self, provider: str, body: Json) -> Call:
        """A call with the epoch it asks about: named, or that of the slot in its parameters."""
        if provider == serving.EXECUTION:
            return serving.rpc_call(self._ethereum, body)
        size = self.state.slots_per_epoch
        method, epoch = _method_and_epoch(body, size)
        if method == "getInflationReward" and epoch is None and self.state.recording is None:
            epoch = self.state.chain.current - 1
        return Call("rpc", method, epoch, body, size)


def _first_part(path: str) -> tuple[str, str]:
    provider, _, rest = path.lstrip("/").partition("/")
    return provider, "/" + rest


def _method_and_epoch(body: Json, size: int) -> tuple[str, int | None]:
    method = body.get("method") if isinstance(body, dict) else None
    params = body.get("params") if isinstance(body, dict) else None
    epoch: int | None = None
    for value in params if isinstance(params, list) else []:
        if isinstance(value, int) and method in _BY_SLOT:
            epoch = value // size
        elif isinstance(value, dict) and isinstance(value.get("epoch"), int):
            epoch = value["epoch"]
    return method if isinstance(method, str) else "", epoch


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":  # the client went away
            return b"".join(parts)
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _parse(body: bytes) -> Json:
    """The JSON body with exact integers; None if there is none or it is not JSON."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None


def _encode(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    if isinstance(answer.body, str):
        return answer.status, {"Content-Type": "text/plain", **answer.headers}, answer.body.encode()
    kind = (
        {}
        if any(name.lower() == "content-type" for name in answer.headers)
        else {"Content-Type": "application/json"}
    )
    if isinstance(answer.body, msgspec.Raw):  # recorded bytes, which need not be JSON
        return answer.status, {**kind, **answer.headers}, bytes(answer.body)
    return answer.status, {**kind, **answer.headers}, msgspec.json.encode(answer.body)


async def _send_bytes(
    send: Send, status: int, headers: Mapping[str, str], payload: bytes, *, cut_off: bool
) -> None:
    """Send a response; cut off, half of it arrives and the connection is closed without the rest."""
    sent = {**headers, "Content-Length": str(len(payload))}
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    if cut_off:
        # Returning without the last part makes the server close the connection.
        await send(
            {"type": "http.response.body", "body": payload[: len(payload) // _CUT_SHORT], "more_body": True}
        )
        return
    await send({"type": "http.response.body", "body": payload})
