-- The statement gets the next number, and never changes again.
update computation.statements
set
    status = 'RELEASED', released_by = %(by)s, released_at = now(),
    number = (select coalesce(max(number), 0) + 1 from computation.statements)
where statement_id = %(statement_id)s
