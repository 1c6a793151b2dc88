"""The audit log over HTTP: all that was done or refused, narrowed and paged, for those who may read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from aurora_api.schema.node import node_id

if TYPE_CHECKING:
    from tests.api.money.conftest import Bureau

LOG = """query($filter: AuditFilter, $first: Int!, $after: String) { auditLog(filter: $filter, first: $first,
    after: $after) { edges { node { id sequence actor action outcome correlationId hash } }
    pageInfo { hasNextPage endCursor } } }"""


def _read(bureau: Bureau, **variables: object) -> list[dict[str, Any]]:
    page = bureau.as_user("auditor").ask(LOG, **({"first": 100} | variables))["auditLog"]
    return [edge["node"] for edge in page["edges"]]


def _busy(bureau: Bureau) -> None:
    line_id, computed = bureau.office.line("half-the-commission", 801)
    for amount in (computed + 1, computed + 2, -1):
        bureau.do(
            "finance", "overrideCommissionLine", lineId=str(line_id), amount=str(amount), reason="agreed"
        )
    bureau.do("admin", "withdrawLineOverride", lineId=str(UUID(int=1)), reason="void")


def test_it_is_narrowed_and_paged_newest_first(bureau: Bureau) -> None:
    _busy(bureau)
    entries = _read(bureau)
    assert [entry["sequence"] for entry in entries] == [4, 3, 2, 1]
    assert [entry["outcome"] for entry in entries] == ["REFUSED", "REFUSED", "DONE", "DONE"]
    assert len({entry["hash"] for entry in entries}) == 4
    narrowed: dict[str, dict[str, object]] = {
        "by actor": {"actor": "finance"},
        "by kind": {"action": "override"},
        "by action": {"action": "override.withdraw"},
        "by outcome": {"outcomes": ["DONE"]},
        "by request": {"correlationId": entries[2]["correlationId"]},
        "by time": {"until": "2020-01-01T00:00:00Z"},
        "by start": {"since": "2020-01-01T00:00:00+02:00"},
        "by object": {"objectType": "CommissionLine"},
        "part of a word": {"action": "over"},
    }
    found = {
        how: [entry["sequence"] for entry in _read(bureau, filter=what)] for how, what in narrowed.items()
    }
    assert found == {
        "by actor": [3, 2, 1],
        "by kind": [4, 3, 2, 1],
        "by action": [4],
        "by outcome": [2, 1],
        "by request": [2],
        "by time": [],
        "by start": [4, 3, 2, 1],
        "by object": [2, 1],
        "part of a word": [],
    }
    first = bureau.as_user("ops").ask(LOG, first=3)["auditLog"]
    assert first["pageInfo"]["hasNextPage"]
    rest = bureau.as_user("ops").ask(LOG, first=3, after=first["pageInfo"]["endCursor"])["auditLog"]
    assert [edge["node"]["sequence"] for edge in rest["edges"]] == [1]


def test_partners_never_read_it(bureau: Bureau) -> None:
    _busy(bureau)
    assert bureau.as_user("north").code(LOG, first=1) == "FORBIDDEN"
    node = "query($id: ID!) { node(id: $id) { id } }"
    assert bureau.as_user("north").ask(node, id=node_id("AuditEntry", 1))["node"] is None
    assert bureau.as_user("finance").ask(node, id=node_id("AuditEntry", 1))["node"] is not None


def test_a_moment_needs_its_zone(bureau: Bureau) -> None:
    query = '{ auditLog(filter: { since: "2026-01-01T00:00:00" }) { edges { cursor } } }'
    assert bureau.as_user("admin").code(query) == "INVALID_ARGUMENT"
