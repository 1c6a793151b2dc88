"""The printed rule book is the current one, and leaves no rule out."""

import ast
from pathlib import Path

import pytest

from tests.spec.commission.drawing import NAMES
from tests.spec.rule_book import BOOK, CAPTIONS, CHAPTERS, render

FOLDER = Path(__file__).parent / "commission"


def test_the_printed_rule_book_is_current() -> None:
    assert BOOK.read_text(encoding="utf-8") == render(FOLDER), "run `python -m tests.spec.rule_book`"


def test_every_rule_and_table_is_printed() -> None:
    book = BOOK.read_text(encoding="utf-8")
    rules = [
        node
        for path in FOLDER.glob(CHAPTERS)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert book.count("\n### ") == len(rules)
    assert set(CAPTIONS) == set(NAMES)
    for node in rules:
        assert (ast.get_docstring(node) or "").splitlines()[0].removesuffix(".") in book


def test_a_test_that_tells_no_rule_cannot_be_printed(tmp_path: Path) -> None:
    (tmp_path / "test_01_silent.py").write_text(
        '"""Title\n\nText."""\n\n\ndef test_it() -> None:\n    pass\n'
    )
    with pytest.raises(ValueError, match=r"test_01_silent\.py test_it: a chapter and a rule"):
        render(tmp_path)
