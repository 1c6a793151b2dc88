-- A row is one partner's statement in force, for people.
select partner.code, statement.line_count, statement.status,
    case when statement.releasable then 'yes' else 'no' end, statement.total
from computation.commission_statements_current as statement
join registry.partners as partner using (partner_id)
where statement.chain_id = %(chain_id)s and statement.period_id = %(period_id)s
order by partner.code
