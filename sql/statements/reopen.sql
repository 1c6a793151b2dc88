-- The statement is a draft again: what was frozen and approved is forgotten.
update computation.statements
set
    status = 'DRAFT', content = null, content_bytes = null, content_sha256 = null, total = null,
    opening_balance = null, payable = null, closing_balance = null, prepared_by = null, submitted_at = null,
    approved_by = null, approved_at = null
where statement_id = %(statement_id)s
