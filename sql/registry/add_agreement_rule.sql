-- A row is one rule of an agreement version.
insert into registry.agreement_rules
    (agreement_id, version, rule_id, rule_order, component, method, chain_id, validator_key, rate_bps, tiers,
     floor_amount, cap_amount, guarantee, loss_policy)
values
    (%(agreement_id)s, %(version)s, %(rule_id)s, %(rule_order)s, %(component)s, %(method)s, %(chain_id)s,
     %(validator_key)s, %(rate_bps)s, %(tiers)s, %(floor_amount)s, %(cap_amount)s, %(guarantee)s,
     %(loss_policy)s)
