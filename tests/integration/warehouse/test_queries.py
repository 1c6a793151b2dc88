"""SQL files by name."""

import pytest

from aurora_resources.errors import WarehouseError
from aurora_resources.warehouse.queries import read_query, sql_folder


def test_a_file_is_read_by_its_name() -> None:
    path = sorted((sql_folder() / "migrations").glob("*.up.sql"))[0]
    assert read_query(f"migrations/{path.name}") == path.read_text(encoding="utf-8")


def test_a_wrong_name_is_answered_with_the_likely_one() -> None:
    name = sorted((sql_folder() / "migrations").glob("*.up.sql"))[0].name
    with pytest.raises(WarehouseError, match=f"did you mean migrations/{name}"):
        read_query(f"migration/{name}")


@pytest.mark.parametrize("name", ["../pyproject.toml", "migrations", "", "/etc/hostname", "../sql/x.sql"])
def test_nothing_but_sql_files_of_the_folder_is_read(name: str) -> None:
    with pytest.raises(WarehouseError, match="there is no SQL file"):
        read_query(name)
