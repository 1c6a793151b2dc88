-- Offending rows: statements whose total or line count is not that of their lines.
with line as (
    select generation_id, partner_id, sum(amount) as total, count(*) as line_count
    from computation.commission_lines_current
    where chain_id = %(chain_id)s and period_id = %(period_id)s
    group by generation_id, partner_id
)
select statement.statement_id, statement.total, line.total, statement.line_count, line.line_count
from computation.commission_statements_current as statement
full join line using (generation_id, partner_id)
where
    coalesce(statement.chain_id, %(chain_id)s) = %(chain_id)s
    and coalesce(statement.period_id, %(period_id)s) = %(period_id)s
    and (
        statement.statement_id is null
        or statement.total <> coalesce(line.total, 0)
        or statement.line_count <> coalesce(line.line_count, 0)
    )
