"""Random bad requests, by the thousand: none is answered as a fault of ours, none is told of the insides.

`AURORA_BAD_REQUESTS=10000` tries more than the suite does by itself, `AURORA_BAD_REQUESTS_SEED` other ones.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aurora_api.service.schema import schema

if TYPE_CHECKING:
    from tests.api.conftest import Service

NUMBER = int(os.environ.get("AURORA_BAD_REQUESTS", "1000"))
SEED = int(os.environ.get("AURORA_BAD_REQUESTS_SEED", "1"))
INSIDES = re.compile(
    r'Traceback|psycopg|File "|\.py\b|site-packages|object at 0x|sqlstate|pg_|graphql\.error'
    r"|\b(registry|staging|canonical|computation|access)\.[a-z_]+|row-level|violates|syntax error at or near"
    r"|permission denied|DETAIL:|KeyError|TypeError|ValueError|AttributeError|UnicodeEncodeError",
    re.IGNORECASE,
)
# Each costs a password's hash, made to take long.
SLOW = frozenset({"login", "createUser", "changePassword", "setPassword"})


def _maker() -> Any:
    """The neighbouring module: test folders are no packages."""
    spec = importlib.util.spec_from_file_location("bad_requests", Path(__file__).with_name("bad_requests.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.BadRequests


@pytest.mark.parametrize("asked_by", ["admin", "north", None])
def test_bad_requests_are_no_fault_and_tell_nothing(own_service: Service, asked_by: str | None) -> None:
    share = {"admin": 0.7, "north": 0.2, None: 0.1}[asked_by]
    asking = own_service.as_user(asked_by) if asked_by else own_service.with_token(None)
    host = own_service.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=60)
    statuses: dict[int, int] = {}
    for body, headers in _maker()(schema._schema, SEED, SLOW)(int(NUMBER * share)):
        sent = ({"Authorization": f"Bearer {asking.token}"} if asking.token else {}) | headers
        connection.request("POST", "/graphql", body, sent)
        answer = connection.getresponse()
        content = answer.read()
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        told = json.loads(content)
        assert answer.status < 500, (body, content)
        for error in told.get("errors", ()):
            assert error["extensions"]["code"] != "INTERNAL", (body, error)
            # What the caller wrote may be repeated to them.
            assert not INSIDES.search(error["message"]) or INSIDES.search(body.decode("latin-1")), (
                body,
                error,
            )
    connection.close()
    assert statuses.keys() >= {400, 401} if asked_by is None else statuses.keys() >= {200, 400}, statuses
