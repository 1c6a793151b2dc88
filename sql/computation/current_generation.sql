-- The generation in force of a slice.
select generation_id, content_digest
from computation.generations
where
    dataset = %(dataset)s and chain_id = %(chain_id)s and period_id = %(period_id)s and is_current
