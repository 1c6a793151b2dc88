-- A row is one rule of one agreement version.
select agreement_id, version, rule_id, rule_order, component, method, chain_id, validator_key, rate_bps, tiers,
    floor_amount, cap_amount, guarantee, loss_policy
from registry.agreement_rules
order by agreement_id, version, rule_order
