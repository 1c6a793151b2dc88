"""House rules that a machine can keep: who imports whom, sizes, signs at doors, comments with units."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.queries import all_queries

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = ("aurora_resources", "aurora_assets", "aurora_api")
MODULES = sorted(path for package in PACKAGES for path in (CHECKOUT / package).rglob("*.py"))
LINES_A_MODULE = 600
LINES_A_FUNCTION = 70
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "manager", "misc"}


def test_imports_go_one_way() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_a_module_has_a_sign_and_can_be_held_in_the_head(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "every module starts with what is here and what is not"
    assert len(text.splitlines()) <= LINES_A_MODULE
    assert path.stem not in FORBIDDEN_NAMES
    if path.name == "__init__.py":
        assert len(tree.body) == 1, "an __init__ holds its docstring and nothing else"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            assert node.end_lineno - node.lineno < LINES_A_FUNCTION, node.name


def test_no_float_touches_an_amount() -> None:
    """Division with `/` and float literals stand in no module that computes or reads amounts."""
    computing = [
        *(CHECKOUT / "aurora_assets" / "commission").rglob("*.py"),
        *(CHECKOUT / "aurora_resources" / "providers").rglob("*.py"),
        CHECKOUT / "aurora_resources" / "units.py",
    ]
    for path in computing:
        for node in ast.walk(ast.parse(path.read_text())):
            where = f"{path.relative_to(CHECKOUT)}:{getattr(node, 'lineno', 0)}"
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), where
            assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float"), where
            assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), where


def test_every_statement_is_used() -> None:
    """A statement's name stands in the code as one text, never composed: a search finds its users."""
    used = {
        node.value
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert sorted(set(all_queries()) - used) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_statement_that_is_named_exists(path: Path) -> None:
    """What looks like a statement's name, such as `registry/chains.put_chain`, is one."""
    folders = tuple({f"{name.partition('/')[0]}/" for name in all_queries()})
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(folders):
            words = node.value.partition("/")[2].replace(".", "_")
            assert node.value in all_queries() or not words.isidentifier(), node.value


def test_every_table_and_column_has_a_comment(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        silent = connection.execute(
            """
            select format('%I.%I.%I', n.nspname, c.relname, a.attname)
            from pg_class as c
            join pg_namespace as n on n.oid = c.relnamespace
            join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            where n.nspname in ('registry', 'staging', 'canonical', 'computation', 'access')
                and c.relkind in ('r', 'p') and col_description(c.oid, a.attnum) is null
            union all
            select format('%I.%I', n.nspname, c.relname)
            from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
            where n.nspname in ('registry', 'staging', 'canonical', 'computation', 'access')
                and c.relkind in ('r', 'p', 'v') and obj_description(c.oid) is null
            """
        ).fetchall()
    assert silent == []
