-- A row is one rule of one of the given agreement versions, in the version's order, with its chain's coin.
select rule.agreement_id, rule.version, rule.rule_id, rule.component, rule.method, rule.chain_id,
    rule.validator_key, rule.rate_bps, rule.tiers, rule.floor_amount, rule.cap_amount, rule.guarantee,
    rule.loss_policy, chain.native_unit, chain.native_decimals, chain.display_unit
from registry.agreement_rules as rule
left join registry.chains as chain using (chain_id)
where (rule.agreement_id, rule.version)
    in (select * from unnest(%(agreement_ids)s::text[], %(versions)s::integer[]))
order by rule.agreement_id, rule.version, rule.rule_order
