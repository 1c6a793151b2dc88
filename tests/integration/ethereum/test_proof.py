"""Every number leads back to responses, and the books are what their responses give."""

import pytest

from aurora_api.commands import explain as command
from aurora_assets.explain.explanation import explain
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.replay import verify
from aurora_resources.config.files import load_config
from aurora_resources.providers.wiring import chain_source
from aurora_sandbox.ethereum.world import EthereumWorld
from tests.integration.ethereum.conftest import ETHEREUM
from tests.integration.pipeline.installation import CHECKOUT, Pipeline


def test_lines_are_explained_and_books_verified(
    ether: Pipeline, ether_world: EthereumWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    ether.load(CHECKOUT / "partners.yaml")
    first = ether_world.first_window
    done = ether.backfill(first, first + 1)
    assert done.succeeded, done.failures
    config = load_config(ether.folder)
    settings = config.chain(ETHEREUM)

    run = ChainRun(settings, chain_source(settings), ether.warehouse, run_id="verify")
    replayed = verify(run, first, first + 1)
    assert replayed.equal, replayed.discrepancies
    assert replayed.compared["canonical.validator_mev"] == 2 * len(ether_world.members)

    lines = ether.query(
        "select line_id::text, amount from computation.commission_lines_current where chain_id = %s", ETHEREUM
    )
    assert len(lines) > 10
    for line_id, amount in lines:
        with ether.warehouse.connect() as connection:
            found = explain(connection, line_id, config.chains)
        assert found.holds
        assert found.steps[-1].amount == amount
        roles = {source.ingestion["role"] for source in found.sources}
        assert {"stakes", "periods"} <= roles, "where the blocks and the weights come from"
        assert all(source.payloads for source in found.sources)
    command.explain(lines[0][0], show_all=False, as_json=False)
    assert " wei (" in capsys.readouterr().out


def test_one_statement_a_chain(ether: Pipeline, ether_world: EthereumWorld) -> None:
    """A partner with agreements on both chains: two statements, each of its own chain's lines alone."""
    ether.load(CHECKOUT / "partners.yaml")
    assert ether.backfill(ether_world.first_window, ether_world.first_window).succeeded
    ether.chain_id, ether.chain = "solana-mainnet", {}
    assert ether.backfill(803, 803).succeeded
    rows = ether.query(
        "select statement.chain_id, statement.total, sum(line.amount)::numeric, count(distinct line.chain_id)"
        " from computation.commission_statements_current as statement"
        " join registry.partners as partner using (partner_id)"
        " join computation.commission_lines_current as line"
        "   on line.generation_id = statement.generation_id and line.partner_id = statement.partner_id"
        " where partner.code = 'northwind' group by 1, 2 order by 1"
    )
    assert [row[0] for row in rows] == [ETHEREUM, "solana-mainnet"]
    for _, total, summed, chains in rows:
        assert (total, chains) == (summed, 1)
