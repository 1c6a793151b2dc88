-- A row is one override action: a person's amount for a line, a withdrawal, or a confirmation.
insert into computation.overrides
    (line_id, partner_id, chain_id, period_id, amount, computed_amount, reason, made_by, needs_second_person,
     confirms)
values
    (%(line_id)s, %(partner_id)s, %(chain_id)s, %(period_id)s, %(amount)s, %(computed_amount)s, %(reason)s,
     %(made_by)s, %(needs_second_person)s, %(confirms)s)
