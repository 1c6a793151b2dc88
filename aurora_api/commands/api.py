"""`aurora api`: the GraphQL service alone."""

import os

from aurora_api.access.demo_users import kept_demo_users
from aurora_api.commands.sign_in import print_demo_users
from aurora_api.service.app import serve
from aurora_api.service.settings import settings_from_environment
from aurora_api.service.workers import serve_with_workers
from aurora_resources.postgres.paths import aurora_home
from aurora_resources.warehouse.address import URL_VARIABLE
from aurora_resources.warehouse.connection import API_ROLE, open_warehouse


def api(host: str, port: int, workers: int) -> None:
    """Answer with this many processes until told to stop. The demonstration's users, if any, are shown.

    Only Aurora's own database is brought up to date on the way: elsewhere the service signs in as one who may
    not, and `/health/ready` says when `aurora migrate` is due.
    """
    settings = settings_from_environment()
    own = not os.environ.get(URL_VARIABLE)
    with open_warehouse(application="aurora-api", migrated=own, role=API_ROLE) as warehouse:
        if own:
            print_demo_users(kept_demo_users(aurora_home()))
        if workers == 1:
            serve(warehouse, settings, host=host, port=port)
        else:
            serve_with_workers(workers, settings.limits, host=host, port=port)
