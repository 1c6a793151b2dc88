-- A row is a period of a chain with commission lines in force, and the terms they were computed under.
-- xmin tells one writing of the row from the next, also where the same terms come back.
select generation.period_id, period.starts_at, generation.terms_digest, generation.xmin::text as written_by
from computation.generations as generation
join registry.periods as period using (chain_id, period_id)
where
    generation.dataset = 'commission_lines' and generation.chain_id = %(chain_id)s and generation.is_current
order by generation.period_id
