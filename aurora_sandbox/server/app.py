"""The sandbox as an ASGI application: one request in, faults applied, one response out.

A request goes to the provider whose prefix its path has, or to `/_sandbox/...`, which steers the sandbox
(`control.py`). Responses come from a network's chain or from a recording.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope, Send

from aurora_sandbox.server.control import PREFIX as CONTROL_PREFIX
from aurora_sandbox.server.control import control
from aurora_sandbox.server.faults import Fault
from aurora_sandbox.server.json_rpc import refuse_request
from aurora_sandbox.server.messages import Json, SandboxRequest, SandboxResponse
from aurora_sandbox.server.provider import Provider, unknown_provider
from aurora_sandbox.server.recording import Recording, recorded_request
from aurora_sandbox.server.row_faults import Call, whole_response
from aurora_sandbox.server.state import SandboxState

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
        request = SandboxRequest(scope["method"], scope["path"], query, _parse(raw), headers, raw)
        if request.path.startswith(CONTROL_PREFIX):
            await _send_bytes(send, *_encode(control(self.state, request)), cut_off=False)
            return
        await self._serve(request, send)

    async def _serve(self, request: SandboxRequest, send: Send) -> None:
        provider, inner = self._route(request)
        exchange = _Exchange(self.state, provider, inner)
        faults = exchange.take_faults(exchange.calls, per_call=False)
        for fault in faults:
            if fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
        response = next(
            (r for f in faults if (r := whole_response(f, provider.rows, exchange.calls[0]))), None
        )
        if response is None:
            recording = self.state.recording
            response = exchange.respond() if recording is None else exchange.replay(recording, request)
        kinds = {fault.kind for fault in faults}
        status, headers, payload = _encode(response)
        if "malformed_json" in kinds:
            payload = payload[: max(len(payload) // _CUT_SHORT, 1)]
        self.state.log(request, provider.name, status, sorted(kinds))
        if self.state.recorder is not None:
            recorded = recorded_request(request.method, request.path, request.query, request.raw)
            self.state.recorder.append(recorded, status, headers, payload)
        await _send_bytes(send, status, headers, payload, cut_off="cut_off" in kinds)

    def _route(self, request: SandboxRequest) -> tuple[Provider[Any], SandboxRequest]:
        """The provider whose prefix the path has, and the request with what follows the prefix."""
        for provider in self.state.providers:
            inner = provider.inner_path(request.path)
            if inner is not None:
                return provider, replace(request, path=inner)
        provider = unknown_provider(request.path, self.state.providers)
        return provider, replace(request, path=provider.inner_path(request.path) or "/")


class _Exchange:
    """One request to a provider, as the calls in it: one, or those of a JSON-RPC batch."""

    def __init__(self, state: SandboxState, provider: Provider[Any], request: SandboxRequest) -> None:
        self._state = state
        self._provider = provider
        self._chain = state.chain(provider)
        self._request = request
        self._is_batch = provider.json_rpc and isinstance(request.json, list)
        bodies = request.json if self._is_batch and request.json else [request.json]
        self._parts = [replace(request, json=body) for body in bodies]
        self.calls = [provider.describe_call(self._chain, part) for part in self._parts]

    def take_faults(self, calls: list[Call], *, per_call: bool) -> list[Fault]:
        """The faults in force that hit these calls."""
        return self._state.faults.take(
            self._provider.name,
            [(call.endpoint, call.epoch) for call in calls],
            per_call=per_call,
            epochs_in_rows=not self._provider.json_rpc,
        )

    def respond(self) -> SandboxResponse:
        """The response from the network's chain."""
        if self._provider.json_rpc:
            refusal = refuse_request(self._request, self._state.max_batch)
            if refusal is not None:
                return refusal
        responses = [
            self._with_faults(call, self._provider.respond(self._chain, part))
            for call, part in zip(self.calls, self._parts, strict=True)
        ]
        return SandboxResponse([response.body for response in responses]) if self._is_batch else responses[0]

    def replay(self, recording: Recording, request: SandboxRequest) -> SandboxResponse:
        """The recorded response to `request`, with the faults in its rows."""
        reply = recording.find(
            request.method, request.path, request.query, request.json, inner_path=self._request.path
        )
        if reply is None:
            asked = {"method": request.method, "path": request.path, "query": dict(request.query)}
            asked["json"] = request.json
            return SandboxResponse(
                {"error": "the recording has no exchange for this request", "asked": asked}, 404
            )
        if not self._state.faults.concerns_rows():
            return SandboxResponse(msgspec.Raw(reply.body), reply.status, reply.headers)
        body = _parse(reply.body)
        if not self._is_batch or not isinstance(body, list):
            return self._with_faults(self.calls[0], SandboxResponse(body, reply.status, reply.headers))
        rows = [
            self._with_faults(call, SandboxResponse(row)).body
            for call, row in zip(self.calls, body, strict=True)
        ]
        return SandboxResponse(rows, reply.status, reply.headers)

    def _with_faults(self, call: Call, response: SandboxResponse) -> SandboxResponse:
        for fault in self.take_faults([call], per_call=True):
            response = self._provider.rows.apply(self._chain, fault, call, response)
        return response


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":  # the client disconnected
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


def _encode(response: SandboxResponse) -> tuple[int, dict[str, str], bytes]:
    if isinstance(response.body, str):
        return response.status, {"Content-Type": "text/plain", **response.headers}, response.body.encode()
    kind = (
        {}
        if any(name.lower() == "content-type" for name in response.headers)
        else {"Content-Type": "application/json"}
    )
    if isinstance(response.body, msgspec.Raw):  # recorded bytes, which need not be JSON
        return response.status, {**kind, **response.headers}, bytes(response.body)
    return response.status, {**kind, **response.headers}, msgspec.json.encode(response.body)


async def _send_bytes(
    send: Send, status: int, headers: Mapping[str, str], payload: bytes, *, cut_off: bool
) -> None:
    """Send a response; with `cut_off`, send half of it and close the connection."""
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
