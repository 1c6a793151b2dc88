"""Who owns a wallet at a moment, and how a revenue falls apart over wallets."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from aurora_assets.commission.attribution import Attribution, owners_at
from aurora_resources.records import Component


def test_claims_of_other_chains_and_times_do_not_count(make: SimpleNamespace) -> None:
    claims = [
        make.claim("w1"),
        make.claim("w2", chain="other"),
        make.claim("w3", valid_from=make.end),
        make.claim("w4", valid_from=make.start - timedelta(days=9), valid_until=make.start),
    ]
    assert owners_at(claims, "chain", make.start) == ({"w1": "A"}, [])


def test_a_disputed_wallet_stays_with_the_first(make: SimpleNamespace) -> None:
    first = make.claim("w", "B", valid_from=make.start - timedelta(days=1))
    rivals = [first, make.claim("w", "A"), make.claim("w", "C"), make.claim("w", "B")]
    for claims in (rivals, rivals[::-1]):
        owners, (finding,) = owners_at(claims, "chain", make.start)
        assert owners == {"w": "B"}
        assert finding.blocks_release
        assert "claimed by B, who came first, and by A, C; end all claims but one" in finding.message


def test_a_wallet_claimed_twice_by_one_partner_is_no_dispute(make: SimpleNamespace) -> None:
    assert owners_at([make.claim("w"), make.claim("w")], "chain", make.start) == ({"w": "A"}, [])


def test_rows_of_one_wallet_add_up_before_the_split(make: SimpleNamespace) -> None:
    rows = [make.stake("w1", 1), make.stake("w1", 1), make.stake("w2", 1)]
    attribution = Attribution(make.facts(make.revenue(10), *rows), {"w1": "A"})
    assert attribution.parts("v1", Component.COMMISSION) == {"A": 7, None: 3}
    assert attribution.stake_of("A", Component.COMMISSION, ["v1"]) == 2


@pytest.mark.parametrize("unknown_first", [True, False])
def test_an_unknown_stake_is_not_zero(make: SimpleNamespace, *, unknown_first: bool) -> None:
    rows = [make.stake("w1", None), make.stake("w1", 5), make.stake("w2", 1)]
    given = rows if unknown_first else rows[::-1]
    attribution = Attribution(make.facts(make.revenue(10), *given), {"w1": "A", "w2": "B"})
    assert attribution.parts("v1", Component.COMMISSION) is None
    assert attribution.stake_of("A", Component.COMMISSION, ["v1"]) is None
    assert attribution.stake_of("B", Component.COMMISSION, ["v1"]) == 1


def test_nothing_splits_into_nothing_even_by_unknown_stakes(make: SimpleNamespace) -> None:
    attribution = Attribution(make.facts(make.revenue(0), make.stake("w1", None)), {"w1": "A"})
    assert attribution.parts("v1", Component.COMMISSION) == {"A": 0}


def test_a_revenue_without_stakes_cannot_be_split(make: SimpleNamespace) -> None:
    facts = make.facts(make.revenue(10), make.revenue(10, validator="v2"), make.stake("w", 0, "v2"))
    attribution = Attribution(facts, {})
    assert attribution.parts("v1", Component.COMMISSION) is None
    assert attribution.parts("v2", Component.COMMISSION) is None


def test_an_unknown_revenue_has_no_parts(make: SimpleNamespace) -> None:
    attribution = Attribution(make.facts(make.revenue(None)), {})
    for key in ("v1", "v2"):
        with pytest.raises(KeyError):
            attribution.parts(key, Component.COMMISSION)


def test_stake_on_a_validator_nobody_looked_at_is_unknown(make: SimpleNamespace) -> None:
    facts = make.facts(make.stake("w", 5), make.revenue(9, validator="v2"), make.revenue(0, validator="v3"))
    attribution = Attribution(facts, {"w": "A"})

    def held(*validators: str) -> int | None:
        return attribution.stake_of("A", Component.COMMISSION, validators)

    assert [held("v1"), held("v1", "v2"), held("v1", "v3"), held("v1", "v4")] == [5, None, 5, None]
    assert attribution.stake_of("B", Component.COMMISSION, ["v1"]) == 0
