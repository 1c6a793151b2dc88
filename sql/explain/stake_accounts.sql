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
