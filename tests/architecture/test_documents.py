"""The documents for contributors are true: each path they name exists, each relative link has a target."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
NAMING_PATHS = ("CONTRIBUTING.md", "docs/architecture.md")
LINKING = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md")])
PATH = re.compile(
    r"`((?:aurora_\w+|sql|docs|tests|scripts|benchmarks|\.ci)(?:/[\w./-]*)?|[\w.-]+\.(?:py|md|toml|yaml|lock))`"
)


@pytest.mark.parametrize("document", NAMING_PATHS)
def test_every_path_exists(document: str) -> None:
    named = PATH.findall((CHECKOUT / document).read_text(encoding="utf-8"))
    assert len(named) > 20
    assert [name for name in named if not (CHECKOUT / name).exists()] == []


@pytest.mark.parametrize("document", LINKING, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_relative_link_has_a_target(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|<)([^)#\s]+)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []
