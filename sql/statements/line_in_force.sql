-- At most one row: where a line is, and its amount in force; null when it only was there once.
select line.partner_id, line.chain_id, line.period_id,
    max(line.amount) filter (where generation.is_current) as amount
from computation.commission_lines as line
join computation.generations as generation using (generation_id)
where line.line_id = %(line_id)s
group by line.partner_id, line.chain_id, line.period_id
