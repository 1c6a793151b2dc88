-- Who answers which question on a chain becomes what is configured; unchanged rows are not written.
with configured as (
    select role, priority, provider
    from unnest(%(roles)s::text[], %(priorities)s::int[], %(providers)s::text[])
        as given (role, priority, provider)
),
removed as (
    delete from registry.chain_providers as known
    where
        known.chain_id = %(chain_id)s
        and (known.role, known.priority, known.provider)
        not in (select role, priority, provider from configured)
)
insert into registry.chain_providers (chain_id, role, priority, provider)
select %(chain_id)s, role, priority, provider
from configured
on conflict do nothing
