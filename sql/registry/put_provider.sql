-- A row is one configured provider; written only when the configuration changed.
insert into registry.providers as known (provider, enabled)
values (%(provider)s, %(enabled)s)
on conflict (provider) do update
set enabled = excluded.enabled
where known.enabled is distinct from excluded.enabled
