"""Reads `chains.yaml` and `providers.yaml` and checks one against the other.

Secrets are written as `${NAME}` (or `${NAME:-default}`) and are resolved from the environment, only for
providers that are enabled and used. An error lists every problem, with file, path and remedy. The models are
in `models.py`.
"""

import os
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, Field, ValidationError

from aurora_resources.config.chain_rules import StrictModel
from aurora_resources.config.models import (
    CHAINS_FILE,
    PROVIDERS_FILE,
    AuroraConfig,
    ChainProviders,
    ChainSettings,
    ProviderSettings,
)
from aurora_resources.errors import ConfigurationError

CONFIG_DIRECTORY_VARIABLE = "AURORA_CONFIG_DIR"

M = TypeVar("M", bound=BaseModel)

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z][A-Z0-9_]*)(?::-(?P<default>[^}]*))?\}")


class _ChainsFile(StrictModel):
    chains: tuple[ChainSettings, ...] = Field(min_length=1)


class _ProvidersFile(StrictModel):
    providers: tuple[dict[str, Any], ...] = Field(min_length=1)


def load_chains(directory: Path | None = None) -> tuple[ChainSettings, ...]:
    """The chains alone, checked against the providers' names; no environment variable is needed.

    Raises ConfigurationError like `load_config`.
    """
    return _load_both(_configuration_directory(directory, os.environ))[0]


def load_config(directory: Path | None = None, environment: Mapping[str, str] | None = None) -> AuroraConfig:
    """Read both files from `directory` (default `$AURORA_CONFIG_DIR`, else the working directory).

    Raises ConfigurationError with every problem found: file, path in it, and remedy.
    """
    environment = os.environ if environment is None else environment
    chains, raw_providers = _load_both(_configuration_directory(directory, environment))
    used = frozenset(name for chain in chains for name in chain.providers.names())
    providers = tuple(
        _provider(index, raw, environment, needed=raw.get("name") in used)
        for index, raw in enumerate(raw_providers)
    )
    return AuroraConfig(chains=chains, providers=tuple(found for found in providers if found is not None))


def _configuration_directory(directory: Path | None, environment: Mapping[str, str]) -> Path:
    return directory or Path(environment.get(CONFIG_DIRECTORY_VARIABLE) or ".")


def _load_both(directory: Path) -> tuple[tuple[ChainSettings, ...], tuple[dict[str, Any], ...]]:
    """Both files, valid each and together; no environment variable is resolved yet."""
    chains = _validated(_ChainsFile, _read_yaml(directory / CHAINS_FILE), CHAINS_FILE).chains
    raw_providers = _validated(
        _ProvidersFile, _read_yaml(directory / PROVIDERS_FILE), PROVIDERS_FILE
    ).providers
    problems = _duplicates(chains, raw_providers) + _unknown_providers(chains, raw_providers)
    if problems:
        raise ConfigurationError("\n".join(problems))
    return chains, raw_providers


def _read_yaml(path: Path) -> object:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: the file is missing; run from the checkout or set {CONFIG_DIRECTORY_VARIABLE}"
        ) from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise ConfigurationError(f"{path}: not valid YAML: {problem}") from None


def _validated(model: type[M], raw: object, file: str) -> M:
    try:
        return model.model_validate(raw)
    except ValidationError as problem:
        raise ConfigurationError(_problem_lines(problem, file, prefix="")) from None


def _problem_lines(problem: ValidationError, file: str, prefix: str) -> str:
    return "\n".join(
        f"{file}: {prefix}{'.'.join(str(part) for part in error['loc'])}: {error['msg']}".replace(": :", ":")
        for error in problem.errors(include_input=False, include_url=False)
    )


def _duplicates(chains: tuple[ChainSettings, ...], providers: tuple[dict[str, Any], ...]) -> list[str]:
    chain_counts = Counter(chain.chain_id for chain in chains)
    provider_counts = Counter(str(raw.get("name")) for raw in providers)
    return [
        f'{file}: {kind} "{name}" is defined {count} times; keep one'
        for file, kind, counts in (
            (CHAINS_FILE, "chain", chain_counts),
            (PROVIDERS_FILE, "provider", provider_counts),
        )
        for name, count in counts.items()
        if count > 1
    ]


def _unknown_providers(chains: tuple[ChainSettings, ...], providers: tuple[dict[str, Any], ...]) -> list[str]:
    enabled = {str(raw.get("name")): raw.get("enabled", True) for raw in providers}
    problems = []
    for chain in chains:
        for field in ChainProviders.model_fields:
            for name in getattr(chain.providers, field):
                where = f"{CHAINS_FILE}: {chain.chain_id}.providers.{field} names"
                if name not in enabled:
                    known = ", ".join(sorted(enabled))
                    problems.append(f'{where} "{name}"; {PROVIDERS_FILE} has: {known}')
                elif not enabled[name]:
                    problems.append(f'{where} "{name}", which is disabled in {PROVIDERS_FILE}; enable it')
    return problems


def _provider(
    index: int, raw: dict[str, Any], environment: Mapping[str, str], *, needed: bool
) -> ProviderSettings | None:
    """The provider's settings; None for one that is not in use and whose variables are not set."""
    where = f"providers.{index} ({raw.get('name', 'no name')})."
    resolved, missing = _resolve(raw, environment)
    if missing and raw.get("enabled", True) is not False and needed:
        names = ", ".join(sorted(missing))
        raise ConfigurationError(
            f"{PROVIDERS_FILE}: {where[:-1]} needs the environment variable {names}; "
            "set it, or set `enabled: false`"
        )
    if missing:
        return None
    try:
        return ProviderSettings.model_validate(resolved)
    except ValidationError as problem:
        raise ConfigurationError(_problem_lines(problem, PROVIDERS_FILE, prefix=where)) from None


def _resolve(raw: Any, environment: Mapping[str, str]) -> tuple[Any, set[str]]:  # noqa: ANN401 - raw YAML
    """`raw` with `${NAME}` and `${NAME:-default}` replaced, and the names that have no value."""
    missing: set[str] = set()

    def value_of(match: re.Match[str]) -> str:
        found = environment.get(match["name"]) or match["default"]
        if found is None:
            missing.add(match["name"])
            return ""
        return found

    def walk(node: Any) -> Any:  # noqa: ANN401 - raw YAML
        if isinstance(node, str):
            replaced = _VARIABLE.sub(value_of, node)
            return None if replaced == "" and node else replaced
        if isinstance(node, dict):
            return {key: walk(child) for key, child in node.items()}
        if isinstance(node, list):
            return [walk(child) for child in node]
        return node

    return walk(raw), missing
