-- The corrections in a reopened statement are open again.
update computation.true_ups
set statement_id = null
where statement_id = %(statement_id)s
