"""The partners that commissions are owed to: so far only found by their code."""

from typing import NamedTuple

from aurora_api.context import Info
from aurora_api.errors import Code, Problem


class Partner(NamedTuple):
    """A partner; `partner_id` stays inside the warehouse, `code` is what the world knows."""

    partner_id: int
    code: str
    name: str


async def find_partner(info: Info, partner_code: str) -> Partner:
    """The partner of that code. Raises Problem when there is none to be seen."""
    rows = await info.context.reader.rows("partner.sql", Partner, partner_code=partner_code)
    if not rows:
        raise Problem(Code.NOT_FOUND, f'there is no partner "{partner_code}"; check its code')
    return rows[0]
