-- A row says that a response belongs to an ingestion.
insert into staging.ingestion_payloads (ingestion_id, position, payload_id)
select %(ingestion_id)s, %(position)s, payload_id
from staging.payloads
where
    chain_id = %(chain_id)s and period_id = %(period_id)s and role = %(role)s
    and request_digest = %(request_digest)s and sha256 = %(sha256)s and accepted
