-- At most one row: where the commission line in force of that id is; source: the engine.
select line.chain_id, line.period_id
from computation.commission_lines as line
join computation.generations as generation using (generation_id)
where line.line_id = %(line_id)s and generation.is_current
