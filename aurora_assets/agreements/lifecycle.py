"""From a draft to its end: which status an agreement may go to, and why a change is refused.

DRAFT -> ACTIVE <-> SUSPENDED, and ACTIVE or SUSPENDED -> TERMINATED, which is final. The errors here are
those that programs tell apart; every other refusal is a plain AgreementError. Pure.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from aurora_assets.commission.agreement import AgreementStatus, AgreementVersion
from aurora_resources.errors import AgreementError


class NotFoundError(AgreementError):
    """There is no such partner, agreement or claim."""


class AlreadyExistsError(AgreementError):
    """The code or id is taken."""


class StaleVersionError(AgreementError):
    """Somebody else changed the agreement since it was read: read it again, and decide again."""


class AgreementAction(StrEnum):
    """What a person does with an agreement as a whole."""

    ACTIVATE = "ACTIVATE"
    SUSPEND = "SUSPEND"
    TERMINATE = "TERMINATE"


_FROM: Final[Mapping[AgreementAction, frozenset[AgreementStatus]]] = {
    AgreementAction.ACTIVATE: frozenset({AgreementStatus.DRAFT, AgreementStatus.SUSPENDED}),
    AgreementAction.SUSPEND: frozenset({AgreementStatus.ACTIVE}),
    AgreementAction.TERMINATE: frozenset({AgreementStatus.ACTIVE, AgreementStatus.SUSPENDED}),
}
_TO: Final[Mapping[AgreementAction, AgreementStatus]] = {
    AgreementAction.ACTIVATE: AgreementStatus.ACTIVE,
    AgreementAction.SUSPEND: AgreementStatus.SUSPENDED,
    AgreementAction.TERMINATE: AgreementStatus.TERMINATED,
}


def status_after(agreement_id: str, status: AgreementStatus, action: AgreementAction) -> AgreementStatus:
    """The status that `action` leads to. Raises AgreementError when it does not lead on from `status`."""
    if status in _FROM[action]:
        return _TO[action]
    if status is AgreementStatus.TERMINATED:
        raise AgreementError(f"agreement {agreement_id} is TERMINATED, which is final; make a new agreement")
    allowed = " or ".join(sorted(_FROM[action]))
    raise AgreementError(
        f"agreement {agreement_id} is {status}: {action} needs it to be {allowed}; nothing was changed"
    )


def refuse_stale(newest: AgreementVersion, expected_version: int) -> None:
    """Raise StaleVersionError when `newest` is not the version that the caller decided upon."""
    if newest.version != expected_version:
        raise StaleVersionError(
            f"agreement {newest.agreement_id} is at version {newest.version}, not {expected_version}: "
            "somebody changed it; read it again, and decide again"
        )
