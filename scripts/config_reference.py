"""The reference pages of `docs/configuration/`, rendered from the pydantic models of the configuration files.

`make docs` writes them; a test compares them with what `render_page` returns.
"""

import json
import types
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from aurora_assets.agreements.entries import PartnerEntry
from aurora_resources.config.chain_rules import EthereumRules, SolanaRules
from aurora_resources.config.models import ChainSettings, ProviderSettings

PAGES_FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "configuration"

PAGES: Final[dict[str, tuple[str, tuple[type[BaseModel], ...]]]] = {
    "chains": (
        "The file has one key, `chains`: a list of the chains, each with the keys of `ChainSettings`. The "
        "keys of `rules` depend on `protocol`: `SolanaRules` or `EthereumRules`.",
        (ChainSettings, SolanaRules, EthereumRules),
    ),
    "providers": (
        "The file has one key, `providers`: a list of the providers, each with the keys of "
        "`ProviderSettings`. `${NAME}` is replaced by an environment variable, `${NAME:-default}` has a "
        "default.",
        (ProviderSettings,),
    ),
    "partners": (
        "The file has two keys: `format`, which is `aurora-agreements/1`, and `partners`, a list of the "
        "partners, each with the keys of `PartnerEntry`. `aurora agreement load` checks and loads it.",
        (PartnerEntry,),
    ),
}
"""The configuration files: an introduction, and the models whose keys the file has."""

_TYPE_NAMES: Final[dict[object, str]] = {
    str: "text",
    SecretStr: "text (secret)",
    int: "integer",
    float: "number",
    bool: "true or false",
    datetime: "day or time",
    type(None): "",
}


def render_page(name: str) -> str:
    """The reference page of one configuration file, in Markdown."""
    introduction, models = PAGES[name]
    lines = [f"# {name}.yaml", "", "Generated from the models by `make docs`; do not edit.", ""]
    lines += [introduction, ""]
    for model in nested_models(models):
        lines += [f"## {model.__name__}", "", " ".join((model.__doc__ or "").split()), ""]
        lines += ["| key | type | unit | default | meaning | example |", "|---|---|---|---|---|---|"]
        lines += [_row(field_name, field) for field_name, field in model.model_fields.items()]
        lines.append("")
    return "\n".join(lines)


def nested_models(models: tuple[type[BaseModel], ...]) -> list[type[BaseModel]]:
    """The models and those of their fields, each once, in the order in which they are met."""
    found: list[type[BaseModel]] = []
    waiting = list(models)
    while waiting:
        model = waiting.pop(0)
        if model in found:
            continue
        found.append(model)
        for field in model.model_fields.values():
            waiting += [part for part in _parts(field.annotation) if _is_model(part)]
    return found


def is_quantity(field: FieldInfo) -> bool:
    """Whether a value of the field is a number or a time, and therefore needs a unit."""
    return any(part in (int, float, datetime) for part in _parts(field.annotation))


def unit_of(field: FieldInfo) -> str:
    """The field's unit, or an empty text."""
    extra = field.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def _row(name: str, field: FieldInfo) -> str:
    default = "required" if field.is_required() else _yaml(field.get_default(call_default_factory=True))
    cells = [f"`{field.alias or name}`", _type_name(field.annotation), unit_of(field), default]
    cells += [field.description or "", _yaml(field.examples[0]) if field.examples else ""]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _yaml(value: object) -> str:
    """A value as it is written in YAML's flow style, which is JSON."""
    if value is None or value is PydanticUndefined:
        return "none"
    plain = to_jsonable_python(value, exclude_none=True)
    return f"`{plain}`" if isinstance(plain, str) else f"`{json.dumps(plain)}`"


def _parts(annotation: Any) -> Iterator[Any]:  # noqa: ANN401 - any annotation
    """The classes and literals an annotation is made of."""
    if get_origin(annotation) is Annotated:
        yield from _parts(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType, tuple):
        for part in get_args(annotation):
            yield from _parts(part)
    else:
        yield annotation


def _type_name(annotation: Any) -> str:  # noqa: ANN401 - any annotation
    """The type in words; alternatives are joined by `or`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        name = _type_name(arguments[0])
    elif origin is tuple:
        name = f"list of {_type_name(arguments[0])}"
    elif origin in (Union, types.UnionType):
        name = " or ".join(filter(None, map(_type_name, arguments)))
    elif origin is Literal:
        name = " or ".join(f"`{value}`" for value in arguments)
    elif _is_model(annotation):
        name = f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    elif issubclass(annotation, Enum):
        name = " or ".join(f"`{member.value}`" for member in annotation)
    else:
        name = _TYPE_NAMES[annotation]
    return name


def _is_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def main() -> None:
    """Write the pages."""
    PAGES_FOLDER.mkdir(exist_ok=True)
    for name in PAGES:
        (PAGES_FOLDER / f"{name}.md").write_text(render_page(name), encoding="utf-8")


if __name__ == "__main__":
    main()
