"""The service over books of six real epochs of the sandbox, with a user of each role and two partners."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Service, run_service
from tests.integration.statements.office import Office, office_of
from tests.made_once import MadeOnce

# A second person confirms an override that moves a line by more than this many lamports.
SECOND_PERSON_ABOVE = 1000
# The users that tests/api/conftest.py makes tokens for; `north` is northwind's, `south` harbor's.
USERS = """
insert into access.users (user_id, username, display_name, role, partner_id, validator_keys, expires_at)
overriding system value
select user_id, username, initcap(username), role, partner_id, keys::text[],
    case when role = 'AUDITOR' then now() + interval '1 day' end
from (
    values (1, 'admin', 'ADMIN', null, null), (2, 'finance', 'FINANCE', null, null),
        (3, 'ops', 'OPS', null, null), (4, 'auditor', 'AUDITOR', null, null),
        (5, 'north', 'PARTNER', 'northwind', null), (6, 'south', 'PARTNER', 'harbor', null)
) as person (user_id, username, role, code, keys)
left join registry.partners using (code);
insert into access.refresh_tokens (token_digest, family_id, user_id, expires_at)
select sha256(username::bytea), md5(username)::uuid, user_id, now() + interval '1 day' from access.users;
"""


@dataclass
class Bureau:
    """The books, and the service over them as each user asks it."""

    office: Office
    service: Service

    def as_user(self, username: str) -> Service:
        return self.service.as_user(username)

    def do(self, username: str, mutation: str, **given: object) -> dict[str, Any]:
        """The answer of one mutation: its object with `__typename`, whose Problem has code and message."""
        name, _, selection = mutation.partition(" ")
        kind = f"{name[0].upper()}{name[1:]}Input!"
        query = (
            f"mutation($input: {kind}) {{ {name}(input: $input) {{ __typename {selection} "
            "... on Problem { code message field } } }"
        )
        answer: dict[str, Any] = self.as_user(username).ask(query, input=given)[name]
        return answer


@pytest.fixture
def bureau(office_database: str, made_once: MadeOnce, tmp_path: Path) -> Iterator[Bureau]:
    """A bureau of the test's own."""
    with (
        made_once.copy(office_database) as warehouse,
        office_of(tmp_path, warehouse, override_second_person_above=SECOND_PERSON_ABOVE) as office,
    ):
        office.sql(USERS)
        with run_service(warehouse) as service:
            yield Bureau(office, service)
