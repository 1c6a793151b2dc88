"""A whole file of wallets claimed for a partner: every row is looked at, and all are written or none."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from aurora_assets.agreements.chains import read_chains
from aurora_assets.agreements.claims import ClaimOutcome
from aurora_assets.agreements.entries import KnownChain, WalletEntry, normalize_wallet, to_claim
from aurora_assets.agreements.wallet_csv import WalletRow, read_wallet_csv
from aurora_assets.agreements.wallets import add_claims
from aurora_resources.errors import AgreementError


@dataclass(frozen=True, slots=True)
class RowReport:
    """What becomes of a row: its line, what it names as it stands there, and why it is refused if it is."""

    line: int
    chain: str
    wallet: str
    outcome: ClaimOutcome
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Every row in the file's order; `written` is False when one of them is refused, and nothing was."""

    rows: tuple[RowReport, ...]

    @property
    def written(self) -> bool:
        """Whether the file was taken."""
        return all(row.outcome is not ClaimOutcome.REFUSED for row in self.rows)


def upload(connection: psycopg.Connection[Any], partner_code: str, partner_id: int, text: str) -> Report:
    """Claim the wallets of a CSV file. The caller takes back what was written where the report is a refusal.

    Raises AgreementError for a file that cannot be read as one.
    """
    chains = read_chains(connection)
    rows = [_checked(row, partner_code, chains) for row in read_wallet_csv(text)]
    sound: list[tuple[WalletRow, WalletEntry]] = [(row, row.entry) for row in rows if row.entry is not None]
    judged = add_claims(connection, partner_code, partner_id, [entry for _, entry in sound])
    by_line = {
        row.line: RowReport(row.line, row.chain, row.wallet, each.outcome, each.fault)
        for (row, _), each in zip(sound, judged, strict=True)
    }
    return Report(tuple(by_line.get(row.line) or _refused(row) for row in rows))


def _checked(row: WalletRow, partner_code: str, chains: Mapping[str, KnownChain]) -> WalletRow:
    if row.entry is None:
        return row
    try:
        entry = normalize_wallet(row.entry, chains)
        to_claim(partner_code, entry)
    except AgreementError as fault:
        return replace(row, entry=None, fault=str(fault))
    return replace(row, entry=entry)


def _refused(row: WalletRow) -> RowReport:
    return RowReport(row.line, row.chain, row.wallet, ClaimOutcome.REFUSED, row.fault)
