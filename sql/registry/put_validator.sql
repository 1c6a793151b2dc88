-- A row is one validator; a name from the configuration replaces the known one.
insert into registry.validators as known (chain_id, validator_key, name)
values (%(chain_id)s, %(validator_key)s, %(name)s)
on conflict (chain_id, validator_key) do update
set name = excluded.name
where excluded.name is not null and known.name is distinct from excluded.name
