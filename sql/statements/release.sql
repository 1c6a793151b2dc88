-- The statement gets the next number, and never changes again.
update computation.statements
set
    status = 'RELEASED', released_by = %(by)s, released_at = now(),
    number = computation.next_statement_number()
where statement_id = %(statement_id)s
