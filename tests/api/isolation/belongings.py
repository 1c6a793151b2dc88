"""What a partner has in the books, by name, and for each thing one of the same shape that nobody has."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aurora_api.schema.node import node_id, read_node_id
from tests.api.conftest import Service
from tests.integration.pipeline.installation import CHAIN

PERIOD = 803
MONTH = "2026-02"
SCOPES = "[READ_PNL, READ_COMMISSIONS, READ_AGREEMENTS, READ_PARTNERS, EXPORT]"
LINES = f'commissionLines(chainId: "{CHAIN}"'
PNL = f'validatorPnl(chainId: "{CHAIN}"'
# By the name of the thing: whose pages its cursor is from. `all` is asked without naming the partner.
PAGES = {
    "agreements all": "agreements(first: 1)",
    "agreements": 'agreements(first: 1, partnerCode: "{code}")',
    "lines all": f"{LINES}, first: 2)",
    "lines": f'{LINES}, first: 2, partnerCode: "{{code}}")',
    "lines of validator": f'{LINES}, first: 2, validatorKeys: ["{{validator}}"])',
    "wallets all": "partnerWallets(first: 1)",
    "wallets": 'partnerWallets(first: 1, partnerCode: "{code}")',
    "partners all": "partners(first: 1)",
    "statements all": "statements(first: 1)",
    "statements": 'statements(first: 1, partnerCode: "{code}")',
    "pnl all": f"{PNL}, first: 2)",
    "pnl": f'{PNL}, first: 2, validatorKeys: ["{{validator}}"])',
    "validators all": f'validators(chainId: "{CHAIN}", first: 1)',
}
OWN = f"""{{
    agreements {{ edges {{ node {{ id agreementId name }} }} }}
    {LINES}) {{ edges {{ node {{ id lineId amount {{ amount }} }} }} }}
    partner(partnerCode: "CODE") {{ id name }}
    partnerWallets {{ edges {{ node {{ id wallet notes }} }} }}
    statements {{ edges {{ node {{ id billingMonth sha256 total {{ amount }} document {{
        lines(first: 1) {{ edges {{ cursor }} }} corrections(first: 1) {{ edges {{ cursor }} }} }} }} }} }}
    periodStatement(partnerCode: "CODE", chainId: "{CHAIN}", periodId: {PERIOD}) {{
        id total {{ amount }} lines(first: 1) {{ edges {{ cursor }} }} }}
    validators(chainId: "{CHAIN}") {{ edges {{ node {{ id name validatorKey }} }} }}
    {PNL}) {{ edges {{ node {{ id totalRevenue {{ amount }} }} }} }}
}}"""
# What the operator keeps about it.
AUDITED = '{ auditLog(filter: {actor: "USER"}, first: 1) { edges { node { id } } } }'
RECOMPUTE = f"""mutation {{ startRecompute(input: {{chainId: "{CHAIN}", fromPeriod: 805, toPeriod: 805,
    reason: "asked by USER", idempotencyKey: "USER"}}) {{ ... on Recompute {{ id }} }} }}"""


@dataclass(frozen=True)
class Belongings:
    """One partner's things: `things` by name, and `marks`, texts that stand for it in any answer."""

    user: str
    things: Mapping[str, str]
    marks: frozenset[str]
    api_token: str

    def missing(self, name: str) -> str:
        """What is shaped like this thing, and is nobody's."""
        thing = self.things[name]
        if name.startswith("cursor of "):
            return _missing_cursor(thing, same_query=name.endswith(" all"))
        key = read_node_id(thing)
        if key is None:
            return _missing(thing)
        if key.type_name == "AuditEntry":
            return node_id(key.type_name, *(int(part) + 10**6 for part in key.parts))
        return node_id(key.type_name, *(self._part(part) for part in key.parts))

    def _part(self, part: str) -> str:
        """A part of a key; the chain, the period and the month are everybody's."""
        mine = part in self.marks or part in {"north", "south"} or _is_uuid(part)
        return _missing(part) if mine else part


@dataclass(frozen=True)
class Books:
    """The service, and whose is what."""

    service: Service
    owned: Mapping[str, Belongings]

    def other(self, user: str) -> Belongings:
        """The other partner's things."""
        (other,) = [each for name, each in self.owned.items() if name != user]
        return other


