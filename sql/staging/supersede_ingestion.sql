-- The ingestion in force steps back; it is never deleted.
update staging.ingestions
set is_current = false
where chain_id = %(chain_id)s and period_id = %(period_id)s and role = %(role)s and is_current
