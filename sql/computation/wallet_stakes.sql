-- A row is the active stake of one wallet on one validator; unknown as soon as one account's stake is.
select
    validator_key,
    coalesce(withdrawer, 'withdrawer of ' || stake_account || ' unknown') as wallet,
    case when bool_and(active_stake is not null) then sum(active_stake) end as active_stake
from canonical.stake_rewards
where chain_id = %(chain_id)s and period_id = %(period_id)s
group by 1, 2
order by 1, 2
