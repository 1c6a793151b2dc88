"""Which version of an agreement is in force at a moment."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from aurora_assets.commission.agreement import AgreementStatus, holds_at, in_force
from aurora_resources.errors import AgreementError

DAY = timedelta(days=1)


def test_from_is_inclusive_and_until_is_exclusive(make: SimpleNamespace) -> None:
    dated = make.claim("w", valid_from=make.start, valid_until=make.end)
    assert [
        holds_at(dated, moment) for moment in (make.start - DAY, make.start, make.end - DAY, make.end)
    ] == [
        False,
        True,
        True,
        False,
    ]


def test_the_newest_version_that_is_valid_decides(make: SimpleNamespace) -> None:
    first = make.agreement()
    second = make.agreement(version=2, valid_from=make.end)
    for given in ([first, second], [second, first]):
        assert in_force(given, make.start) == [first]
        assert in_force(given, make.end) == [second]


def test_a_draft_changes_nothing_and_a_suspension_stops_everything(make: SimpleNamespace) -> None:
    first = make.agreement()
    draft = make.agreement(version=2, status=AgreementStatus.DRAFT)
    assert in_force([first, draft], make.start) == [first]
    for status in (AgreementStatus.SUSPENDED, AgreementStatus.TERMINATED):
        assert in_force([first, make.agreement(version=2, status=status)], make.start) == []


def test_agreements_come_by_id(make: SimpleNamespace) -> None:
    found = in_force([make.agreement(agreement_id=name) for name in "bca"], make.start)
    assert [one.agreement_id for one in found] == ["a", "b", "c"]


def test_a_version_given_twice_is_refused(make: SimpleNamespace) -> None:
    with pytest.raises(AgreementError, match="agreement a version 1 was given twice; keep one"):
        in_force([make.agreement(), make.agreement()], make.start)


def test_dates_have_a_time_zone_and_an_order(make: SimpleNamespace) -> None:
    with pytest.raises(AgreementError, match="agreement a v1: its dates have no time zone"):
        make.agreement(valid_from=datetime(2025, 1, 1))  # noqa: DTZ001
    with pytest.raises(AgreementError, match="wallet w of partner A: its dates have no time zone"):
        make.claim("w", valid_until=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(AgreementError, match=r"wallet w of partner A: it ends .* give a later end"):
        make.claim("w", valid_until=make.start)
