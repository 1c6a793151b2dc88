-- The statement is frozen as it is and waits for approval.
update computation.statements
set
    status = 'PENDING_APPROVAL', content = %(content)s, content_bytes = %(content_bytes)s,
    content_sha256 = %(content_sha256)s, total = %(total)s, opening_balance = %(opening_balance)s,
    payable = %(payable)s, closing_balance = %(closing_balance)s, prepared_by = %(by)s, submitted_at = now()
where statement_id = %(statement_id)s
