-- One row: the id of a new partner; none when its code is taken.
insert into registry.partners (code, name)
values (%(code)s, %(name)s)
on conflict do nothing
returning partner_id
