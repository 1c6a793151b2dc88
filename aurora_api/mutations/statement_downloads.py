"""Asking for a statement as a file: the answer is an address, good for five minutes, for this user alone.

The file itself is served by `service/downloads.py`. That somebody took one home is in the audit log.
"""

from datetime import datetime
from typing import Annotated, TypeAlias

import strawberry

from aurora_api.access.download_tokens import PATH, PURPOSE, Download, FileFormat, sign_download
from aurora_api.access.principal import Principal
from aurora_api.context.request import Info
from aurora_api.mutations.audited import AuditedChange, MutationProblem, run_audited
from aurora_api.queries.statement_files import file_name, view_for
from aurora_api.queries.statements import key_of_statement
from aurora_resources.warehouse.connection import DbConnection

strawberry.enum(
    FileFormat, name="StatementFormat", description="The forms in which a statement is handed out."
)


@strawberry.type(description="Where a statement can be fetched as a file, for a short time.")
class StatementDownload:
    """An address."""

    path: str = strawberry.field(
        description="On this service; fetched with GET, without a token: it is a secret until it expires."
    )
    file_name: str
    expires_at: datetime = strawberry.field(description="UTC.")


StatementDownloadResult: TypeAlias = Annotated[
    StatementDownload | MutationProblem,
    strawberry.union("StatementDownloadResult", description="The address, or why there is none."),
]


@strawberry.input(description="Which statement, in which form.")
class DownloadStatementInput:
    """A statement and a format."""

    statement_id: strawberry.ID
    format: FileFormat


async def download_statement(info: Info, input: DownloadStatementInput) -> StatementDownloadResult:  # noqa: A002
    """An address for it."""
    key, identity = info.context.sessions.keys.derive(PURPOSE), info.context.identity

    def work(session: DbConnection, principal: Principal) -> AuditedChange[StatementDownload]:
        place = key_of_statement(input.statement_id)
        view = view_for(session, principal, place)
        token, ends = sign_download(Download(place, input.format, identity), key)
        made = StatementDownload(
            path=f"{PATH}?token={token}", file_name=file_name(view, input.format), expires_at=ends
        )
        told = {"file": made.file_name, "sha256": view.content.sha256.hex()}
        return AuditedChange(made, "Statement", str(place), after=told, partner_id=principal.partner_id)

    return await run_audited(info, "statement.download", work)
