-- A row is what one rule remembers after the period; source: the engine.
copy computation.rule_histories
    (generation_id, chain_id, period_id, agreement_id, rule_id, base_to_date, loss_carried, scope_window)
from stdin
