"""The revenue guard: on one component of one validator, all partners together get no more than it earned.

Guarantees stand beside the validators and are not counted; overrides are a person's decision and come
later. Amounts are native units.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from aurora_assets.commission.facts import Revenue
from aurora_assets.commission.findings import Finding, FindingCode
from aurora_assets.commission.lines import Line
from aurora_resources.errors import RevenueGuardError
from aurora_resources.records import Component
from aurora_resources.units import BPS, floor_share, split_exactly


class GuardPolicy(StrEnum):
    """BLOCK: over-claimed revenue stops the period's statements. SCALE: claims shrink to the limit."""

    BLOCK = "BLOCK"
    SCALE = "SCALE"


def apply_guard(
    lines: Sequence[Line],
    revenues: Mapping[tuple[str, Component], Revenue],
    policy: GuardPolicy,
    limit_bps: int,
) -> tuple[list[Line], list[Finding]]:
    """The lines, scaled where asked, and a finding for each over-claimed revenue.

    The limit is `limit_bps` of the revenue, rounded down, and zero for a negative revenue. Raises
    ValueError if it is outside 0..10,000 bps.
    """
    if not 0 <= limit_bps <= BPS:
        raise ValueError(f"the guard's limit is {limit_bps} bps; give 0 to {BPS}")
    cells: defaultdict[tuple[str, Component], list[int]] = defaultdict(list)
    for position, line in enumerate(lines):
        if line.validator_key is not None:
            cells[line.validator_key, line.component].append(position)
    guarded, findings = list(lines), []
    for key, positions in cells.items():
        amount = revenues[key].amount
        limit = max(0, floor_share(amount, limit_bps)) if amount is not None else 0
        claims = [lines[position] for position in positions]
        claimed = sum(line.amount for line in claims)
        if claimed <= limit:
            continue
        findings.append(_finding(policy, claims, claimed, limit))
        if policy is GuardPolicy.SCALE:
            # Ties go by partner, agreement and rule: names people know, the same on every computation.
            by_name = {line.sort_key: line.amount for line in claims}
            parts = split_exactly(limit, by_name)
            for position, line in zip(positions, claims, strict=True):
                part = parts[line.sort_key]
                guarded[position] = replace(line, amount=part, scaled=part != line.amount)
    return guarded, findings


def refuse_over_claims(findings: Iterable[Finding]) -> None:
    """Raise RevenueGuardError if the guard blocked anything; its message is that of its findings."""
    messages = [finding.message for finding in findings if finding.code is FindingCode.REVENUE_GUARD]
    if messages:
        raise RevenueGuardError("; ".join(messages))


def _finding(policy: GuardPolicy, claims: Sequence[Line], claimed: int, limit: int) -> Finding:
    first = claims[0]
    shares = ", ".join(
        f"{line.partner_id} {line.amount} (agreement {line.agreement_id} rule {line.rule_id})"
        for line in sorted(claims, key=lambda line: line.sort_key)
    )
    message = (
        f"{first.chain_id} period {first.period_id}: {first.component} of {first.validator_key} is claimed "
        f"{claimed - limit} over the limit of {limit}: {shares}"
    )
    scaled = policy is GuardPolicy.SCALE
    remedy = "scaled down to the limit" if scaled else "lower a rate, or let the guard scale claims"
    return Finding(
        FindingCode.GUARD_SCALED if scaled else FindingCode.REVENUE_GUARD,
        f"{message}; {remedy}",
        validator_key=first.validator_key,
        component=first.component,
    )
