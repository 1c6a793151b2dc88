"""Recordings: a folder with `exchanges.jsonl`, replayed verbatim or appended to while a world is served.

A line is `{"request": {"method", "path", "query", "json"}, "response": {"status", "headers",
"json" | "text"}}`. A response's `json` is kept as its own bytes, so that no number changes.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.server.messages import Json

FILE_NAME: Final = "exchanges.jsonl"
_NOT_REPLAYED: Final = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})
_Key = tuple[str, str, str, str]


class RecordedRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A recorded request. `query` may be a mapping or text; `path` may be a whole URL."""

    method: str
    path: str = "/"
    query: dict[str, str | int | list[str | int]] | str | None = None
    json: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    @property
    def body(self) -> Json:
        """The JSON body, None if there was none."""
        return None if self.json is msgspec.UNSET else json.loads(bytes(self.json))


class RecordedResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """A recorded response: `json` as raw bytes, or `text`."""

    status: int = 200
    headers: dict[str, str] = {}  # msgspec copies it
    json: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    text: str | None = None


def recorded_request(method: str, path: str, query: Mapping[str, str], raw: bytes) -> RecordedRequest:
    """A request as a recording keeps it; a body that is not JSON is left out."""
    try:
        body: msgspec.Raw | msgspec.UnsetType = msgspec.Raw(json.dumps(json.loads(raw)).encode())
    except ValueError:
        body = msgspec.UNSET
    return RecordedRequest(method, path, dict(query) or None, body)


class Exchange(msgspec.Struct, frozen=True):
    """One line of a recording."""

    request: RecordedRequest
    response: RecordedResponse


class Reply(msgspec.Struct, frozen=True):
    """A response to send: bytes as recorded, and the recorded headers that still apply."""

    status: int
    headers: dict[str, str]
    body: bytes


class Recording:
    """Recorded exchanges by request. Repeated ones get the responses in order, then the last one again."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._replies: dict[_Key, list[RecordedResponse]] = {}
        self._used: dict[_Key, int] = {}
        for exchange in exchanges:
            for call, response in _single_calls(exchange):
                request = exchange.request
                key = _key(request.method, request.path, request.query, call)
                self._replies.setdefault(key, []).append(response)

    @classmethod
    def load(cls, folder: Path) -> "Recording":
        """The recording in `folder`. Raises ConfigurationError naming file and line."""
        path = folder / FILE_NAME
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            raise ConfigurationError(
                f"recording {path}: {error.strerror}; give a folder with {FILE_NAME}"
            ) from error
        exchanges = []
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                exchanges.append(msgspec.json.decode(line, type=Exchange))
            except msgspec.DecodeError as error:
                raise ConfigurationError(f"recording {path}, line {number}: {error}") from error
        return cls(exchanges)

    @property
    def size(self) -> int:
        """How many different requests have a response."""
        return len(self._replies)

    def find(
        self, method: str, path: str, query: Mapping[str, str], body: Json, *, inner_path: str | None = None
    ) -> Reply | None:
        """The recorded response to a request, None if there is none; a JSON-RPC one has the request's id.

        `inner_path` is the path without the sandbox's prefix of a provider, as the real hosts have it.
        """
        for candidate in dict.fromkeys((path, inner_path or path)):
            reply = self._find(method, candidate, query, body)
            if reply is not None:
                return reply
        return None

    def _find(self, method: str, path: str, query: Mapping[str, str], body: Json) -> Reply | None:
        if not isinstance(body, list) or not body or not all(_is_rpc(call) for call in body):
            found = self._next(_key(method, path, dict(query), body))
            return None if found is None else _reply(found, body)
        keys = [_key(method, path, dict(query), call) for call in body]
        if not all(key in self._replies for key in keys):
            return None
        replies = [
            _reply(response, call)
            for key, call in zip(keys, body, strict=True)
            if (response := self._next(key))
        ]
        broken = next((reply for reply in replies if reply.status != 200), None)  # noqa: PLR2004
        return broken or Reply(
            200, replies[0].headers, b"[" + b",".join(reply.body for reply in replies) + b"]"
        )

    def _next(self, key: _Key) -> RecordedResponse | None:
        responses = self._replies.get(key)
        if responses is None:
            return None
        at = self._used.get(key, 0)
        self._used[key] = at + 1
        return responses[min(at, len(responses) - 1)]


class Recorder:
    """Appends exchanges to the recording in `folder`, which is created."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / FILE_NAME

    def append(self, request: RecordedRequest, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Keep one exchange; the body as JSON if it is, else as text."""
        try:
            json.loads(body)
            content: dict[str, Any] = {"json": msgspec.Raw(body)}
        except ValueError:
            content = {"text": body.decode("utf-8", errors="replace")}
        response = RecordedResponse(status=status, headers=dict(headers), **content)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(Exchange(request, response)) + b"\n")


def _is_rpc(body: Json) -> bool:
    return isinstance(body, dict) and isinstance(body.get("method"), str)


def _key(method: str, path: str, query: Json, body: Json) -> _Key:
    """The key of a request: independent of JSON-RPC ids and of the order of keys and arguments."""
    parts = urlsplit(path)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if isinstance(query, str):
        pairs += parse_qsl(query.removeprefix("?"), keep_blank_values=True)
    else:
        for name, value in (query or {}).items():
            pairs += [(name, str(entry)) for entry in (value if isinstance(value, list) else [value])]
    if _is_rpc(body):
        body = {"method": body["method"], "params": body.get("params") or []}
    encoded = "" if body is None else json.dumps(body, sort_keys=True)
    return method.upper(), "/" + parts.path.strip("/"), json.dumps(sorted(pairs)), encoded


def _single_calls(exchange: Exchange) -> list[tuple[Any, RecordedResponse]]:
    """The exchange itself, or one for each call of a recorded batch, matched by id."""
    call, response = exchange.request.body, exchange.response
    if not isinstance(call, list) or not call or not all(_is_rpc(c) for c in call):
        return [(call, response)]
    try:
        responses = msgspec.json.decode(response.json or b"", type=list[dict[str, msgspec.Raw]])
    except msgspec.DecodeError:
        return [(entry, response) for entry in call]
    by_id = {bytes(row.get("id", msgspec.Raw(b"null"))): row for row in responses}
    found = []
    for entry in call:
        row = by_id.get(msgspec.json.encode(entry.get("id")))
        if row is not None:
            single = RecordedResponse(
                response.status, response.headers, msgspec.Raw(msgspec.json.encode(row))
            )
            found.append((entry, single))
    return found


def _reply(response: RecordedResponse, body: Json) -> Reply:
    headers = {k: v for k, v in response.headers.items() if k.lower() not in _NOT_REPLAYED}
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "text/plain" if response.json is msgspec.UNSET else "application/json"
    if response.json is msgspec.UNSET:
        return Reply(response.status, headers, (response.text or "").encode())
    raw = bytes(response.json)
    if _is_rpc(body):
        raw = _with_id(raw, body.get("id"))
    return Reply(response.status, headers, raw)


def _with_id(raw: bytes, identifier: Json) -> bytes:
    """A JSON-RPC response with another id and everything else as it was."""
    try:
        fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return raw
    fields["id"] = msgspec.Raw(json.dumps(identifier).encode())
    return msgspec.json.encode(fields)
