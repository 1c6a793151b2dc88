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
