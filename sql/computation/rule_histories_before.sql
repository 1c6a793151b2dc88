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
