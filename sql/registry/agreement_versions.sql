-- A row is one version of one agreement, with the agreement's present status and its partner's code.
select agreement_id, version.version, partner.code as partner_code, agreement.status, version.valid_from,
    version.valid_until
from registry.agreement_versions as version
join registry.agreements as agreement using (agreement_id)
join registry.partners as partner on partner.partner_id = agreement.partner_id
where version.recorded_at <= coalesce(%(recorded_until)s::timestamptz, 'infinity')
order by agreement_id, version.version
