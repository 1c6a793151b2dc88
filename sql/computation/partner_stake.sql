-- A row is the active stake one partner introduced to one validator; partner null is stake nobody introduced.
-- A wallet belongs to the partner who owns it at the start of the period.
select
    stakes.validator_key,
    claim.partner_id,
    case when bool_and(stakes.active_stake is not null) then sum(stakes.active_stake) end as active_stake,
    count(distinct coalesce(stakes.withdrawer, stakes.stake_account))::int as wallet_count
from canonical.stake_rewards as stakes
left join registry.wallets as wallet
    on wallet.chain_id = stakes.chain_id and wallet.wallet = stakes.withdrawer
left join registry.partner_wallets as claim
    on claim.wallet_id = wallet.wallet_id and claim.valid @> %(starts_at)s::timestamptz
where stakes.chain_id = %(chain_id)s and stakes.period_id = %(period_id)s
group by stakes.validator_key, claim.partner_id
order by stakes.validator_key, claim.partner_id nulls last
