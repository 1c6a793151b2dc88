-- The statement was paid.
update computation.statements
set status = 'PAID', paid_by = %(by)s, paid_at = now()
where statement_id = %(statement_id)s
