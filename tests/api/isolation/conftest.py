"""Books in which two partners have something of every kind, each on a validator of its own."""

import os
from collections.abc import Iterator

import dagster as dg
import psycopg
import pytest
import yaml

from aurora_resources.sandbox.generate import demo_world
from aurora_resources.sandbox.server import PATHS
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.embedded import EmbeddedServer
from tests.api.conftest import run_service
from tests.api.isolation.belongings import PERIOD, Books, belongings
from tests.api.money.conftest import NOWHERE, USERS
from tests.integration.pipeline.installation import CHAIN, CHECKOUT, Pipeline, keys
from tests.integration.statements.office import FEBRUARY, JANUARY, Office, dated

PARTNERS = {"north": "northwind", "south": "harbor"}


@pytest.fixture(scope="session")
def books(
    database_server: EmbeddedServer, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Books]:
    """The service over them. Nothing that a partner may do changes what these tests look at."""
    name = f"isolation_{os.getpid()}"
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template_database} strategy file_copy")
        try:
            warehouse = Warehouse(
                database_server.url(name), application="aurora test", server=database_server
            )
            folder = tmp_path_factory.mktemp("isolation")
            with pytest.MonkeyPatch.context() as environment, dg.DagsterInstance.ephemeral() as instance:
                environment.setenv("AURORA_CONFIG_DIR", str(folder))
                environment.setenv("AURORA_DATABASE_URL", warehouse.url)
                urls = dict.fromkeys(PATHS, NOWHERE)
                validators = _book(Office(Pipeline(folder, warehouse, urls, instance)))
                with run_service(warehouse) as service:
                    owned = {
                        user: belongings(service, user, code, validators[user])
                        for user, code in PARTNERS.items()
                    }
                    yield Books(service, owned)
        finally:
            connection.execute(f"drop database {name} with (force)")


def _book(office: Office) -> dict[str, str]:
    """Two months released to both partners, the second with a correction; whose validator is which."""
    pipeline = office.pipeline
    pipeline.configure()
    listed = keys(pipeline.chain)
    validators = dict(zip(PARTNERS, listed, strict=False))
    file = yaml.safe_load((CHECKOUT / "partners.yaml").read_text())
    for partner in file["partners"]:
        (user,) = [user for user, code in PARTNERS.items() if code == partner["code"]]
        # The books are of one chain, so what is agreed on another one is left out.
        partner["wallets"] = [wallet for wallet in partner["wallets"] if wallet["chain"] == CHAIN]
        partner["agreements"] = [
            agreement
            for agreement in partner["agreements"]
            if {rule["chain"] for rule in agreement["rules"]} == {CHAIN}
        ]
        for agreement in partner["agreements"]:
            for rule in agreement["rules"]:
                rule |= {"method": "FIXED_SHARE", "validator": validators[user]}
    pipeline.load(file)
    office.ask(dated(demo_world()), 800, 805)
    # The engine leaves sections as drafts, which no partner reads. Released by hand a section has an owner
    # who sees it, so that the other's answer is told apart from nobody's.
    office.sql(
        "update computation.commission_statements set status = 'RELEASED' where period_id = %s", PERIOD
    )
    office.sql(USERS)
    for user, code in PARTNERS.items():
        office.sql(
            "update access.users set validator_keys = array[%s] where username = %s", validators[user], user
        )
        office.sql(
            "update registry.partner_wallets set notes = 'note of ' || code from registry.partners "
            "where partners.partner_id = partner_wallets.partner_id and code = %s",
            code,
        )
        office.release(JANUARY, code)
    office.sql(
        "update canonical.validator_rewards set commission = commission + 1000000 "
        "where chain_id = %s and period_id = 801 and validator_key = any(%s)",
        CHAIN,
        list(validators.values()),
    )
    office.rebook(801)
    for code in PARTNERS.values():
        office.release(FEBRUARY, code)
    return validators
