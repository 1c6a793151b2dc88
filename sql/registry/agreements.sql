-- name: add_agreement
-- A row is one new agreement; nothing is written when its id is taken.
insert into registry.agreements (agreement_id, partner_id, name, status)
values (%(agreement_id)s, %(partner_id)s, %(name)s, %(status)s)
on conflict do nothing

-- name: put_agreement
-- A row is one agreement; written only when it is new, renamed or in another status.
insert into registry.agreements as known (agreement_id, partner_id, name, status)
values (%(agreement_id)s, %(partner_id)s, %(name)s, %(status)s)
on conflict (agreement_id) do update
set name = excluded.name, status = excluded.status
where (known.name, known.status) is distinct from (excluded.name, excluded.status)

-- name: lock_agreement
-- One row: an agreement and its partner, whose agreements nobody else changes meanwhile.
select partner.partner_id, partner.code, agreement.name
from registry.agreements as agreement
join registry.partners as partner using (partner_id)
where agreement.agreement_id = %(agreement_id)s
for update

-- name: add_agreement_version
-- A row is one version of an agreement.
insert into registry.agreement_versions (agreement_id, version, valid_from, valid_until, reason)
values (%(agreement_id)s, %(version)s, %(valid_from)s, %(valid_until)s, %(reason)s)

-- name: add_agreement_rule
-- A row is one rule of an agreement version; the parameters are named as the fields of a Rule.
insert into registry.agreement_rules
    (agreement_id, version, rule_id, rule_order, component, method, chain_id, validator_key, rate_bps, tiers,
     floor_amount, cap_amount, guarantee, loss_policy)
values
    (%(agreement_id)s, %(version)s, %(rule_id)s, %(order)s, %(component)s, %(method)s, %(chain_id)s,
     %(validator_key)s, %(rate_bps)s, %(tiers)s, %(floor)s, %(cap)s, %(guarantee)s, %(loss_policy)s)

-- name: all_versions
-- A row is one version of one agreement, with the agreement's present status and its partner's code.
select agreement_id, version.version, partner.code as partner_code, agreement.status, version.valid_from,
    version.valid_until
from registry.agreement_versions as version
join registry.agreements as agreement using (agreement_id)
join registry.partners as partner on partner.partner_id = agreement.partner_id
where version.recorded_at <= coalesce(%(recorded_until)s::timestamptz, 'infinity')
order by agreement_id, version.version

-- name: all_rules
-- A row is one rule of one agreement version; the columns are named as the fields of a Rule.
select agreement_id, version, rule_id, rule_order as "order", component, method, chain_id, validator_key,
    rate_bps, tiers, floor_amount as floor, cap_amount as cap, guarantee, loss_policy
from registry.agreement_rules
order by agreement_id, version, rule_order

-- name: versions_by_partner
-- A row is one agreement version that was recorded by then, or a partner without any; the status is of now.
select partner.code as partner, partner.name as partner_name, agreement.agreement_id,
    agreement.name as agreement_name, agreement.status, agreement.version, agreement.valid_from,
    agreement.valid_until, agreement.reason, agreement.recorded_at
from registry.partners as partner
left join (
    select *
    from registry.agreements as known
    join registry.agreement_versions as version using (agreement_id, partner_id)
    where version.recorded_at <= coalesce(%(recorded_until)s::timestamptz, 'infinity')
) as agreement using (partner_id)
order by partner.code, agreement.agreement_id, agreement.version

-- name: versions_of_agreements
-- A row is one version of one of the given agreements, the newest first; source: the registry.
select agreement_id, version, valid_from, valid_until, reason, recorded_at
from registry.agreement_versions
where agreement_id = any(%(agreement_ids)s::text[])
order by agreement_id, version desc

-- name: rules_of_versions
-- A row is one rule of one of the given agreement versions, in the version's order, with its chain's coin; its
-- own columns are named as the fields of a Rule.
select rule.agreement_id, rule.version, rule.rule_id, rule.rule_order as "order", rule.component, rule.method,
    rule.chain_id, rule.validator_key, rule.rate_bps, rule.tiers, rule.floor_amount as floor,
    rule.cap_amount as cap, rule.guarantee, rule.loss_policy, chain.native_unit, chain.native_decimals,
    chain.display_unit
from registry.agreement_rules as rule
left join registry.chains as chain using (chain_id)
where (rule.agreement_id, rule.version)
    in (select * from unnest(%(agreement_ids)s::text[], %(versions)s::integer[]))
order by rule.agreement_id, rule.version, rule.rule_order

-- name: agreement_page
-- A row is one agreement with its newest version, by partner and id; source: the registry.
select agreement.agreement_id, partner.code as partner_code, partner.name as partner_name, agreement.name,
    agreement.status, newest.version, newest.valid_from, newest.valid_until, newest.reason, newest.recorded_at
from registry.agreements as agreement
join registry.partners as partner using (partner_id)
cross join lateral (
    select version.version, version.valid_from, version.valid_until, version.reason, version.recorded_at
    from registry.agreement_versions as version
    where version.agreement_id = agreement.agreement_id
    order by version.version desc
    limit 1
) as newest
where
    (%(partner_code)s::text is null or partner.code = %(partner_code)s)
    and (%(agreement_id)s::text is null or agreement.agreement_id = %(agreement_id)s)
    and (%(statuses)s::text[] is null or agreement.status = any(%(statuses)s))
    -- Terms that are still being thought about are nobody's but the operator's.
    and (%(with_drafts)s or agreement.status <> 'DRAFT')
    and (
        %(after_partner_code)s::text is null
        or (partner.code, agreement.agreement_id) > (%(after_partner_code)s, %(after_agreement_id)s::text)
    )
order by partner.code, agreement.agreement_id
limit %(row_limit)s
