-- A row is one correction, open until the next statement is submitted.
insert into computation.true_ups
    (true_up_id, partner_id, chain_id, period_id, line_id, sequence, agreement_id, version, rule_id,
     validator_key, component, released, recomputed, difference, base,
     override_reason, cause, released_in)
values
    (%(true_up_id)s, %(partner_id)s, %(chain_id)s, %(period_id)s, %(line_id)s, %(sequence)s, %(agreement_id)s,
     %(version)s, %(rule_id)s, %(validator_key)s, %(component)s, %(released)s, %(recomputed)s,
     %(difference)s, %(base)s, %(override_reason)s, %(cause)s, %(released_in)s)
