-- The generation in force steps back; it is never deleted.
update computation.generations
set is_current = false
where
    dataset = %(dataset)s and chain_id = %(chain_id)s and period_id = %(period_id)s and is_current
