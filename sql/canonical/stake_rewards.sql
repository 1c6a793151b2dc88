-- name: accounts_of_partner
-- A row is one stake account on the validator whose owner the partner introduced, the largest first.
select stakes.stake_account, stakes.withdrawer, stakes.active_stake, stakes.stake_basis, stakes.reward,
    stakes.commission, stakes.tips, stakes.tips_commission
from canonical.stake_rewards as stakes
join registry.wallets as wallet
    on wallet.chain_id = stakes.chain_id and wallet.wallet = stakes.withdrawer
join registry.partner_wallets as claim
    on claim.wallet_id = wallet.wallet_id and claim.valid @> %(starts_at)s::timestamptz
join registry.partners as partner using (partner_id)
where
    stakes.chain_id = %(chain_id)s and stakes.period_id = %(period_id)s
    and stakes.validator_key = %(validator_key)s and partner.code = %(partner)s
order by stakes.active_stake desc nulls last, stakes.stake_account

-- name: wallets_of_validator
-- A row is one wallet on a validator: whose it is at the start of the period, its stake, what was observed from it.
-- An amount is unknown as soon as it is for one account of the wallet.
select
    coalesce(stakes.withdrawer, 'withdrawer of ' || stakes.stake_account || ' unknown') as wallet,
    partner.code as partner,
    case when bool_and(stakes.active_stake is not null) then sum(stakes.active_stake) end as active_stake,
    case when bool_and(stakes.reward is not null) then sum(stakes.reward) end as vote_rewards,
    case when bool_and(stakes.commission is not null) then sum(stakes.commission) end as commission,
    case when bool_and(stakes.tips_commission is not null) then sum(stakes.tips_commission) end as mev_tips
from canonical.stake_rewards as stakes
left join registry.wallets as wallet
    on wallet.chain_id = stakes.chain_id and wallet.wallet = stakes.withdrawer
left join registry.partner_wallets as claim
    on claim.wallet_id = wallet.wallet_id and claim.valid @> %(starts_at)s::timestamptz
left join registry.partners as partner using (partner_id)
where
    stakes.chain_id = %(chain_id)s and stakes.period_id = %(period_id)s
    and stakes.validator_key = %(validator_key)s
group by 1, 2
order by 1
