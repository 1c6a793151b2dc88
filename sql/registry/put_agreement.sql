-- A row is one agreement; written only when it is new, renamed or in another status.
insert into registry.agreements as known (agreement_id, partner_id, name, status)
values (%(agreement_id)s, %(partner_id)s, %(name)s, %(status)s)
on conflict (agreement_id) do update
set name = excluded.name, status = excluded.status
where (known.name, known.status) is distinct from (excluded.name, excluded.status)
