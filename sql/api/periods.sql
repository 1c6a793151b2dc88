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
