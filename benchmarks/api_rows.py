"""The rows that `benchmarks/api.py` asks for: 1,000,000 of P&L and 5,000,000 commission lines, made up.

One chain, 1,000 periods, 1,000 validators, 100 partners with 50 lines a period each. They are loaded with
COPY, with triggers and foreign keys resting, as a superuser; what is not asked for (evidence, wallets) is
left out. Nothing is measured here.
"""

import hashlib
import random
from collections.abc import Iterable, Iterator
from typing import Final, LiteralString

import psycopg

CHAIN: Final = "bench-main"
PERIODS, VALIDATORS, PARTNERS, LINES_EACH = 1_000, 1_000, 100, 50
PNL_ROWS: Final = PERIODS * VALIDATORS
LINE_ROWS: Final = PERIODS * PARTNERS * LINES_EACH
COIN: Final = 10**9

_COMPONENTS: Final = ("EXEC_FEES", "MEV_TIPS", "VOTE_REWARDS", "COMMISSION")
_SMALL: Final[LiteralString] = f"""
insert into registry.chains values
    ('{CHAIN}', 'Bench', 'test', 'EPOCH', 'grains', 9, 'BEN', 2, 'periods');
insert into registry.providers values ('bench', true);
insert into registry.periods
select '{CHAIN}', period, 'Epoch ' || period, period * 432000::bigint, (period + 1) * 432000::bigint - 1,
    timestamptz '2020-01-01Z' + period * interval '2 days',
    timestamptz '2020-01-01Z' + (period + 1) * interval '2 days'
from generate_series(1, {PERIODS}) as period;
insert into registry.validators
select '{CHAIN}', 'validator-' || lpad(n::text, 32, '0'), 'Validator ' || n
from generate_series(1, {VALIDATORS}) as n;
insert into registry.partners (code, name)
select 'partner-' || n, 'Partner ' || n from generate_series(1, {PARTNERS}) as n;
insert into registry.agreements (agreement_id, partner_id, name, status)
select 'agreement-' || partner_id, partner_id, 'Agreement ' || partner_id, 'ACTIVE' from registry.partners;
insert into registry.agreement_versions (agreement_id, version, valid_from, valid_until, reason)
select agreement_id, 1, '2020-01-01Z', null, 'start' from registry.agreements;
insert into registry.agreement_rules
    (agreement_id, version, rule_id, rule_order, component, method, rate_bps)
select agreement_id, 1, 'rule-' || rule_order, rule_order, component, 'FIXED_SHARE', 500
from registry.agreements,
    unnest(array['EXEC_FEES', 'MEV_TIPS', 'VOTE_REWARDS', 'COMMISSION']) with ordinality
        as rule (component, rule_order);
insert into staging.ingestions
    (chain_id, period_id, role, state, is_current, content_digest, payload_count, head_period, run_id,
    finished_at)
select chain_id, period_id, role, 'SETTLED', true, sha256('x'), 0, {PERIODS}, 'bench', ends_at
from registry.periods, unnest(array['periods', 'fees', 'mev', 'rewards', 'meta', 'stakes']) as role
order by period_id;
insert into computation.generations
    (dataset, chain_id, period_id, is_current, content_digest, row_count, engine_version, run_id,
    created_at)
select dataset, chain_id, period_id, true, sha256('x'), 0, '1', 'bench', ends_at
from registry.periods, unnest(array['validator_pnl', 'commission_lines']) as dataset
order by period_id, dataset desc;
-- Somebody in finance and one user a partner, each with a session whose family is known.
insert into access.users (username, display_name, role, partner_id)
select 'finance', 'Finance', 'FINANCE', null::integer
union all
select 'user-' || code, name, 'PARTNER', partner_id from registry.partners;
insert into access.refresh_tokens (token_digest, family_id, user_id, expires_at)
select sha256(username::bytea), md5(username)::uuid, user_id, now() + interval '10 days' from access.users;
"""  # noqa: S608 - the values are this module's own


