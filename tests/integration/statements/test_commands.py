"""What the commands print and write."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aurora_api.commands import override as override_command
from aurora_api.commands import statement as statement_command
from aurora_api.commands.main import app
from aurora_assets.commission.overrides import OverrideError
from aurora_assets.commission.statement import StatementError
from tests.integration.pipeline.installation import CHAIN
from tests.integration.statements.office import NORTHWIND, Office

JANUARY = (NORTHWIND, CHAIN, "2026-01")


def test_from_draft_to_approved_on_the_command_line(
    office: Office, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    line_id, computed = office.line("half-the-commission", 801)
    override_command.override(
        str(line_id), amount=f"{computed + 1:,}", withdraw=False, confirm=False, reason="agreed", by="Ada"
    )
    assert "the override counts" in capsys.readouterr().out
    statement_command.submit(*JANUARY, by="Ada")
    statement_command.approve(*JANUARY, by="Ben")
    told = capsys.readouterr().out
    assert "is PENDING_APPROVAL: payable 38.408302934 SOL" in told
    assert "is APPROVED: payable 38.408302934 SOL" in told
    statement_command.show(*JANUARY, as_json=False)
    shown = capsys.readouterr().out
    assert f"{line_id} set by hand, computed {computed}: agreed" in shown
    assert "submitted by Ada" in shown
    assert "approved by Ben" in shown
    statement_command.show(*JANUARY, as_json=True)
    data = json.loads(capsys.readouterr().out)
    assert data["content"]["totals"]["payable"] == "38408302934"
    assert data["sha256"] in shown
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    statement_command.export(*JANUARY, csv=first)
    statement_command.export(*JANUARY, csv=second)
    assert first.read_bytes() == second.read_bytes()
    assert data["sha256"].encode() in first.read_bytes()


def test_the_list_has_drafts_and_what_is_frozen(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.release()
    capsys.readouterr()
    statement_command.show_list(partner=NORTHWIND, chain=CHAIN, as_json=True)
    listed = json.loads(capsys.readouterr().out)
    assert [(row["month"], row["status"], row["payable"]) for row in listed] == [
        ("2026-01", "RELEASED", "38408302933"),
        ("2026-02", "DRAFT", None),
        ("2026-03", "DRAFT", None),
    ]
    statement_command.show_list()
    assert "harbor" in capsys.readouterr().out


def test_a_draft_says_what_blocks_it(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    statement_command.show(NORTHWIND, CHAIN, "2026-02")
    assert "blocked: the statement for 2026-01 comes first" in capsys.readouterr().out


def test_what_is_mistyped_is_told(office: Office) -> None:
    with pytest.raises(StatementError, match='"01/2026" is not a month; write it as 2026-01'):
        statement_command.key_of_statement(NORTHWIND, CHAIN, "01/2026")

    def override(line: str, amount: str | None, *, withdraw: bool = False) -> None:
        override_command.override(line, amount=amount, withdraw=withdraw, confirm=False, reason="r", by="Ada")

    with pytest.raises(OverrideError, match='"x" is not a line id'):
        override("x", "1")
    line_id, _ = office.line("half-the-commission", 801)
    with pytest.raises(OverrideError, match='"0.5" is not a whole amount in native units'):
        override(str(line_id), "0.5")
    for amount, withdraw in ((None, False), ("1", True)):
        with pytest.raises(OverrideError, match="say one of --amount, --confirm and --withdraw"):
            override(str(line_id), amount, withdraw=withdraw)


def test_every_step_as_typed(office: Office, tmp_path: Path) -> None:
    place = [NORTHWIND, CHAIN, "2026-01"]
    line_id, computed = office.line("half-the-commission", 801)
    signed = str(tmp_path / "signed.json")
    for words in (
        ["override", str(line_id), "--amount", str(computed + 1), "--reason", "agreed", "--by", "Ada"],
        ["override", str(line_id), "--withdraw", "--reason", "mistaken", "--by", "Ada"],
        ["statement", "submit", *place, "--by", "Ada"],
        ["statement", "approve", *place, "--by", "Ben"],
        ["statement", "reopen", *place, "--by", "Ben"],
        ["statement", "submit", *place, "--by", "Ada"],
        ["statement", "approve", *place, "--by", "Ben"],
        ["statement", "release", *place, "--by", "Ada"],
        ["statement", "pay", *place, "--by", "Cyd"],
        ["statement", "show", *place],
        ["statement", "list", "--partner", NORTHWIND, "--json"],
        ["statement", "export", *place, "--signed", signed, "--pdf", str(tmp_path / "a.pdf")],
        ["statement", "verify", signed],
    ):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, (words, done.output, done.exception)
    assert office.view().record.status == "PAID"
    refused = CliRunner().invoke(app, ["override", str(line_id), "--confirm", "--reason", "r", "--by", "Ada"])
    assert isinstance(refused.exception, OverrideError)
