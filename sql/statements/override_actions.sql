-- A row is one override action on a partner's lines, in the periods that end in one of the months (UTC).
select override.override_id, override.line_id, override.period_id, override.amount, override.computed_amount,
    override.reason, override.made_by, override.made_at, override.needs_second_person, override.confirms
from computation.overrides as override
join registry.periods as period using (chain_id, period_id)
where
    override.partner_id = %(partner_id)s and override.chain_id = %(chain_id)s
    and date_trunc('month', period.ends_at at time zone 'UTC')::date = any(%(months)s::date[])
order by override.override_id
