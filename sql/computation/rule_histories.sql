-- A row is what one rule remembers after a period, of all booked periods of a chain.
select generation.period_id, history.agreement_id, history.rule_id, history.base_to_date,
    history.loss_carried, history.scope_window
from computation.generations as generation
join computation.rule_histories as history using (generation_id)
where
    generation.dataset = 'commission_lines' and generation.chain_id = %(chain_id)s and generation.is_current
