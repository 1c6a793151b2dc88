"""Statements as files: `GET /statements/download?token=...`, authorized by the token alone.

The token is valid for a short time and names its user. The database checks again, with the row-level security
of that user, that the user is active and may read the statement.
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

CONCURRENT_FILES: Final = 2
STATEMENT_SECONDS: Final = 30

_TYPES: Final = {FileFormat.CSV: "text/csv; charset=utf-8", FileFormat.PDF: "application/pdf"}


class StatementDownloads:
    """Serves the statement files of one service."""

    def __init__(self, warehouse: Warehouse, key: bytes) -> None:
        """`warehouse` is in the role of the API; `key` verifies the tokens."""
        self._warehouse = warehouse
        self._key = key
        self._limiter = CapacityLimiter(CONCURRENT_FILES)

    async def answer(self, request: Request) -> Response:
        """The response: one file, or the problem."""
        try:
            download = read_download(request.query_params.get("token", ""), self._key)
            name, body = await anyio.to_thread.run_sync(
                partial(self._make, download), limiter=self._limiter, abandon_on_cancel=True
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
            view = view_for(session, principal, download.key)
        return file_name(view, download.format), _file(view, download.format)


def _file(view: StatementView, form: FileFormat) -> bytes:
    if form is FileFormat.CSV:
        return statement_csv(view)
    # Imported on first use: the library is slow to load.
    from aurora_assets.statements.pdf_file import statement_pdf  # noqa: PLC0415

    return statement_pdf(view)
