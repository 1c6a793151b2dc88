"""The steps of a monthly statement: submit, approve, release, mark as paid, reject; and its download.

The rules (states, four eyes, what blocks a step) are in `aurora_assets/statements/store.py`. A download is
answered with a path, valid for five minutes and for this user only; `service/downloads.py` serves the file.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final, TypeAlias

import strawberry

from aurora_api.access.download_tokens import PATH, PURPOSE, Download, FileFormat, sign_download
from aurora_api.access.principal import Capability, Principal, UserRole, require_full_view, sees_chain
from aurora_api.context.request import Info
from aurora_api.mutations.audited import AuditedChange, MutationProblem, require_reason, run_audited
from aurora_api.problems import Code, Problem
from aurora_api.queries.statement_documents import file_name, view_for
from aurora_api.queries.statements import Statement, find_statement, key_of_statement
from aurora_api.schema.node import not_found
from aurora_api.schema.permissions import requires
from aurora_assets.commission.statement import StatementAction, StatementKey, refuse_own_approval
from aurora_assets.statements.correction_store import lock_statements
from aurora_assets.statements.ledger import PartiesNotFoundError, read_parties
from aurora_assets.statements.store import StatementView, apply_action, view_statement
from aurora_resources.warehouse.connection import DbConnection

StatementResult: TypeAlias = Annotated[
    Statement | MutationProblem,
    strawberry.union(
        "StatementResult", description="The statement after the change, or the reason for the refusal."
    ),
]


@strawberry.input(description="Freeze a draft and submit it for approval.")
class SubmitStatementInput:
    """The statement to submit."""

    statement_id: strawberry.ID
    reason: str | None = None


@strawberry.input(description="Approve what another user submitted.")
class ApproveStatementInput:
    """The statement and the SHA-256 of its reviewed content."""

    statement_id: strawberry.ID
    expected_sha256: str = strawberry.field(description="The sha256 of the statement as it was reviewed.")
    reason: str | None = None


@strawberry.input(description="Release an approved statement to its partner; it never changes again.")
class ReleaseStatementInput:
    """The statement and the SHA-256 of its reviewed content."""

    statement_id: strawberry.ID
    expected_sha256: str = strawberry.field(description="The sha256 of the statement as it was reviewed.")
    reason: str | None = None


@strawberry.input(description="Mark a released statement as paid.")
class MarkStatementPaidInput:
    """The statement and its payment."""

    statement_id: strawberry.ID
    reason: str = strawberry.field(description="How it was paid, such as a payment reference.")


@strawberry.input(description="Return a submitted or approved statement to draft.")
class RejectStatementInput:
    """The statement and the reason."""

    statement_id: strawberry.ID
    reason: str


async def submit_statement(info: Info, input: SubmitStatementInput) -> StatementResult:  # noqa: A002
    """DRAFT to PENDING_APPROVAL."""
    return await _take(info, input.statement_id, StatementAction.SUBMIT, input.reason)


async def approve_statement(info: Info, input: ApproveStatementInput) -> StatementResult:  # noqa: A002
    """PENDING_APPROVAL to APPROVED."""
    return await _take(info, input.statement_id, StatementAction.APPROVE, input.reason, input.expected_sha256)


async def release_statement(info: Info, input: ReleaseStatementInput) -> StatementResult:  # noqa: A002
    """APPROVED to RELEASED."""
    return await _take(info, input.statement_id, StatementAction.RELEASE, input.reason, input.expected_sha256)


async def mark_statement_paid(info: Info, input: MarkStatementPaidInput) -> StatementResult:  # noqa: A002
    """RELEASED to PAID."""
    return await _take(info, input.statement_id, StatementAction.PAY, input.reason)


async def reject_statement(info: Info, input: RejectStatementInput) -> StatementResult:  # noqa: A002
    """PENDING_APPROVAL or APPROVED to DRAFT."""
    return await _take(info, input.statement_id, StatementAction.REOPEN, input.reason)


async def _take(
    info: Info, given: str, action: StatementAction, reason: str | None, expected: str | None = None
) -> StatementResult:
    work = _step(given, action, reason, expected)
    done = await run_audited(info, f"statement.{_NAMES[action]}", work, reason=reason)
    if isinstance(done, MutationProblem):
        return done
    found = await find_statement(info, done.partner, done.chain_id, f"{done.month:%Y-%m}")
    if found is None:
        raise RuntimeError(f"{done} was changed and cannot be read")
    return found


_NAMES: Final = {
    StatementAction.SUBMIT: "submit",
    StatementAction.APPROVE: "approve",
    StatementAction.RELEASE: "release",
    StatementAction.PAY: "mark_paid",
    StatementAction.REOPEN: "reject",
}


def _step(
    given: str, action: StatementAction, reason: str | None, expected: str | None
) -> Callable[[DbConnection, Principal], AuditedChange[StatementKey]]:
    def step(session: DbConnection, principal: Principal) -> AuditedChange[StatementKey]:
        require_reason(reason)
        key = key_of_statement(given)
        if not sees_chain(principal, key.chain_id):
            raise not_found("Statement")
        require_full_view(principal, "a statement")
        lock_statements(session)
        try:
            parties = read_parties(session, key.partner, key.chain_id)
        except PartiesNotFoundError:
            raise not_found("Statement") from None
        before = view_statement(session, key)
        if expected is not None and before.content.sha256.hex() != expected:
            raise Problem(
                Code.VERSION_CONFLICT,
                f"{key} does not say what you looked at; look at it again, and give its sha256",
                "input.expectedSha256",
            )
        # An administrator may release what they submitted themselves; nobody may approve it.
        if action is StatementAction.RELEASE and principal.role is not UserRole.ADMIN:
            refuse_own_approval(key, before.record.prepared_by or "", principal.username, "release")
        after = apply_action(session, key, action, principal.username)
        return AuditedChange(
            key, "Statement", str(key), _describe(before), _describe(after), partner_id=parties.partner_id
        )

    return step


def _describe(view: StatementView) -> dict[str, str | int | None]:
    return {
        "status": view.record.status.value,
        "number": view.record.number,
        "sha256": view.content.sha256.hex(),
        "payable": str(view.content.document["totals"]["payable"]),
    }


strawberry.enum(FileFormat, name="StatementFormat", description="The file format of a statement.")


@strawberry.type(
    description="A short-lived download of a statement as a file.",
    directives=requires(Capability.EXPORT),
)
class StatementDownload:
    """A download path and its expiry."""

    path: str = strawberry.field(
        description="On this service; fetched with GET, without a token: it is a secret until it expires."
    )
    file_name: str
    expires_at: datetime = strawberry.field(description="UTC.")


StatementDownloadResult: TypeAlias = Annotated[
    StatementDownload | MutationProblem,
    strawberry.union(
        "StatementDownloadResult", description="The download path, or the reason why there is none."
    ),
]


@strawberry.input(description="The statement and its file format.")
class DownloadStatementInput:
    """A statement and a format."""

    statement_id: strawberry.ID
    format: FileFormat


async def download_statement(info: Info, input: DownloadStatementInput) -> StatementDownloadResult:  # noqa: A002
    """A short-lived download path of the statement. Audited."""
    secret, identity = info.context.sessions.keys.derive(PURPOSE), info.context.identity

    def work(session: DbConnection, principal: Principal) -> AuditedChange[StatementDownload]:
        key = key_of_statement(input.statement_id)
        view = view_for(session, principal, key)
        token, ends = sign_download(Download(key, input.format, identity), secret)
        made = StatementDownload(
            path=f"{PATH}?token={token}", file_name=file_name(view, input.format), expires_at=ends
        )
        described = {"file": made.file_name, "sha256": view.content.sha256.hex()}
        return AuditedChange(made, "Statement", str(key), after=described, partner_id=principal.partner_id)

    return await run_audited(info, "statement.download", work)


@strawberry.type
class StatementMutations:
    """The mutations of this module, as root fields."""

    approve_statement: StatementResult | None = strawberry.mutation(
        resolver=approve_statement,
        description="Approve what another user submitted.",
        directives=requires(Capability.APPROVE_STATEMENTS),
    )
    download_statement: StatementDownloadResult | None = strawberry.mutation(
        resolver=download_statement,
        description="Get a short-lived download path of a statement as CSV or PDF.",
        directives=requires(Capability.EXPORT),
    )
    mark_statement_paid: StatementResult | None = strawberry.mutation(
        resolver=mark_statement_paid,
        description="Mark a released statement as paid.",
        directives=requires(Capability.APPROVE_STATEMENTS),
    )
    reject_statement: StatementResult | None = strawberry.mutation(
        resolver=reject_statement,
        description="Return a submitted or approved statement to draft.",
        directives=requires(Capability.APPROVE_STATEMENTS),
    )
    release_statement: StatementResult | None = strawberry.mutation(
        resolver=release_statement,
        description="Give it a number and release it to its partner; from then on it never changes.",
        directives=requires(Capability.APPROVE_STATEMENTS),
    )
    submit_statement: StatementResult | None = strawberry.mutation(
        resolver=submit_statement,
        description="Freeze a draft and submit it for approval.",
        directives=requires(Capability.APPROVE_STATEMENTS),
    )
