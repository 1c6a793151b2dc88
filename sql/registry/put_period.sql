-- A row is one period; written only when it is new or told differently.
insert into registry.periods as known
    (chain_id, period_id, label, first_slot, last_slot, starts_at, ends_at)
values
    (%(chain_id)s, %(period_id)s, %(label)s, %(first_slot)s, %(last_slot)s, %(starts_at)s, %(ends_at)s)
on conflict (chain_id, period_id) do update
set
    label = excluded.label, first_slot = excluded.first_slot, last_slot = excluded.last_slot,
    starts_at = excluded.starts_at, ends_at = excluded.ends_at
where
    (known.label, known.first_slot, known.last_slot, known.starts_at, known.ends_at)
    is distinct from
    (excluded.label, excluded.first_slot, excluded.last_slot, excluded.starts_at, excluded.ends_at)
