-- A row is one finding of one generation; source: the engine.
copy computation.findings
    (generation_id, position, code, message, partner_id, validator_key, component, blocks_release)
from stdin
