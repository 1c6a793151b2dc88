-- name: add_true_up
-- A row is one correction, open until the next statement is submitted.
insert into computation.true_ups
    (true_up_id, partner_id, chain_id, period_id, line_id, sequence, agreement_id, version, rule_id,
     validator_key, component, released, recomputed, difference, base,
     override_reason, cause, released_in)
values
    (%(true_up_id)s, %(partner_id)s, %(chain_id)s, %(period_id)s, %(line_id)s, %(sequence)s, %(agreement_id)s,
     %(version)s, %(rule_id)s, %(validator_key)s, %(component)s, %(released)s, %(recomputed)s,
     %(difference)s, %(base)s, %(override_reason)s, %(cause)s, %(released_in)s)

-- name: assign_true_ups
-- Every open correction of the partner on the chain goes into the statement.
update computation.true_ups
set statement_id = %(statement_id)s
where partner_id = %(partner_id)s and chain_id = %(chain_id)s and statement_id is null

-- name: unassign_true_ups
-- The corrections in a reopened statement are open again.
update computation.true_ups
set statement_id = null
where statement_id = %(statement_id)s

-- name: true_ups
-- A row is one correction of a partner on a chain, wherever it is stated.
select sequence, line_id, period_id, agreement_id, version, rule_id, validator_key, component, released,
    recomputed, base, override_reason, cause, released_in, statement_id
from computation.true_ups
where partner_id = %(partner_id)s and chain_id = %(chain_id)s
order by period_id, agreement_id, rule_id, coalesce(validator_key, ''), line_id, sequence

-- name: add_override
-- A row is one override action: a person's amount for a line, a withdrawal, or a confirmation.
insert into computation.overrides
    (line_id, partner_id, chain_id, period_id, amount, computed_amount, reason, made_by, needs_second_person,
     confirms)
values
    (%(line_id)s, %(partner_id)s, %(chain_id)s, %(period_id)s, %(amount)s, %(computed_amount)s, %(reason)s,
     %(made_by)s, %(needs_second_person)s, %(confirms)s)

-- name: override_actions
-- A row is one override action on a partner's lines, in the periods that end in one of the months (UTC).
select override.override_id, override.line_id, override.period_id, override.amount, override.computed_amount,
    override.reason, override.made_by, override.made_at, override.needs_second_person, override.confirms
from computation.overrides as override
join registry.periods as period using (chain_id, period_id)
where
    override.partner_id = %(partner_id)s and override.chain_id = %(chain_id)s
    and date_trunc('month', period.ends_at at time zone 'UTC')::date = any(%(months)s::date[])
order by override.override_id

-- name: override_actions_of_line
-- A row is one override action on one line, oldest first.
select override_id, line_id, period_id, amount, computed_amount, reason, made_by, made_at, needs_second_person,
    confirms
from computation.overrides
where line_id = %(line_id)s
order by override_id
