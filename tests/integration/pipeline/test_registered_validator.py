"""A validator registered through the API is one whose books are kept, beside those of chains.yaml."""

from aurora_resources.config.files import load_config
from aurora_resources.config.models import ValidatorEntry
from aurora_resources.warehouse.registry import declare_validator, with_declared
from tests.integration.pipeline.installation import CHAIN, Pipeline, keys

PERIOD = 803


def test_books_are_kept_for_it(pipeline: Pipeline) -> None:
    pipeline.configure()
    *told, left = pipeline.chain["validators"]
    config = pipeline.configure(validators=told)
    with pipeline.warehouse.connect() as connection:
        declare_validator(
            connection, config.chain(CHAIN), ValidatorEntry.model_validate(left), "found in a drawer"
        )
    assert pipeline.backfill(PERIOD, PERIOD).succeeded
    pnl = pipeline.pnl(PERIOD)
    assert set(pnl) == {*keys(pipeline.chain), left["key"]}
    assert pnl[left["key"]]["completeness"] == "COMPLETE"
    own = pipeline.query("select wallet from registry.operator_wallets where validator_key = %s", left["key"])
    assert own == [(left["own_wallets"][0],)]


def test_the_file_goes_before_and_all_needs_none(pipeline: Pipeline) -> None:
    config = pipeline.configure()
    first, *rest = pipeline.chain["validators"]
    without = pipeline.configure(validators=rest).chain(CHAIN)
    entry = ValidatorEntry.model_validate(first | {"name": "As registered"})
    with pipeline.warehouse.connect() as connection:
        assert declare_validator(connection, without, entry, "test") is None
        assert declare_validator(connection, without, entry, "again") == entry
        merged = with_declared(connection, without)
        assert [known.name for known in merged.declared_validators() or ()][-1] == "As registered"
        assert with_declared(connection, config.chain(CHAIN)) == config.chain(CHAIN)
        everybody = pipeline.configure(validators="all").chain(CHAIN)
        assert with_declared(connection, everybody).declared_validators() is None
    assert load_config(pipeline.folder).chain(CHAIN).validators == "all"
