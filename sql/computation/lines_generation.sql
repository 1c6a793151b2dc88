-- The generation of commission lines in force.
select generation_id
from computation.generations
where
    dataset = 'commission_lines' and chain_id = %(chain_id)s and period_id = %(period_id)s and is_current
