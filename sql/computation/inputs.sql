-- What one period is computed from. Tables stand without a schema, so that a replay runs these very statements on
-- tables of its own: booking finds them in the ledger's schemas, a replay in pg_temp and nowhere else.

-- name: period
-- The times of one period.
select starts_at, ends_at
from periods
where chain_id = %(chain_id)s and period_id = %(period_id)s

-- name: current_pnl
-- A row is one validator's P&L in force.
select validator_key, exec_fees, exec_fees_state, mev_tips, mev_tips_state, vote_rewards, vote_rewards_state,
    commission, commission_state
from validator_pnl_current
where chain_id = %(chain_id)s and period_id = %(period_id)s
order by validator_key

-- name: wallet_stakes
-- A row is the active stake of one wallet on one validator; unknown as soon as one account's stake is.
select
    validator_key,
    coalesce(withdrawer, 'withdrawer of ' || stake_account || ' unknown') as wallet,
    case when bool_and(active_stake is not null) then sum(active_stake) end as active_stake
from stake_rewards
where chain_id = %(chain_id)s and period_id = %(period_id)s
group by 1, 2
order by 1, 2

-- name: client_revenue
-- A row is what was observed from one wallet's stake accounts on one validator, for one component.
-- A component that was observed on no account of a validator has no row there.
with observed as (
    select
        stakes.validator_key,
        coalesce(stakes.withdrawer, 'withdrawer of ' || stakes.stake_account || ' unknown') as wallet,
        component.name as component,
        component.amount
    from stake_rewards as stakes
    cross join lateral (
        values
            ('COMMISSION', stakes.commission),
            ('VOTE_REWARDS', stakes.reward),
            ('MEV_TIPS', stakes.tips_commission)
    ) as component (name, amount)
    where stakes.chain_id = %(chain_id)s and stakes.period_id = %(period_id)s
),
known as (
    select validator_key, component
    from observed
    group by validator_key, component
    having bool_or(amount is not null)
)
select
    validator_key,
    wallet,
    component,
    case when bool_and(amount is not null) then sum(amount) end as amount
from observed
join known using (validator_key, component)
group by validator_key, wallet, component
order by validator_key, wallet, component

-- name: partner_stake
-- A row is the active stake one partner introduced to one validator; partner null is stake nobody introduced.
-- A wallet belongs to the partner who owns it at the start of the period.
select
    stakes.validator_key,
    claim.partner_id,
    case when bool_and(stakes.active_stake is not null) then sum(stakes.active_stake) end as active_stake,
    count(distinct coalesce(stakes.withdrawer, stakes.stake_account))::int as wallet_count
from stake_rewards as stakes
left join wallets as wallet
    on wallet.chain_id = stakes.chain_id and wallet.wallet = stakes.withdrawer
left join partner_wallets as claim
    on claim.wallet_id = wallet.wallet_id and claim.valid @> %(starts_at)s::timestamptz
where stakes.chain_id = %(chain_id)s and stakes.period_id = %(period_id)s
group by stakes.validator_key, claim.partner_id
order by stakes.validator_key, claim.partner_id nulls last
