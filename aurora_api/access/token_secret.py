"""The secret that tokens are signed with: from the environment, or one kept in Aurora's home.

The latter is for a developer's machine, where the database is Aurora's own, too.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from aurora_api.access.token_keys import TokenKeys
from aurora_resources.errors import ConfigurationError
from aurora_resources.postgres.paths import aurora_home
from aurora_resources.warehouse.address import URL_VARIABLE

SECRET_VARIABLE: Final = "AURORA_TOKEN_SECRET"  # noqa: S105 - the variable's name
PREVIOUS_VARIABLE: Final = "AURORA_TOKEN_SECRET_PREVIOUS"
KEPT: Final = "token-secret"
_SHORTEST: Final = 32
_DISTINCT: Final = 12
_EXAMPLES: Final = ("change", "example", "password", "secret", "default", "aurora", "01234567", "abcdefgh")
_FOR_OTHERS: Final = 0o077


def token_keys() -> TokenKeys:
    """The keys of this installation.

    `AURORA_TOKEN_SECRET` signs; what `AURORA_TOKEN_SECRET_PREVIOUS` signed is still taken. Without the
    former, and with the embedded database, a secret is made and kept in `AURORA_HOME`. Raises
    ConfigurationError for a weak secret, for none beside a database of somebody else's, and for a kept one
    that others can read.
    """
    given = os.environ.get(SECRET_VARIABLE)
    previous = os.environ.get(PREVIOUS_VARIABLE)
    if given:
        return TokenKeys(
            [_strong(SECRET_VARIABLE, given)] + ([_strong(PREVIOUS_VARIABLE, previous)] if previous else [])
        )
    if os.environ.get(URL_VARIABLE):
        raise ConfigurationError(
            f"{SECRET_VARIABLE} is not set: give the service a secret of at least {_SHORTEST} random "
            "characters, the same for each of its processes"
        )
    return TokenKeys([kept_secret(aurora_home())])


def kept_secret(home: Path) -> str:
    """The secret kept in the home, made if missing; only its owner may read it. Raises ConfigurationError."""
    text = write_once(home / KEPT, secrets.token_urlsafe(48))
    return _strong(str(home / KEPT), text.strip())


def write_once(path: Path, text: str) -> str:
    """The text of a file for its owner alone, made with `text` if missing. Raises ConfigurationError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all, also when two processes begin at once: a link fails where there is a file.
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    if path.stat().st_mode & _FOR_OTHERS:
        raise ConfigurationError(f"{path} can be read by others; run chmod 600 on it, or remove it")
    return path.read_text(encoding="utf-8")


def _strong(where: str, secret: str) -> str:
    low = secret.lower()
    if len(secret) < _SHORTEST or len(set(secret)) < _DISTINCT or any(word in low for word in _EXAMPLES):
        raise ConfigurationError(
            f"{where} is too weak to sign tokens with: at least {_SHORTEST} random characters, such as "
            "openssl rand -base64 48 prints; not a word, not an example"
        )
    return secret
