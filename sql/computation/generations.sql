-- name: add_generation
-- A row is one computed version of a slice, in force from now on.
insert into computation.generations
    (dataset, chain_id, period_id, is_current, content_digest, row_count, based_on, engine_version, run_id,
     terms_digest)
values
    (%(dataset)s, %(chain_id)s, %(period_id)s, true, %(content_digest)s, %(row_count)s, %(based_on)s,
     %(engine_version)s, %(run_id)s, %(terms_digest)s)
returning generation_id

-- name: current_generation
-- The generation in force of a slice.
select generation_id, content_digest
from computation.generations
where
    dataset = %(dataset)s and chain_id = %(chain_id)s and period_id = %(period_id)s and is_current

-- name: supersede_generation
-- The generation in force steps back; it is never deleted.
update computation.generations
set is_current = false
where
    dataset = %(dataset)s and chain_id = %(chain_id)s and period_id = %(period_id)s and is_current

-- name: put_terms
-- The terms a generation was computed under again, with the same result; its rows stay as they are.
update computation.generations
set terms_digest = %(terms_digest)s
where generation_id = %(generation_id)s and terms_digest is distinct from %(terms_digest)s

-- name: lines_generation
-- The generation of commission lines in force.
select generation_id
from computation.generations
where
    dataset = 'commission_lines' and chain_id = %(chain_id)s and period_id = %(period_id)s and is_current

-- name: booked_terms
-- A row is a period of a chain with commission lines in force, and the terms they were computed under.
-- xmin tells one writing of the row from the next, also where the same terms come back.
select generation.period_id, period.starts_at, generation.terms_digest, generation.xmin::text as written_by
from computation.generations as generation
join registry.periods as period using (chain_id, period_id)
where
    generation.dataset = 'commission_lines' and generation.chain_id = %(chain_id)s and generation.is_current
order by generation.period_id

-- name: booked_periods
-- A row is a booked period of the range: a P&L or commission lines were computed for it.
select distinct period_id
from computation.generations
where chain_id = %(chain_id)s and period_id between %(first)s and %(last)s
order by period_id

-- name: rule_states
-- A row is what one rule remembers after a period, of all booked periods of a chain.
select generation.period_id, history.agreement_id, history.rule_id, history.base_to_date,
    history.loss_carried, history.scope_window
from computation.generations as generation
join computation.rule_histories as history using (generation_id)
where
    generation.dataset = 'commission_lines' and generation.chain_id = %(chain_id)s and generation.is_current

-- name: rule_states_before
-- A row is what one rule remembers from the newest booked period before this one.
select history.agreement_id, history.rule_id, history.base_to_date, history.loss_carried,
    history.scope_window, generation.period_id = %(period_id)s - 1 as adjacent
from computation.generations as generation
join computation.rule_histories as history using (generation_id)
where
    generation.dataset = 'commission_lines' and generation.chain_id = %(chain_id)s and generation.is_current
    and generation.period_id = (
        select max(earlier.period_id)
        from computation.generations as earlier
        where
            earlier.dataset = 'commission_lines' and earlier.chain_id = %(chain_id)s
            and earlier.is_current and earlier.period_id < %(period_id)s
    )
