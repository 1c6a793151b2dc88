-- One writer a slice: held to the end of the transaction.
select pg_advisory_xact_lock(
    hashtextextended('staging/' || %(chain_id)s || '/' || %(period_id)s::text || '/' || %(role)s, 0)
)
