"""Print the rule book of commissions from its tests: one chapter a file, one rule a test, tables as drawn.

`python -m tests.spec.rule_book` writes `docs/commission-rules.md`. The tests are read, not run; that they
hold, and that the printed book is the current one, the test suite shows.
"""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aurora_assets.commission.methods.registry import METHODS
from tests.spec.commission.drawing import NAMES

CHECKOUT: Final = Path(__file__).resolve().parents[2]
CHAPTERS: Final = "test_[0-9][0-9]_*.py"
METHODS_HERE: Final = "{methods}"
"""Stands in a chapter's text for the table of attribution methods."""

BOOK: Final = CHECKOUT / "docs" / "commission-rules.md"

CAPTIONS: Final = {
    "periods": "Periods",
    "revenue": "What validators earned",
    "stakes": "Active stake",
    "clients": "What was observed from clients",
    "wallets": "Wallets introduced",
    "agreements": "Agreements",
    "guard": "Revenue guard",
    "restated": "Restated after release",
    "owed": "Then is owed",
    "lines": "Then the lines are",
    "shares": "Then the shares are",
    "findings": "And it is found",
    "corrections": "Then the corrections are",
    "refused": "Then is refused",
    "splits": "Then the parts are",
    "balances": "Then is settled",
}

PREFACE: Final = """\
# The rules of commissions

What Aurora pays partners, rule by rule, each with an example. Every example is a test: the tables below are
what the engine is given and what it must answer, to the last unit. This page is printed from those tests
(`tests/spec/commission`, `python -m tests.spec.rule_book`); change it there.

How to read the tables: amounts without a unit are native units (lamports, wei), `?` is an amount that is not
known. Unless a table says otherwise there is one validator and one period, every fact is final, and every
agreement and wallet has been in force for long. A, B are partners, w1, w2 wallets, v1, v2 validators. Where
nothing is said to be found, nothing is.
"""


def render(folder: Path) -> str:
    """The whole book as Markdown."""
    chapters = sorted(folder.glob(CHAPTERS))
    parts = [PREFACE, *(_chapter(number, path) for number, path in enumerate(chapters, start=1))]
    return "\n".join(parts)


def _chapter(number: int, path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    title, text = _title(ast.get_docstring(tree), path.name)
    parts = [f"## {number}. {title}\n", f"{text.replace(METHODS_HERE, _methods())}\n"]
    rules = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    for count, node in enumerate(rules, start=1):
        heading, body = _title(ast.get_docstring(node), f"{path.name} {node.name}")
        parts.append(f"### {number}.{count} {heading.removesuffix('.')}\n")
        parts.append("".join(_body(body)).lstrip())
    return "\n".join(parts)


def _methods() -> str:
    """The attribution methods as a table: what each one's base is."""
    rows = [f"| {method.name} | {method.meaning} |" for method in METHODS.values()]
    return "\n".join(["| method | base |", "|---|---|", *rows])


def _title(docstring: str | None, where: str) -> tuple[str, str]:
    """The first paragraph and the rest. Raises ValueError naming the test that tells no rule."""
    title, _, rest = inspect.cleandoc(docstring or "").partition("\n\n")
    if not title or not rest:
        raise ValueError(f"{where}: a chapter and a rule have a sentence first, then the rest")
    return " ".join(title.split()), rest.strip()


def _body(drawing: str) -> Iterator[str]:
    """Paragraphs as they stand, tables with a caption and as Markdown, as wide as they are drawn."""
    is_heading = False
    for line in drawing.splitlines():
        name = line.strip()
        if name in NAMES and not line.startswith(" "):
            yield f"\n{CAPTIONS[name]}:\n\n"
            is_heading = True
        elif "|" in line and line.startswith(" "):
            yield f"| {line.strip()} |\n"
            if is_heading:
                yield f"|{'---|' * len(line.split('|'))}\n"
            is_heading = False
        elif line.strip():
            yield f"{line}\n"


def main() -> None:
    """Write the book."""
    BOOK.write_text(render(CHECKOUT / "tests" / "spec" / "commission"), encoding="utf-8")


if __name__ == "__main__":
    main()
