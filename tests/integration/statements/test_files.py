"""PDF and signed file of real statements."""

from dataclasses import replace
from pathlib import Path

import pytest

from aurora_api.commands import statement as statement_command
from aurora_assets.commission.statement import StatementAction, StatementError
from aurora_assets.statements.csv_file import statement_csv
from aurora_assets.statements.override_store import override_line
from aurora_assets.statements.pdf_file import statement_pdf
from aurora_assets.statements.signature import KEY_VARIABLE
from tests.integration.pipeline.installation import CHAIN
from tests.integration.statements.office import FEBRUARY, NORTHWIND, SUBMIT, Office

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PUBLIC = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
JANUARY = (NORTHWIND, CHAIN, "2026-01")


def test_a_pdf_is_the_same_every_time_and_has_the_digest_on_its_pages(office: Office) -> None:
    office.release()
    office.restate_commission(801, -100_000_000)
    line_id, computed = office.line("half-the-commission", 803)
    with office.pipeline.warehouse.transaction() as connection:
        override_line(connection, office.config.chains, line_id, computed + 1, reason="<agreed> & so", by="A")
    february = office.view(FEBRUARY)
    assert february.content.document["true_ups"]
    first = statement_pdf(february)
    assert first == statement_pdf(office.view(FEBRUARY))
    assert first.startswith(b"%PDF-")
    assert statement_pdf(office.view()) != first


def test_the_csv_of_a_draft_and_of_the_stored_statement_are_the_same_bytes(office: Office) -> None:
    """The order of keys in the stored document, which is jsonb, is not that of the draft."""
    draft = office.view()
    stored = office.apply_action(SUBMIT, "Ada")
    assert list(stored.content.document["totals"]) != list(draft.content.document["totals"])
    assert statement_csv(replace(draft, record=stored.record)) == statement_csv(stored)


def test_a_signed_file_verifies_without_a_warehouse(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, again, pdf = tmp_path / "a.json", tmp_path / "b.json", tmp_path / "a.pdf"
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    office.apply_action(SUBMIT, "Ada")
    statement_command.export(*JANUARY, signed=file)
    assert "not signed: it is not released" in capsys.readouterr().out
    office.apply_action(StatementAction.REOPEN, "Ada")
    office.release()
    statement_command.export(*JANUARY, signed=file, pdf=pdf)
    assert f"public key {PUBLIC}" in capsys.readouterr().out
    statement_command.export(*JANUARY, signed=again)
    assert file.read_bytes() == again.read_bytes()
    monkeypatch.delenv("AURORA_DATABASE_URL")
    capsys.readouterr()
    statement_command.verify(file, public_key=PUBLIC)
    told = capsys.readouterr().out
    assert "statement 1 to Northwind Capital, 2026-01: payable 38.408302933 SOL" in told
    assert f"Signed by {PUBLIC}, the key you trust." in told
    statement_command.verify(file)
    assert "ask the operator whether that is its key" in capsys.readouterr().out
    with pytest.raises(StatementError, match="no such|No such"):
        statement_command.verify(tmp_path / "nowhere.json")
    with pytest.raises(StatementError, match="say at least one of --csv, --pdf and --signed"):
        statement_command.export(*JANUARY)
