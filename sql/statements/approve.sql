-- Another person has approved the statement.
update computation.statements
set status = 'APPROVED', approved_by = %(by)s, approved_at = now()
where statement_id = %(statement_id)s
