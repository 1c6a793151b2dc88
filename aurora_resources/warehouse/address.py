"""The address of a PostgreSQL database, taken apart without ever showing its password."""

from typing import Final
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from aurora_resources.errors import ConfigurationError

URL_VARIABLE: Final = "AURORA_DATABASE_URL"


def parse_address(url: str) -> dict[str, str]:
    """The parts that `url` gives, by libpq's names (`host`, `dbname`, `password` ...).

    Raises ConfigurationError without repeating the text, and without the library's error, which does.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise ConfigurationError(
            f"{URL_VARIABLE} is not an address of PostgreSQL (not shown: it may hold a password); write "
            "postgresql://user:password@host:5432/database, with special characters of the password as %XX"
        ) from None
    return {name: str(value) for name, value in parts.items() if value is not None}


def describe_address(url: str) -> str:
    """Which database where, as whom: for messages, so without the password."""
    parts = parse_address(url)
    host = parts.get("host") or parts.get("hostaddr") or "the default host"
    return f"database {parts.get('dbname', '(default)')} on {host} as user {parts.get('user', '(default)')}"


def with_option(parts: dict[str, str], option: str) -> str:
    """The `options` of an address, and one more (`-crole=aurora_api`)."""
    return " ".join([*([parts["options"]] if "options" in parts else []), option])


def sqlalchemy_address(url: str, driver: str, option: str) -> str:
    """The same database for SQLAlchemy, by `driver` (`postgresql+psycopg2`), with one more server option.

    Holds the password, if there is one.
    """
    parts = parse_address(url)
    parts["options"] = with_option(parts, option)
    user, password, database = (parts.pop(part, None) for part in ("user", "password", "dbname"))
    who = ":".join(quote(part, safe="") for part in (user, password) if part is not None)
    query = urlencode(parts, quote_via=quote)
    return f"{driver}://{who}@/{quote(database or '', safe='')}?{query}"
