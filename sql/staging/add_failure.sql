-- One failed attempt to ingest, for a chain that is known here.
insert into staging.failures (chain_id, period_id, role, message, run_id)
select chain_id, %(period_id)s, %(role)s, %(message)s, %(run_id)s
from registry.chains
where chain_id = %(chain_id)s
