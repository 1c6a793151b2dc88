"""Amounts of any size and sign go from the adapter to GraphQL unchanged."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aurora_sandbox.ethereum.truth import BlockTruth, window_truth
from aurora_sandbox.ethereum.world import EthereumWorld, demo_ethereum
from aurora_sandbox.serving import SandboxServer, sandbox_app
from aurora_sandbox.solana.generate import demo_world
from tests.api.conftest import run_service
from tests.integration.ethereum.conftest import ETHEREUM
from tests.integration.pipeline.installation import Pipeline, faults
from tests.integration.pipeline.steps import work_through

LARGEST = 2**256 - 1
ETH = 10**18
PNL = """query ($from: Ordinal, $keys: [String!]) {
  validatorPnl(chainId: "ethereum-mainnet", fromPeriod: $from, toPeriod: $from, validatorKeys: $keys) {
    edges { node {
      execFees { amount display } mevTips { amount display } mevTipsState voteRewards { amount display }
      totalRevenue { amount display unit displayUnit } completeness
    } }
  }
}"""

# The session of tests/api/conftest.py's first user.
ADMIN = """
insert into access.users (user_id, username, display_name, role) overriding system value
values (1, 'admin', 'Admin', 'ADMIN') on conflict do nothing;
insert into access.refresh_tokens (token_digest, family_id, user_id, expires_at)
values (sha256('admin'), md5('admin')::uuid, 1, now() + interval '1 day') on conflict do nothing;
"""


def asked(books: Pipeline, window: int, key: str) -> dict[str, Any]:
    """The P&L of a validator as GraphQL tells it."""
    with books.warehouse.connect() as connection:
        connection.execute(ADMIN.encode())
    with run_service(books.warehouse) as service:
        answer = service.ask(PNL, **{"from": window, "keys": [key]})
    ((edge,),) = [answer["validatorPnl"]["edges"]]
    node: dict[str, Any] = edge["node"]
    return node


def shouted(address: str) -> str:
    """The address as some files write it."""
    return "0x" + address[2:].upper()


def block_of(world: EthereumWorld, kind: str) -> tuple[int, str, BlockTruth]:
    """The window, the proposer and the block of that kind."""
    return next(
        (window, key, block)
        for window in range(world.first_window, world.last_window + 1)
        for key, truth in window_truth(world, window).items()
        for block in truth.blocks
        if block.kind == kind
    )


def test_more_than_a_hundred_coins(ether: Pipeline, ether_world: EthereumWorld) -> None:
    window, key, block = block_of(ether_world, "rich")
    assert work_through(ether, window) == {}
    told = asked(ether, window, key)
    assert block.fees > 100 * ETH
    assert told["execFees"]["amount"] == str(block.fees)
    assert told["execFees"]["display"] == f"{block.fees // ETH}.{block.fees % ETH:018d}"
    assert told["totalRevenue"]["unit"] == "wei"


def test_the_largest_amount_there_is(make_books: Callable[[SandboxServer], Pipeline]) -> None:
    """Relays claim it, and no balance can be asked that would say otherwise: provisional, and exact."""
    world = demo_ethereum()
    window, key, block = block_of(world, "internal")
    vars(world)["claims"] = {
        relay: tuple(
            replace(claim, value=LARGEST) if claim.block_hash == block.block_hash else claim
            for claim in claims
        )
        for relay, claims in world.claims.items()
    }
    no_archive = {
        "provider": "execution",
        "endpoint": "eth_getBalance",
        "kind": "rpc_error",
        "code": -32000,
        "message": "missing trie node",
    }
    with SandboxServer(sandbox_app(demo_world(), ethereum=world)) as server:
        books = make_books(server)
        rules = books.chain["rules"]
        terms = [{"fee_bps": 0, "base": "CONSENSUS", "execution_income": "OPERATOR"}]
        clients = [client | {"terms": terms} for client in rules["clients"]]
        books.configure(rules=rules | {"clients": clients})
        with faults(server, no_archive):
            assert work_through(books, window) == {}
    assert books.pnl(window)[key]["mev_tips"] == LARGEST
    assert books.pnl(window)[key]["total_revenue"] == LARGEST
    told = asked(books, window, key)
    assert told["mevTips"]["amount"] == told["totalRevenue"]["amount"] == str(LARGEST)
    assert told["mevTips"]["display"].replace(".", "") == str(LARGEST)
    assert told["mevTipsState"] == "PROVISIONAL"
    assert "PAYMENT_UNVERIFIED" in {code for code, _ in books.findings(window)}


def test_a_window_of_losses(ether: Pipeline, ether_world: EthereumWorld) -> None:
    """Own stake that was offline: the P&L is negative, and nobody is paid for it."""
    window = ether_world.first_window + 1
    truth = window_truth(ether_world, window)
    key, true = next(
        (key, true) for key, true in truth.items() if true.consensus_wei < 0 and not true.slashing
    )
    ether.configure(validator_defaults={"own_wallets": [true.withdrawal_address]})
    ether.load(
        {
            "partners": [
                {
                    "code": "scout",
                    "name": "Scout",
                    "wallets": [
                        {"chain": ETHEREUM, "wallet": shouted(true.withdrawal_address), "from": "2020-01-01"}
                    ],
                    "agreements": [
                        {
                            "id": "scout-1",
                            "name": "Share of own rewards",
                            "status": "ACTIVE",
                            "from": "2020-01-01",
                            "rules": [
                                {
                                    "id": "tenth",
                                    "component": "VOTE_REWARDS",
                                    "method": "CLIENT_REVENUE",
                                    "chain": ETHEREUM,
                                    "validator": key,
                                    "rate_bps": 1000,
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    )
    done = ether.backfill(window, window + 1)
    assert done.succeeded, done.failures
    loss = true.consensus_wei
    assert ether.pnl(window)[key]["vote_rewards"] == loss < 0
    assert ether.pnl(window)[key]["total_revenue"] == loss
    told = asked(ether, window, key)
    assert told["totalRevenue"]["amount"] == str(loss)
    assert told["totalRevenue"]["display"] == f"-0.{-loss:018d}"
    lines = ether.query(
        "select period_id, base, amount from computation.commission_lines_current order by period_id"
    )
    gained = window_truth(ether_world, window + 1)[key].consensus_wei
    assert lines == [(window, loss, 0), (window + 1, gained, max(gained + loss, 0) * 1000 // 10_000)]
    carried = ether.query(
        "select history.period_id, loss_carried from computation.rule_histories as history "
        "join computation.generations as generation using (generation_id) where is_current order by 1"
    )
    assert carried == [(window, -loss), (window + 1, max(-loss - gained, 0))]
    assert "NEGATIVE_BASE" in {code for (code,) in ether.query("select code from computation.findings")}
