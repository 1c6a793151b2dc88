-- Offending rows: stake accounts that count for more than one validator in the same period.
select stake_account, count(*)
from canonical.stake_rewards
where chain_id = %(chain_id)s and period_id = %(period_id)s and active_stake > 0
group by stake_account
having count(*) > 1
