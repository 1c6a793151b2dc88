-- Two partners with books on two chains, and users of every kind. Slices of alpha-main have an older generation,
-- superseded; there are statements in every status.
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

-- From here on without triggers: nothing of it went its ordinary way.
set session_replication_role = replica;

insert into registry.periods values
    ('beta-main', 7, 'Window 7', 700, 799, '2026-01-01Z', '2026-01-02Z');
insert into registry.validators values ('beta-main', 'val-z', 'Zoe');
insert into registry.wallets (chain_id, wallet) select chain_id, code || '-wallet' from registry.chains, registry.partners;
insert into registry.partner_wallets (wallet_id, partner_id, valid, chain_id, wallet)
select wallet_id, partner_id, '[2026-01-01Z,)', chain_id, wallet
from registry.wallets join registry.partners on wallet = code || '-wallet';
insert into registry.operator_wallets values ('alpha-main', 'val-a', 'own');
insert into registry.declared_validators (chain_id, validator_key, reason) values ('alpha-main', 'val-a', 'new');

insert into computation.generations
    (dataset, chain_id, period_id, is_current, content_digest, row_count, engine_version, run_id)
select dataset, 'beta-main', 7, true, sha256('x'), 0, '1', 'test'
from (values ('validator_pnl'), ('commission_lines')) as of (dataset);
insert into computation.validator_pnl
select generation_id, chain_id, period_id, 'val-z', 1, 'FINAL', 0, 'FINAL', 0, 'FINAL', 0, 'FINAL', 1, null, null,
    'COMPLETE'
from computation.generations where chain_id = 'beta-main' and dataset = 'validator_pnl';
insert into computation.commission_lines
select generation.generation_id, gen_random_uuid(), 'beta-main', 7, 'val-z', partner_id, agreement_id, 1, 'rule-1',
    'EXEC_FEES', 'FIXED_SHARE', 1, '{}', false, false, false, false, 'FINAL', 1, 1, '1'
from computation.generations as generation, registry.agreements
where chain_id = 'beta-main' and dataset = 'commission_lines';

insert into computation.partner_stake
select generation_id, chain_id, period_id, key, partner_id, 5, 1
from computation.generations
cross join (select partner_id from registry.partners union all select null) as partner
cross join unnest(array['val-a', 'val-b']) as key
where chain_id = 'alpha-main' and dataset = 'commission_lines';
insert into computation.commission_statements
select generation_id, gen_random_uuid(), partner_id, chain_id, period_id, '2026-01-01',
    case period_id when 104 then 'RELEASED' when 105 then 'APPROVED' else 'DRAFT' end, 1, 1, true
from computation.generations cross join registry.partners where dataset = 'commission_lines' and is_current;
insert into computation.rule_histories
select generation_id, chain_id, period_id, agreement_id, 'rule-1', 1, 0, null
from computation.generations, registry.agreements where dataset = 'commission_lines';
insert into computation.findings
    (generation_id, position, code, message, partner_id, validator_key, blocks_release, chain_id)
select generation_id, 100 + partner_id, 'CODE', 'message', partner_id, 'val-a', false, chain_id
from computation.generations, registry.partners where dataset = 'commission_lines';
insert into computation.overrides
    (line_id, partner_id, chain_id, period_id, amount, computed_amount, reason, made_by, needs_second_person)
select line_id, partner_id, chain_id, period_id, 1, 2, 'agreed', 'Ada', false from computation.commission_lines_current;

insert into computation.statements
select gen_random_uuid(), partner_id, 'alpha-main', make_date(2026, month::integer, 1), status,
    case when month > 1 then '{}'::jsonb end, case when month > 1 then '{}'::bytea end,
    case when month > 1 then sha256('{}') end, case when month > 1 then 0 end, case when month > 1 then 0 end,
    case when month > 1 then 0 end, case when month > 1 then 0 end,
    case when month > 3 then 2 * partner_id + month end, case when month > 1 then 'Ada' end,
    case when month > 1 then now() end, case when month > 2 then 'Ben' end, case when month > 2 then now() end,
    case when month > 3 then 'Ben' end, case when month > 3 then now() end, case when month > 4 then 'Ben' end,
    case when month > 4 then now() end
from registry.partners
cross join unnest(array['DRAFT', 'PENDING_APPROVAL', 'APPROVED', 'RELEASED', 'PAID']) with ordinality
    as known (status, month);
insert into computation.true_ups
    (true_up_id, partner_id, chain_id, period_id, line_id, sequence, agreement_id, version, rule_id, validator_key,
     component, released, recomputed, difference, cause, released_in)
select gen_random_uuid(), statement.partner_id, 'alpha-main', 104, gen_random_uuid(), 1, 'a', 1, 'rule-1', 'val-a',
    'EXEC_FEES', 1, 2, 1, 'recomputed', statement_id
from computation.statements as statement where status = 'PAID';

insert into access.users (username, display_name, role, partner_id, chain_ids, validator_keys, expires_at, active)
values
    ('ann', 'Ann', 'ADMIN', null, null, null, null, true),
    ('nora', 'Nora', 'PARTNER', 1, null, '{val-a,val-z}', null, true),
    ('sven', 'Sven', 'PARTNER', 2, '{alpha-main}', null, null, true),
    ('carl', 'Carl', 'OPS', null, '{alpha-main}', null, null, true),
    ('vera', 'Vera', 'FINANCE', null, null, '{val-a}', null, true),
    ('olga', 'Olga', 'AUDITOR', null, null, null, now() - interval '1 second', true),
    ('dora', 'Dora', 'ADMIN', null, null, null, null, false);
insert into access.refresh_tokens (token_digest, family_id, user_id, expires_at, revoked_at) values
    (sha256('1'), '00000000-0000-0000-0000-000000000001', 1, now() + interval '1 day', null),
    (sha256('2'), '00000000-0000-0000-0000-000000000002', 1, now() + interval '1 day', now()),
    (sha256('3'), '00000000-0000-0000-0000-000000000003', 1, now() - interval '1 day', null);
insert into access.api_tokens (api_token_id, user_id, name, token_digest, scopes, expires_at, revoked_at) values
    ('00000000-0000-0000-0000-000000000001', 1, 'a', sha256('1'), '{READ_PNL}', now() + interval '1 day', null),
    ('00000000-0000-0000-0000-000000000002', 1, 'a', sha256('2'), '{}', now() + interval '1 day', now()),
    ('00000000-0000-0000-0000-000000000003', 1, 'a', sha256('3'), '{}', now() - interval '1 day', null);
insert into access.started_work (user_id, operation, idempotency_key, request_digest, reference)
select user_id, 'recompute', 'key', sha256('x'), 'r' from access.users;
select access.append_audit('Ann', 'login', null, null, 'DONE', null, null, null, partner_id, user_id, null, null)
from access.users order by user_id;
