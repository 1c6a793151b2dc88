-- A row is one correction of a partner on a chain, wherever it is stated.
select sequence, line_id, period_id, agreement_id, version, rule_id, validator_key, component, released,
    recomputed, base, override_reason, cause, released_in, statement_id
from computation.true_ups
where partner_id = %(partner_id)s and chain_id = %(chain_id)s
order by period_id, agreement_id, rule_id, coalesce(validator_key, ''), line_id, sequence
