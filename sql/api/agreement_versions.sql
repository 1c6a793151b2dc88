-- A row is one version of one of the given agreements, the newest first; source: the registry.
select agreement_id, version, valid_from, valid_until, reason, recorded_at
from registry.agreement_versions
where agreement_id = any(%(agreement_ids)s::text[])
order by agreement_id, version desc
