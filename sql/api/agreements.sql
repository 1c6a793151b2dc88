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
