"""The reference pages of the configuration are current and describe every key, with units for quantities."""

import pytest
from pydantic import BaseModel

from scripts.config_reference import (
    PAGES,
    PAGES_FOLDER,
    is_quantity,
    nested_models,
    render_page,
    unit_of,
)

MODELS = {model.__name__: model for _, models in PAGES.values() for model in nested_models(models)}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_current(name: str) -> None:
    assert (PAGES_FOLDER / f"{name}.md").read_text(encoding="utf-8") == render_page(name), "run make docs"


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_every_key_has_a_description_an_example_and_a_unit(model: type[BaseModel]) -> None:
    fields = model.model_fields
    assert [name for name, field in fields.items() if not field.description] == []
    assert [name for name, field in fields.items() if not field.examples] == []
    assert [name for name, field in fields.items() if is_quantity(field) and not unit_of(field)] == []
    assert model.__doc__


def test_the_pages_cover_the_nested_models() -> None:
    assert {"ServiceTerms", "RetrySettings", "TierEntry", "WalletEntry"} <= MODELS.keys()
