"""Stakewiz' descriptions as recorded: names and rates, no money."""

import json
from collections.abc import Callable

import pytest

from aurora_resources.errors import PayloadError
from aurora_resources.providers.solana.stakewiz import Stakewiz, wiz_validators
from aurora_resources.records import ProviderResponse

Answer = Callable[..., ProviderResponse]


def test_as_recorded(recorded: Callable[[str], bytes], answer: Answer) -> None:
    row = json.loads(recorded("stakewiz_validator_RECORDED_epoch574.json"))
    (found,) = wiz_validators(answer(Stakewiz("stakewiz").validators(), [row]))
    assert found.vote_identity == "7K8DVxtNJGnMtUY1CQJT5jcs8sFGSZTDiG7kowvFpECh"
    assert (found.identity, found.name) == (row["identity"], "SolanaHub - STAKE BOOST")
    assert (found.version, found.delinquent, found.commission_bps) == ("1.17.21", False, 500)


@pytest.mark.parametrize(
    ("commission", "bps"),
    [
        (b"5", 500),
        (b"0.29", 29),
        (b"5.10", 510),
        (b"100", 10_000),
        (b"0", 0),
        (b"null", None),
        (b"101", None),
    ],
)
def test_a_percentage_becomes_exact_basis_points(answer: Answer, commission: bytes, bps: int | None) -> None:
    body = b'[{"vote_identity": "v", "commission": ' + commission + b"}]"
    (found,) = wiz_validators(answer("GET /validators", body))
    assert found.commission_bps == bps


def test_an_error_page_is_refused(answer: Answer) -> None:
    with pytest.raises(PayloadError, match="GET /validators"):
        wiz_validators(answer("GET /validators", {"error": "down"}))
