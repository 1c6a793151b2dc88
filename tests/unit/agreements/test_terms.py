"""The digests of a chain's terms do not change with the code.

Every booked period keeps the digest of the terms it was computed with, and a period whose digest differs is
computed again. The digests below were made by an earlier release: if one changes, every booked period of
every installation looks outdated. The names and the values of a rule's fields are part of them.
"""

from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from aurora_assets.agreements.terms import ChainTerms
from aurora_assets.commission.agreement import (
    AgreementStatus,
    AgreementVersion,
    Method,
    Rule,
    RuleKey,
    WalletClaim,
)
from aurora_assets.commission.history import RuleState
from aurora_resources.records import Component
from aurora_resources.warehouse.digest import content_digest
from tests.unit.agreements.rules import FULL

START = datetime(2026, 1, 1, tzinfo=UTC)
FLAT = Rule("flat", 1, Component.COMMISSION, Method.FIXED_SHARE, rate_bps=1000)


@pytest.mark.parametrize(
    ("rule", "digest"),
    [
        (FLAT, "97442db1a4da43690ce33557dc4b25b41a457244647f43eaf18d59b74690bcd7"),
        (FULL, "5fe2bb70987ec5bfe9133dcacb4789d9f04bac3bcb0d677459af938e7521d318"),
    ],
    ids=["flat", "every field"],
)
def test_the_digest_of_a_rule(rule: Rule, digest: str) -> None:
    assert content_digest({"rules": [[asdict(rule)]]}).hex() == digest


def test_the_digest_of_a_chains_terms() -> None:
    version = AgreementVersion("a", 3, "north", AgreementStatus.ACTIVE, START, None, (FLAT, FULL))
    claims = [
        WalletClaim("chain", "mine", "north", START),
        WalletClaim("chain", "both", "north", START),
        WalletClaim("chain", "both", "south", START),
    ]
    terms = ChainTerms("chain", [version], claims)
    known = {RuleKey("a", "full", "chain"): RuleState(2**70, 5, "2026-Q1")}
    assert terms.digest(START, {}).hex() == "5c67c3f7178c7e0638a2ba548b6336674d0c61d1e37796fcf1e1fd912c947232"
    assert (
        terms.digest(START, known).hex() == "c1d857c4063c14a408977d9539f57d8855ccd39bba99dceb373a099686db6547"
    )
