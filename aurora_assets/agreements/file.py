"""Partners, their wallets and agreements as a readable YAML file, read and checked.

What may stand in it is in `entries.py`; writing to the warehouse is in `store.py`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from aurora_assets.agreements.entries import (
    KnownChain,
    PartnerEntry,
    normalize_partner,
    parse_entry,
    to_claim,
    to_version,
)
from aurora_assets.commission.activation import validate
from aurora_assets.commission.agreement import AgreementStatus
from aurora_resources.config.chain_rules import StrictModel
from aurora_resources.errors import AgreementError


class AgreementFile(StrictModel):
    """The whole file."""

    format: Literal["aurora-agreements/1"] = "aurora-agreements/1"
    partners: tuple[PartnerEntry, ...] = Field(min_length=1)


def read_agreement_file(path: Path, chains: Mapping[str, KnownChain]) -> AgreementFile:
    """Read and check a file. Raises AgreementError naming the file, the place in it and the remedy.

    Every agreement that is not a draft must be fit to be put in force; chains must be configured.
    """
    try:
        raw: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AgreementError(f"{path}: there is no such file") from None
    except yaml.YAMLError as problem:
        raise AgreementError(f"{path}: not valid YAML: {problem}") from None
    parsed = parse_entry(AgreementFile, raw, str(path))
    partners = []
    for partner in parsed.partners:
        try:
            partners.append(normalize_partner(partner, chains))
            _check(partners[-1], chains)
        except AgreementError as problem:
            raise AgreementError(f"{path}: partner {partner.code}: {problem}") from None
    return parsed.model_copy(update={"partners": tuple(partners)})


def _check(partner: PartnerEntry, chains: Mapping[str, KnownChain]) -> None:
    for wallet in partner.wallets:
        to_claim(partner.code, wallet)
    for agreement in partner.agreements:
        version = to_version(partner.code, agreement, version=1, chains=chains)
        if version.status is not AgreementStatus.DRAFT:
            validate(version)
