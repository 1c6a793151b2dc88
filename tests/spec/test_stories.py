"""The rules bite: whatever a rule's tables leave out or say otherwise is noticed."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.spec.commission.drawing import tables
from tests.spec.commission.story import Story
from tests.spec.rule_book import CHAPTERS

FOLDER = Path(__file__).parent / "commission"
COMPARED = ("owed", "lines", "shares", "findings", "corrections")


def drawings() -> Iterator[tuple[str, str]]:
    """Name and drawing of every rule that says what follows from what is given."""
    for path in sorted(FOLDER.glob(CHAPTERS)):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            drawing = (ast.get_docstring(node) if isinstance(node, ast.FunctionDef) else None) or ""
            if isinstance(node, ast.FunctionDef) and any(tables(drawing).get(name) for name in COMPARED):
                yield node.name, drawing


@pytest.mark.parametrize("drawing", [pytest.param(text, id=name) for name, text in drawings()])
def test_a_row_that_is_missing_or_wrong_is_noticed(drawing: str) -> None:
    for name in COMPARED:
        drawn = tables(drawing)
        if drawn.get(name):
            column = list(drawn[name][-1])[-1]
            missing, wrong = tables(drawing), tables(drawing)
            missing[name].pop()
            wrong[name][-1][column] = "77"
            for changed in (missing, wrong):
                with pytest.raises(AssertionError):
                    Story(changed).holds()


def test_a_table_of_nothing_but_its_head_says_that_nothing_follows() -> None:
    drawing = """
    revenue
        component | revenue
        MEV_TIPS  | 10 SOL
    agreements
        partner | component | method      | pays
        A       | MEV_TIPS  | FIXED_SHARE | 10 %
    lines
        partner | validator | amount
    """
    with pytest.raises(AssertionError, match="lines"):
        Story(tables(drawing)).holds()
    with pytest.raises(AssertionError, match="nothing is said to follow"):
        Story(tables(drawing.partition("    lines")[0])).holds()
