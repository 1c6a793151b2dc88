"""`aurora api`: the GraphQL service alone."""

from aurora_api.app import serve
from aurora_api.auth import new_token, token_from_environment
from aurora_api.commands.surroundings import console
from aurora_resources.warehouse.connection import open_warehouse


def api(host: str, port: int) -> None:
    """Answer until told to stop. Without `AURORA_API_TOKEN` a token is made and shown once."""
    token = token_from_environment()
    if token is None:
        token = new_token()
        console.print(f"Authorization: Bearer {token}", highlight=False)
    with open_warehouse(application="aurora-api", migrated=True) as warehouse:
        serve(warehouse, token, host=host, port=port)
