-- Two chains; seven periods of one of them with P&L; two partners with lines and a statement for 104 and 105.
-- Each slice has an older generation, superseded, whose rows hold 1 everywhere: they must never be seen.
insert into registry.chains values
    ('alpha-main', 'Alpha', 'test', 'EPOCH', 'alphons', 9, 'ALP', 2, 'periods'),
    ('beta-main', 'Beta', 'test', 'BLOCK_WINDOW', 'betons', 18, 'BET', 100, 'blocks');

insert into registry.periods
select 'alpha-main', period, 'Epoch ' || period, period * 1000000000::bigint,
    (period + 1) * 1000000000::bigint - 1, timestamptz '2026-01-01 00:00+02' + (period - 100) * interval '2 days',
    timestamptz '2026-01-03 00:00+02' + (period - 100) * interval '2 days'
from generate_series(100, 106) as period;

insert into registry.validators values
    ('alpha-main', 'val-a', 'Anna'), ('alpha-main', 'val-b', null), ('alpha-main', 'val-c', 'Carl');

insert into computation.generations
    (dataset, chain_id, period_id, is_current, content_digest, row_count, engine_version, run_id)
select dataset, 'alpha-main', period_id, is_current, sha256('x'), 0, '1', 'test'
from registry.periods, (values ('validator_pnl'), ('commission_lines')) as of (dataset),
    (values (false), (true)) as version (is_current)
where dataset = 'validator_pnl' or period_id in (104, 105)
order by period_id, dataset, is_current;

-- Fees of 2^255 + 12345; those of val-b are missing. Tips of 2^53 + 1.
insert into computation.validator_pnl
select generation_id, chain_id, period_id, validator_key, fees, case when fees is null then 'MISSING' else 'FINAL' end,
    9007199254740993, 'FINAL', -5, 'FINAL', 0, 'FINAL', fees + 9007199254740993 - 5, null, null,
    case when fees is null then 'INCOMPLETE' else 'COMPLETE' end
from computation.generations
join registry.validators using (chain_id)
cross join lateral (
    select case when not is_current then 1 when validator_key <> 'val-b' then trunc(2::numeric ^ 255) + 12345 end
) as component (fees)
where dataset = 'validator_pnl';

insert into registry.partners (code, name) values ('north', 'North'), ('south', 'South');
insert into registry.agreements select code || '-1', partner_id, 'A', 'ACTIVE' from registry.partners;
insert into registry.agreement_versions select agreement_id, 1, '2026-01-01Z', null, 'start' from registry.agreements;
insert into registry.agreement_rules
    (agreement_id, version, rule_id, rule_order, component, method, tiers, cap_amount)
select agreement_id, 1, rule_id, rule_order, component, 'FIXED_SHARE',
    '{"mode": "MARGINAL", "metric": "REVENUE", "scope": "QUARTER", "tiers": []}', 123456789
from registry.agreements,
    (values ('rule-1', 1, 'EXEC_FEES'), ('rule-2', 2, 'MEV_TIPS')) as rule (rule_id, rule_order, component);

insert into computation.commission_lines
select generation_id, md5(period_id || rule.agreement_id || rule_id || coalesce(key, ''))::uuid, generation.chain_id,
    period_id, key, agreements.partner_id, rule.agreement_id, 1, rule_id, component, method, -3,
    '{"base": "57896044618658097711785492504343953926634992332820282019728792003956564832313", "losses": "7",
      "loss_offset": "7", "net_base": "57896044618658097711785492504343953926634992332820282019728792003956564832306",
      "base_before": "0", "stake": null, "rate_bps": null, "earned": "900719925474100",
      "slices": [{"amount": "9007199254740993", "rate_bps": 1000}, {"amount": "5", "rate_bps": 2000}],
      "floor_applied": false, "cap_applied": true}',
    false, true, false, true, 'PROVISIONAL', amount, amount, '1'
from computation.generations as generation
cross join registry.agreement_rules as rule
join registry.agreements using (agreement_id)
cross join unnest(array[null, 'val-a', 'val-b']) as key
cross join lateral (select case when is_current then 1000000000000000001 else 1 end) as owed (amount)
where dataset = 'commission_lines';

insert into computation.commission_statements
select generation_id, md5(period_id || partner_id::text)::uuid, partner_id, chain_id, period_id, '2026-01-01', 'DRAFT',
    sum(amount), count(*), false
from computation.commission_lines
group by generation_id, period_id, partner_id, chain_id;

insert into computation.findings
select generation_id, told.position, 'FACT_MISSING', 'finding ' || told.position, partner_id, 'val-a', 'EXEC_FEES', true
from computation.generations,
    (values (0, 'north'), (1, 'south'), (2, null), (3, 'north')) as told (position, code)
left join registry.partners using (code)
where dataset = 'commission_lines';

-- A user of each role, a second partner's, and their sessions, whose families conftest.py knows by this rule.
insert into access.users
    (user_id, username, display_name, role, partner_id, validator_keys, expires_at)
overriding system value
select user_id, username, initcap(username), role, partner_id, keys, case when role = 'AUDITOR' then now() + interval '1 day' end
from (
    values (1, 'admin', 'ADMIN', null, null), (2, 'finance', 'FINANCE', null, null), (3, 'ops', 'OPS', null, null),
        (4, 'auditor', 'AUDITOR', null, null), (5, 'north', 'PARTNER', 'north', array['val-a']),
        (6, 'south', 'PARTNER', 'south', null)
) as person (user_id, username, role, code, keys)
left join registry.partners using (code);
select setval(pg_get_serial_sequence('access.users', 'user_id'), 100);
insert into access.refresh_tokens (token_digest, family_id, user_id, expires_at)
select sha256(username::bytea), md5(username)::uuid, user_id, now() + interval '1 day' from access.users;
