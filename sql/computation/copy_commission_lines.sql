-- A row is one commission line of one generation; source: the engine.
copy computation.commission_lines
    (generation_id, line_id, chain_id, period_id, validator_key, partner_id, agreement_id, version, rule_id,
     component, method, base, rate_trace, floor_applied, cap_applied, scaled, allocated, state, claimed,
     amount, engine_version)
from stdin
