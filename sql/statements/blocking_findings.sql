-- A row is one finding in force that stops the release of a partner's statement for one of the months (UTC).
select generation.period_id, finding.code, finding.message
from computation.generations as generation
join computation.findings as finding using (generation_id)
join registry.periods as period
    on period.chain_id = generation.chain_id and period.period_id = generation.period_id
where
    generation.dataset = 'commission_lines' and generation.is_current and finding.blocks_release
    and generation.chain_id = %(chain_id)s
    and (finding.partner_id = %(partner_id)s or finding.partner_id is null)
    and date_trunc('month', period.ends_at at time zone 'UTC')::date = any(%(months)s::date[])
order by generation.period_id, finding.position
