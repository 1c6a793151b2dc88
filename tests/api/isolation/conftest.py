"""Books in which two partners have something of every kind, each on a validator of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from aurora_resources.warehouse.connection import Warehouse
from aurora_sandbox.solana.generate import demo_world
from tests.api.conftest import run_service
from tests.api.isolation.belongings import PERIOD, Books, belongings
from tests.api.money.conftest import USERS
from tests.integration.pipeline.installation import CHAIN, CHECKOUT, keys
from tests.integration.statements.office import FEBRUARY, JANUARY, Office, dated, office_of
from tests.made_once import MadeOnce

PARTNERS = {"north": "northwind", "south": "harbor"}


@pytest.fixture(scope="session")
def books(made_once: MadeOnce, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """The service over them. Nothing that a partner may do changes what these tests look at."""
    name = made_once.make("isolation", _book)
    with (
        made_once.copy(name) as warehouse,
        office_of(tmp_path_factory.mktemp("isolation"), warehouse) as office,
        run_service(warehouse) as service,
    ):
        owned = {
            user: belongings(service, user, PARTNERS[user], validator)
            for user, validator in _validators(office).items()
        }
        yield Books(service, owned)


def _book(warehouse: Warehouse, folder: Path) -> None:
    """Two months released to both partners, the second with a correction."""
    with office_of(folder, warehouse) as office:
        _book_months(office, _validators(office))


def _validators(office: Office) -> dict[str, str]:
    """Whose validator is which."""
    return dict(zip(PARTNERS, keys(office.pipeline.chain), strict=False))


def _book_months(office: Office, validators: dict[str, str]) -> None:
    pipeline = office.pipeline
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
