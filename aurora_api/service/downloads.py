"""Statements as files: `GET /statements/download?token=...`, where the token is the whole permission.

It is short-lived and names its user; that the user may still come in and read the statement is asked of the
database again, under that user's own policies.
"""

from functools import partial
from typing import Final

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response

from aurora_api.access.authenticate import caller_transaction
from aurora_api.access.download_tokens import Download, FileFormat, read_download
from aurora_api.problems import Code, Problem
from aurora_api.queries.statement_documents import file_name, view_for
from aurora_api.service.endpoint import refuse
from aurora_assets.statements.csv_file import statement_csv
from aurora_assets.statements.store import StatementView
from aurora_resources.warehouse.connection import Warehouse

AT_ONCE: Final = 2
STATEMENT_SECONDS: Final = 30

_TYPES: Final = {FileFormat.CSV: "text/csv; charset=utf-8", FileFormat.PDF: "application/pdf"}


class StatementDownloads:
    """Hands out the files of one service."""

    def __init__(self, warehouse: Warehouse, key: bytes) -> None:
        """`warehouse` as the API's role; `key` is what the tokens are signed with."""
        self._warehouse = warehouse
        self._key = key
        self._turns = CapacityLimiter(AT_ONCE)

    async def answer(self, request: Request) -> Response:
        """One file, or the problem."""
        try:
            download = read_download(request.query_params.get("token", ""), self._key)
            name, body = await anyio.to_thread.run_sync(
                partial(self._make, download), limiter=self._turns, abandon_on_cancel=True
            )
        except Problem as problem:
            return refuse(404 if problem.code is Code.NOT_FOUND else 403, problem)
        return Response(
            body,
            media_type=_TYPES[download.format],
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "private, no-store",
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
            },
        )

    def _make(self, download: Download) -> tuple[str, bytes]:
        with caller_transaction(
            self._warehouse, download.identity, read_only=True, statement_seconds=STATEMENT_SECONDS
        ) as (session, principal):
            view = view_for(session, principal, download.place)
        return file_name(view, download.format), _file(view, download.format)


def _file(view: StatementView, form: FileFormat) -> bytes:
    if form is FileFormat.CSV:
        return statement_csv(view)
    # Only here: the library takes its time to load.
    from aurora_assets.statements.pdf_file import statement_pdf  # noqa: PLC0415

    return statement_pdf(view)
