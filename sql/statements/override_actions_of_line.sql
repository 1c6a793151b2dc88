-- A row is one override action on one line, oldest first.
select override_id, line_id, period_id, amount, computed_amount, reason, made_by, made_at, needs_second_person,
    confirms
from computation.overrides
where line_id = %(line_id)s
order by override_id
