"""`aurora agreement load FILE`: check a file of partners, wallets and agreements, and write what is new."""

from pathlib import Path
from typing import Any

import psycopg

from aurora_api.commands.surroundings import console
from aurora_assets.agreement_file import read_agreement_file
from aurora_assets.agreement_store import load_agreements
from aurora_resources.config import AuroraConfig
from aurora_resources.config_files import load_config
from aurora_resources.warehouse.connection import open_warehouse
from aurora_resources.warehouse.registry import sync_registry


def load(file: Path, *, check: bool) -> None:
    """Load `file`; with `check` only say whether it could be."""
    config = load_config()
    if check:
        chains = {chain.chain_id: chain for chain in config.chains}
        parsed = read_agreement_file(file, chains)
        console.print(f"{file}: {len(parsed.partners)} partners, no fault found")
        return
    with open_warehouse(migrated=True) as warehouse, warehouse.connect() as connection:
        sync_registry(connection, config)
        load_file(connection, config, file)


def load_file(connection: psycopg.Connection[Any], config: AuroraConfig, file: Path) -> None:
    """Load `file` in one transaction and say what changed. Raises AgreementError."""
    chains = {chain.chain_id: chain for chain in config.chains}
    loaded = load_agreements(connection, read_agreement_file(file, chains), chains)
    connection.commit()
    changes = {
        "partners": loaded.partners,
        "wallets": loaded.wallets,
        "agreement versions": loaded.versions,
        "agreements renamed or in another status": loaded.statuses,
    }
    told = ", ".join(f"{count} {what}" for what, count in changes.items() if count)
    console.print(f"{file}: {told or 'nothing new'}")
