"""SQL statements by name."""

import pytest

from aurora_resources.errors import WarehouseError
from aurora_resources.warehouse.queries import all_queries, parse_queries, read_query, sql_folder


def test_a_named_statement_is_read_from_its_file() -> None:
    text = (sql_folder() / "registry" / "chains.sql").read_text(encoding="utf-8")
    statement = read_query("registry/chains.put_provider")
    assert f"-- name: put_provider\n{statement}\n\n-- name: " in text
    assert statement.startswith("-- A row is one configured provider")


def test_a_file_with_one_statement_is_read_by_its_path() -> None:
    path = sql_folder() / "computation" / "compute_validator_pnl.sql"
    assert f"{read_query('computation/compute_validator_pnl')}\n" == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["registry/chain.put_chain", "registry/chains.put_chains", "put_chain"])
def test_a_wrong_name_is_answered_with_the_likely_one(name: str) -> None:
    with pytest.raises(WarehouseError, match=r"did you mean .*registry/chains\.put_chain\b"):
        read_query(name)


@pytest.mark.parametrize(
    "name",
    ["../pyproject.toml", "migrations", "", "/etc/hostname", "../sql/x.sql", "migrations/0001_warehouse.up"],
)
def test_nothing_but_statements_of_the_folder_is_read(name: str) -> None:
    with pytest.raises(WarehouseError, match="there is no SQL statement"):
        read_query(name)


def test_every_block_of_a_file_is_one_statement() -> None:
    text = (
        "-- name: one\n-- A row is one.\nselect 1\n\n-- name: two\n-- A row is two.\n-- And more.\nselect 2\n"
    )
    assert parse_queries("test/numbers", text) == {
        "test/numbers.one": "-- A row is one.\nselect 1",
        "test/numbers.two": "-- A row is two.\n-- And more.\nselect 2",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("select 1", r"test/numbers must start with a comment"),
        ("-- name: one\nselect 1", r"test/numbers\.one must start with a comment"),
        ("-- name: one\n-- A row is one.\n", r"test/numbers\.one has a comment and no statement"),
        ("-- name: one\n", r"test/numbers\.one must start with a comment"),
        ("-- name: two words\n-- A row.\nselect 1", r"must name one statement"),
        ("-- name:\n-- A row.\nselect 1", r"must name one statement"),
        ("-- A row.\nselect 1\n-- name: two\n-- A row.\nselect 2", r"text before the first"),
        ("-- name: a\n-- A row.\nselect 1\n-- name: a\n-- A row.\nselect 2", r"the name a stands twice"),
    ],
)
def test_a_file_in_another_form_is_refused(text: str, message: str) -> None:
    with pytest.raises(WarehouseError, match=message):
        parse_queries("test/numbers", text)


def test_the_statements_of_all_files_are_there() -> None:
    folders = {name.partition("/")[0] for name in all_queries()}
    assert folders == {"access", "canonical", "checks", "computation", "public", "registry", "staging"}
