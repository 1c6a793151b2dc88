"""Why something is changed: said in words, and kept in the audit log."""

from aurora_api.problems import Code, Problem


def require_reason(reason: str) -> None:
    """Raise Problem for a reason that says nothing."""
    if not reason.strip():
        raise Problem(Code.INVALID_ARGUMENT, "reason is empty; say why", "input.reason")
