-- Where a chain is now; a row a chain.
insert into staging.heads (chain_id, head_period)
values (%(chain_id)s, %(head_period)s)
on conflict (chain_id) do update set head_period = excluded.head_period, seen_at = now()
