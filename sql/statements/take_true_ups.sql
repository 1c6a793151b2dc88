-- Every open correction of the partner on the chain goes into the statement.
update computation.true_ups
set statement_id = %(statement_id)s
where partner_id = %(partner_id)s and chain_id = %(chain_id)s and statement_id is null
