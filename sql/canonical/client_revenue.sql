-- A row is what was observed from one wallet's stake accounts on one validator, for one component.
-- A component that was observed on no account of a validator has no row there.
with observed as (
    select
        stakes.validator_key,
        coalesce(stakes.withdrawer, 'withdrawer of ' || stakes.stake_account || ' unknown') as wallet,
        component.name as component,
        component.amount
    from canonical.stake_rewards as stakes
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
