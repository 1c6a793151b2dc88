-- A row is the statement in force of one partner, chain and period, if there is one; source: the engine.
select statement.generation_id, statement.statement_id::text, statement.partner_id, statement.billing_month,
    statement.status, statement.total, statement.line_count, statement.releasable,
    generation.created_at as computed_at, generation.engine_version
from computation.commission_statements as statement
join computation.generations as generation using (generation_id)
where generation.dataset = 'commission_lines' and generation.is_current
    and generation.chain_id = %(chain_id)s and generation.period_id = %(period_id)s
    and statement.partner_id = %(partner_id)s
