-- A row is one new agreement; nothing is written when its id is taken.
insert into registry.agreements (agreement_id, partner_id, name, status)
values (%(agreement_id)s, %(partner_id)s, %(name)s, %(status)s)
on conflict do nothing