def revealed(text: str) -> str:
    """The text together with what its ids and cursors say once they are decoded."""
    return "\n".join([text, *_decoded(text)])


def _decoded(text: str) -> Iterator[str]:
    for word in re.findall(r'"([A-Za-z0-9_-]{8,}=*)"', text):
        try:
            yield base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode()
        except ValueError:
            continue


def _is_uuid(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is not None


def _missing(thing: str) -> str:
    """The same kind of text with its letters changed."""
    if _is_uuid(thing):
        return str(UUID(int=UUID(thing).int ^ 1))
    turned = thing[::-1]
    return turned if turned != thing else f"{thing}x"


def _missing_cursor(cursor: str, *, same_query: bool) -> str:
    """The cursor right after this one where no row is, or of a query that nobody asked."""
    tag, *key = json.loads(base64.urlsafe_b64decode(cursor))
    if not same_query:
        return _cursor([tag[::-1], *key])
    last = key[-1]
    return _cursor([tag, *key[:-1], str(UUID(int=UUID(last).int ^ 1)) if _is_uuid(last) else f"{last}~"])


def _cursor(parts: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode()


def belongings(service: Service, user: str, code: str, validator: str) -> Belongings:
    """All that the partner has, as the partner itself is told of it."""
    own = service.as_user(user)
    told = own.ask(OWN.replace("CODE", code))
    nodes = {name: [e["node"] for e in page["edges"]] for name, page in told.items() if "edges" in page}
    (statement,) = [each for each in nodes["statements"] if each["billingMonth"] == MONTH]
    (agreement,) = nodes["agreements"]
    (granted,) = nodes["validators"]
    assert granted["validatorKey"] == validator
    place = {"code": code, "validator": validator}
    cursors = {
        f"cursor of {name}": own.ask(f"{{ page: {page.format_map(place)} {{ edges {{ cursor }} }} }}")["page"]
        for name, page in PAGES.items()
    }
    nested = {
        "cursor of statement's lines": statement["document"]["lines"],
        "cursor of statement's corrections": statement["document"]["corrections"],
        "cursor of period's lines": told["periodStatement"]["lines"],
    }
    made = own.ask(
        f"""mutation {{ a: createApiToken(input: {{name: "robot of {user}", scopes: {SCOPES}}}) {{
        ... on NewApiToken {{ token apiToken {{ id }} }} }} }}"""
    )["a"]
    line = nodes["commissionLines"][0]
    (audited,) = service.ask(AUDITED.replace("USER", user))["auditLog"]["edges"]
    recompute = service.ask(RECOMPUTE.replace("USER", user))["startRecompute"]
    things = {
        **place,
        "name": told["partner"]["name"],
        "agreement": agreement["agreementId"],
        "wallet": nodes["partnerWallets"][0]["wallet"],
        "username": user,
        "API token": made["apiToken"]["id"],
        "API token's name": f"robot of {user}",
        "Agreement": agreement["id"],
        "CommissionLine": line["id"],
        "Partner": told["partner"]["id"],
        "PartnerWallet": nodes["partnerWallets"][0]["id"],
        "PeriodStatement": told["periodStatement"]["id"],
        "Statement": statement["id"],
        "Validator": granted["id"],
        "ValidatorPnl": nodes["validatorPnl"][0]["id"],
        "AuditEntry": audited["node"]["id"],
        "Recompute": recompute["id"],
        "User": node_id("User", user),
        "CanonicalFacts": node_id("CanonicalFacts", CHAIN, PERIOD, validator),
        **{name: page["edges"][0]["cursor"] for name, page in (cursors | nested).items()},
    }
    marks = {
        *(things[each] for each in ("code", "validator", "name", "agreement", "wallet")),
        agreement["name"],
        granted["name"],
        f"note of {code}",
        *(each["lineId"] for each in nodes["commissionLines"]),
        *(each["wallet"] for each in nodes["partnerWallets"]),
        *(each["sha256"] for each in nodes["statements"]),
        *(each["total"]["amount"] for each in (*nodes["statements"], told["periodStatement"])),
        *(each["totalRevenue"]["amount"] for each in nodes["validatorPnl"]),
        made["apiToken"]["id"],
    }
    return Belongings(user, things, frozenset(marks), made["token"])
