-- name: put_period
-- A row is one period; written only when it is new or different.
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

-- name: count_periods
-- One row: how many periods of the range are known.
select count(*)
from registry.periods
where chain_id = %(chain_id)s and period_id between %(from_period)s and %(to_period)s

-- name: periods_of_months
-- A row is a known period that ends in one of the months (UTC), and whether it has commission lines in force.
select period.period_id, period.label, period.starts_at, period.ends_at,
    exists (
        select
        from computation.generations as generation
        where
            generation.dataset = 'commission_lines' and generation.chain_id = period.chain_id
            and generation.period_id = period.period_id and generation.is_current
    ) as booked
from registry.periods as period
where
    period.chain_id = %(chain_id)s
    and date_trunc('month', period.ends_at at time zone 'UTC')::date = any(%(months)s::date[])
order by period.period_id

-- name: periods_around_month
-- One row: the newest period that ended before the month (UTC) and the oldest that ends after it.
select
    max(period_id) filter (where date_trunc('month', ends_at at time zone 'UTC')::date < %(month)s) as before,
    min(period_id) filter (where date_trunc('month', ends_at at time zone 'UTC')::date > %(month)s) as after
from registry.periods
where chain_id = %(chain_id)s

-- name: period_page
-- A row is one period of a chain and when it was last computed, the newest first; source: the chain itself.
select period.period_id, period.label, period.first_slot, period.last_slot, period.starts_at, period.ends_at,
    pnl.created_at as pnl_computed_at, lines.created_at as commissions_computed_at
from registry.periods as period
left join computation.generations as pnl
    on pnl.dataset = 'validator_pnl' and pnl.chain_id = period.chain_id
    and pnl.period_id = period.period_id and pnl.is_current
left join computation.generations as lines
    on lines.dataset = 'commission_lines' and lines.chain_id = period.chain_id
    and lines.period_id = period.period_id and lines.is_current
where period.chain_id = %(chain_id)s
    and (%(from_period)s::bigint is null or period.period_id >= %(from_period)s)
    and (%(to_period)s::bigint is null or period.period_id <= %(to_period)s)
    and (%(after_period_id)s::bigint is null or period.period_id < %(after_period_id)s)
order by period.period_id desc
limit %(row_limit)s
