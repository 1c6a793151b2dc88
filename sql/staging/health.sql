-- name: put_head
-- Where a chain is now; a row a chain.
insert into staging.heads (chain_id, head_period)
values (%(chain_id)s, %(head_period)s)
on conflict (chain_id) do update set head_period = excluded.head_period, seen_at = now()

-- name: add_failure
-- One failed attempt to ingest, for a chain that is known here.
insert into staging.failures (chain_id, period_id, role, message, run_id)
select chain_id, %(period_id)s, %(role)s, %(message)s, %(run_id)s
from registry.chains
where chain_id = %(chain_id)s

-- name: ingestion_health
-- A row is one chain: where it was last seen, the newest period with all these roles ingested, the last success
-- and failure, and the last failure that nothing has mended since. Source: the pipeline's own records.
select chain.chain_id, chain.finality_lag, chain.finality_lag_unit, head.head_period, head.seen_at,
    (
        select ingestion.period_id
        from staging.ingestions as ingestion
        where ingestion.chain_id = chain.chain_id and ingestion.is_current
            and ingestion.role = any(%(roles)s::text[])
        group by ingestion.period_id
        having count(distinct ingestion.role) = cardinality(%(roles)s::text[])
        order by ingestion.period_id desc
        limit 1
    ) as latest_period,
    (select max(finished_at) from staging.ingestions where chain_id = chain.chain_id) as last_success_at,
    (select max(failed_at) from staging.failures where chain_id = chain.chain_id) as last_failure_at,
    (
        select max(failure.failed_at)
        from staging.failures as failure
        where failure.chain_id = chain.chain_id and failure.failed_at > now() - %(recent)s::interval
            and (failure.period_id is not null or head.seen_at is null or head.seen_at < failure.failed_at)
            and not exists (
                select
                from staging.ingestions as mended
                where mended.chain_id = failure.chain_id and mended.period_id = failure.period_id
                    and mended.role = failure.role and mended.finished_at > failure.failed_at
            )
    ) as unmended_failure_at,
    now() as read_at
from registry.chains as chain
left join staging.heads as head using (chain_id)
where %(chain_ids)s::text[] is null or chain.chain_id = any(%(chain_ids)s)
order by chain.chain_id
