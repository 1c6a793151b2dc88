"""Why a change is refused, where programs tell reasons apart; every other is a plain AgreementError."""

from aurora_resources.errors import AgreementError


class NotFoundError(AgreementError):
    """There is no such partner, agreement or claim."""


class AlreadyExistsError(AgreementError):
    """The code or id is taken."""


class StaleVersionError(AgreementError):
    """Somebody else changed the agreement since it was read: read it again, and decide again."""
