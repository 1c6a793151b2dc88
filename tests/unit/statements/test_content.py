"""What a statement's document is: canonical JSON, exact amounts, one digest for ever."""

import hashlib
import json
from pathlib import Path

from aurora_assets.statements.content import freeze, read_lines
from tests.unit.statements.samples import line, statement, true_up


class TestContent:
    def test_it_is_canonical_and_has_no_number_that_a_reader_could_round(self) -> None:
        frozen = freeze(statement(line(), true_ups=(true_up(-5),), opening=-1))
        assert json.loads(frozen.canonical) == frozen.document
        assert frozen.sha256 == hashlib.sha256(frozen.canonical).digest()
        assert b'"amount":"803469022129495137770981046170581301261101496891396417650688"' in frozen.canonical
        document = frozen.document
        assert document["totals"]["lines"] == str(2**199)
        assert document["totals"]["payable"] == str(2**199 - 6)
        assert document["true_ups"][0]["difference"] == "-5"
        assert document["periods"][0]["ends_at"] == "2026-01-03T00:00:00Z"
        # RFC 8785: keys in order, no space, text as it is.
        assert frozen.canonical.startswith(b'{"billing_month":"2026-01","chain":{"chain_id":')
        assert "Validator \u2116 1".encode() in frozen.canonical

    def test_equal_statements_are_equal_bytes_and_one_lamport_is_another_digest(self) -> None:
        one = freeze(statement(line()))
        assert freeze(statement(line())).canonical == one.canonical
        assert freeze(statement(line(amount=2**199 - 1))).sha256 != one.sha256

    def test_its_lines_can_be_read_again(self) -> None:
        lines = (line(), line(2, validator_key=None, validator_name=None, amount=0, override_reason="gift"))
        assert tuple(read_lines(freeze(statement(*lines)).document)) == lines

    def test_corrections_see_what_is_owed(self) -> None:
        owed = line(amount=3, override_reason="gift").owed("north", "solana-mainnet")
        assert (owed.amount, owed.override_reason, owed.sort_key) == (3, "gift", ("north", "a", "r", "v1"))

    def test_the_document_and_its_digest_are_for_ever(self) -> None:
        """Released statements are verified by these bytes: a change of format needs a new `FORMAT`."""
        lines = (line(), line(2, validator_key=None, validator_name=None, amount=0, override_reason="gift"))
        frozen = freeze(statement(*lines, true_ups=(true_up(-5),), opening=-1))
        assert frozen.canonical == (Path(__file__).parent / "statement.json").read_bytes().rstrip(b"\n")
        assert frozen.sha256.hex() == "d04e96435c8846360edf090f7ca4629e00858e3a8335e0570a1f4af0edd84367"
