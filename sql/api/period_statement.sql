-- A row is what is in force for one partner, chain and period, if there is anything; source: the engine.
-- The status is that of the month's statement, as far as the reader may see that.
select section.generation_id, section.partner_id, section.billing_month,
    coalesce(statement.status, 'DRAFT') as status, section.total, section.line_count, section.releasable,
    generation.created_at as computed_at, generation.engine_version
from computation.commission_statements as section
join computation.generations as generation using (generation_id)
left join computation.statements as statement
    on statement.partner_id = section.partner_id and statement.chain_id = section.chain_id
    and statement.billing_month = section.billing_month
where generation.dataset = 'commission_lines' and generation.is_current
    and generation.chain_id = %(chain_id)s and generation.period_id = %(period_id)s
    and section.partner_id = %(partner_id)s
