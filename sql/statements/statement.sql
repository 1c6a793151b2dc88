-- At most one row: the statement of a partner, chain and month, once it was submitted.
select statement_id, status, content, content_bytes, content_sha256, number, prepared_by, submitted_at,
    approved_by, approved_at, released_by, released_at, paid_by, paid_at
from computation.statements
where partner_id = %(partner_id)s and chain_id = %(chain_id)s and billing_month = %(month)s
