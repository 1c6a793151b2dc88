-- Offending rows: validators whose stake by partner does not sum to the stake of their accounts.
with by_partner as (
    select validator_key, sum(active_stake) as stake, bool_and(active_stake is not null) as known
    from computation.partner_stake_current
    where chain_id = %(chain_id)s and period_id = %(period_id)s
    group by validator_key
),
by_account as (
    select validator_key, sum(active_stake) as stake
    from canonical.stake_rewards
    where chain_id = %(chain_id)s and period_id = %(period_id)s
    group by validator_key
)
select validator_key, by_partner.stake, by_account.stake
from by_account
left join by_partner using (validator_key)
where by_partner.validator_key is null or (by_partner.known and by_partner.stake <> by_account.stake)