def load(connection: psycopg.Connection) -> None:
    """Fill the empty, migrated warehouse; the session must be a superuser's. Commits."""
    connection.execute(_SMALL)
    connection.execute("set session_replication_role = replica")
    source = random.Random(4)  # noqa: S311 - the same rows on every run
    partners = [row[0] for row in connection.execute("select partner_id from registry.partners order by 1")]
    generations = {
        (row[0], row[1]): row[2]
        for row in connection.execute("select dataset, period_id, generation_id from computation.generations")
    }
    later = _drop_indexes(connection)
    for period in range(1, PERIODS + 1):
        _copy(connection, "canonical.validator_meta", _meta(period))
        generation = generations["validator_pnl", period]
        _copy(connection, "computation.validator_pnl", _pnl(period, generation, source))
        generation = generations["commission_lines", period]
        _copy(connection, "computation.commission_lines", _lines(period, generation, partners, source))
    for index in later:
        connection.execute(index)
    connection.commit()
    connection.autocommit = True
    connection.execute("vacuum (analyze)")


def _copy(connection: psycopg.Connection, table: LiteralString, rows: Iterable[str]) -> None:
    columns = _COLUMNS[table]
    with connection.cursor().copy(f"copy {table} ({columns}) from stdin") as copy:
        copy.write("\n".join(rows) + "\n")


_COLUMNS: Final[dict[str, LiteralString]] = {
    "canonical.validator_meta": "chain_id, period_id, validator_key, name, provider, ingestion_id",
    "computation.validator_pnl": "generation_id, chain_id, period_id, validator_key, exec_fees, "
    "exec_fees_state, mev_tips, mev_tips_state, vote_rewards, vote_rewards_state, commission, "
    "commission_state, total_revenue, completeness",
    "computation.commission_lines": "generation_id, line_id, chain_id, period_id, validator_key, partner_id, "
    "agreement_id, version, rule_id, component, method, base, rate_trace, floor_applied, cap_applied, "
    "scaled, allocated, state, claimed, amount, engine_version",
}


def validator(number: int) -> str:
    """A validator's key, from 1; as long as real ones."""
    return f"validator-{number:032}"


def _meta(period: int) -> Iterator[str]:
    for number in range(1, VALIDATORS + 1):
        yield f"{CHAIN}\t{period}\t{validator(number)}\tValidator {number}\tbench\t1"


def _pnl(period: int, generation: int, source: random.Random) -> Iterator[str]:
    for number in range(1, VALIDATORS + 1):
        fees, tips, votes, commission = (source.randrange(50 * COIN) for _ in range(4))
        yield (
            f"{generation}\t{CHAIN}\t{period}\t{validator(number)}\t{fees}\tFINAL\t{tips}\tFINAL\t-{votes}"
            f"\tFINAL\t{commission}\tFINAL\t{fees + tips - votes + commission}\tCOMPLETE"
        )


def _lines(period: int, generation: int, partners: list[int], source: random.Random) -> Iterator[str]:
    for place, partner in enumerate(partners):
        for number in range(LINES_EACH):
            line_id = hashlib.md5(f"{period}/{partner}/{number}".encode(), usedforsecurity=False).hexdigest()
            key, rule = validator((place * 7 + number) % VALIDATORS + 1), number % 4
            base = source.randrange(COIN, 500 * COIN)
            amount = base // 20
            trace = (
                f'{{"base": "{base}", "losses": "0", "loss_offset": "0", "net_base": "{base}", '
                f'"base_before": "0", "stake": null, "rate_bps": 500, "slices": [], "earned": "{amount}", '
                '"floor_applied": false, "cap_applied": false}'
            )
            yield (
                f"{generation}\t{line_id}\t{CHAIN}\t{period}\t{key}\t{partner}\tagreement-{partner}"
                f"\t1\trule-{rule + 1}\t{_COMPONENTS[rule]}\tFIXED_SHARE"
                f"\t{base}\t{trace}\tf\tf\tf\tf\tFINAL\t{amount}\t{amount}\t1"
            )


def _drop_indexes(connection: psycopg.Connection) -> list[LiteralString]:
    """Drop the big tables' indexes that no constraint needs; what makes them again."""
    found = connection.execute(
        """
        select indexrelid::regclass::text, pg_get_indexdef(indexrelid)
        from pg_index
        where indrelid in ('computation.validator_pnl'::regclass, 'computation.commission_lines'::regclass)
            and not exists (select from pg_constraint where conindid = indexrelid)
        """
    ).fetchall()
    for name, _ in found:
        connection.execute(f"drop index {name}")
    return [definition for _, definition in found]
