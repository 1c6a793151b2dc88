-- A row is one partner's statement of one generation; its total is the sum of its lines.
copy computation.commission_statements
    (generation_id, statement_id, partner_id, chain_id, period_id, billing_month, status, total, line_count,
     releasable)
from stdin
