"""SQL by name: one statement a file, below the folder `sql/`, read once and kept.

A name is the path below that folder (`canonical/validator_fees.sql`). Parameters are named in the text as
`%(period)s`, so a per cent sign of SQL's own is written `%%`. Migrations are run by `migrations.py`.
"""

import difflib
from functools import cache
from pathlib import Path

from aurora_resources.errors import WarehouseError


@cache
def sql_folder() -> Path:
    """The folder of SQL files: the copy in an installed package, else the checkout's `sql/`."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_sql", package.parent / "sql"):
        if (folder / "migrations").is_dir():
            return folder
    raise WarehouseError(f"Aurora's SQL files are missing beside {package}; install Aurora again")


@cache
def read_query(name: str) -> str:
    """The text of one SQL file. Raises WarehouseError, with the likely name, when there is none."""
    folder = sql_folder()
    path = folder / name
    if not name.endswith(".sql") or ".." in path.parts or not path.is_file():
        names = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.sql"))
        near = difflib.get_close_matches(name, names, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {len(names)} files to name."
        raise WarehouseError(f"there is no SQL file {name} in {folder}; {hint}")
    return path.read_text(encoding="utf-8")
