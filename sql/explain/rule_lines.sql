-- A row is one line of the same rule in the same generation: its rule's total is split over these.
select line_id, validator_key, base, claimed
from computation.commission_lines
where
    generation_id = %(generation_id)s and agreement_id = %(agreement_id)s and version = %(version)s
    and rule_id = %(rule_id)s
order by validator_key nulls first
