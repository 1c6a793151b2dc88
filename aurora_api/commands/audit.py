"""`aurora audit`: the proof that no row of the audit log was edited, removed or inserted."""

from aurora_api.commands.console import console, print_json
from aurora_api.commands.read_only import open_read_only
from aurora_resources.errors import ConfigurationError
from aurora_resources.warehouse.audit import verify_audit


def verify(anchor: str | None, *, as_json: bool) -> bool:
    """Whether the log is as it was written; what is wrong is printed.

    `anchor` is `number:hash` of a row, as an earlier call printed it. Raises ConfigurationError for another
    text, MigrationError when the tables are not the newest.
    """
    noted = None if anchor is None else read_anchor(anchor)
    with open_read_only("aurora audit") as warehouse, warehouse.connect() as connection:
        verdict = verify_audit(connection, noted)
    head = f"{verdict.sequence}:{verdict.head_hash.hex()}"
    if as_json:
        faults = [{"row": fault.sequence, "message": fault.message} for fault in verdict.faults]
        print_json({"intact": verdict.intact, "rows": verdict.row_count, "head": head, "faults": faults})
        return verdict.intact
    for fault in verdict.faults:
        console.print(fault.message, markup=False, highlight=False, soft_wrap=True)
    told = "none was edited, removed or inserted" if verdict.intact else "THE LOG WAS TOUCHED"
    console.print(f"{verdict.row_count} rows: {told}", highlight=False)
    # Whoever can rewrite the whole log can do it consistently: only what is kept elsewhere tells.
    console.print(
        f"head {head} (keep it elsewhere, and pass it as --anchor)", soft_wrap=True, highlight=False
    )
    return verdict.intact


def read_anchor(text: str) -> tuple[int, bytes]:
    """Number and hash of `number:hash`. Raises ConfigurationError for another text."""
    number, _, digest = text.partition(":")
    try:
        return int(number), bytes.fromhex(digest)
    except ValueError:
        raise ConfigurationError(
            f"--anchor {text}: write it as aurora audit verify prints the head, number:hash"
        ) from None
