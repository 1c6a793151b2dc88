"""Above the adapters nobody knows which chain it is: a word of one chain there is a rule in the wrong place.

The migrations are left out: they are history, and their comments give a column's unit by example.
"""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PLACES = ("aurora_assets/**/*.py", "aurora_api/**/*.py", "sql/**/*.sql")
NEUTRAL = sorted(path for place in PLACES for path in CHECKOUT.glob(place) if "migrations" not in path.parts)
OF_A_CHAIN = re.compile(
    r"solana|ethereum|lamport|\bSOL\b|\bETH\b|\bwei\b|gwei|\bjito|stakewiz|\bbeacon|\bvote.account",
    re.IGNORECASE,
)


def test_there_is_something_to_look_at() -> None:
    assert {path.parts[len(CHECKOUT.parts)] for path in NEUTRAL} == {"aurora_assets", "aurora_api", "sql"}


@pytest.mark.parametrize("path", NEUTRAL, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_names_no_chain(path: Path) -> None:
    found = [
        f"{number}: {line.strip()}"
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if OF_A_CHAIN.search(line)
    ]
    assert found == []


def test_no_branch_on_a_protocol() -> None:
    """Who asks for a chain's protocol is the wiring, the settings themselves, and what shows it."""
    asking = {
        str(path.relative_to(CHECKOUT))
        for package in ("aurora_api", "aurora_assets", "aurora_resources")
        for path in (CHECKOUT / package).rglob("*.py")
        if re.search(r"(chain|settings|self)\.protocol\b", path.read_text())
    }
    assert asking == {"aurora_resources/config/models.py", "aurora_resources/providers/wiring.py"}
