-- A row is one partner; written only when it is new or renamed.
insert into registry.partners as known (code, name)
values (%(code)s, %(name)s)
on conflict (code) do update
set name = excluded.name
where known.name is distinct from excluded.name
