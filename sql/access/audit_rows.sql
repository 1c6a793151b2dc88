-- A row is one row of the audit log: number, hashes, and the texts that the hash is over, in their order.
select sequence, previous_hash, hash, sequence::text,
    to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), actor, user_id::text, action,
    object_type, object_id, partner_id::text, outcome, reason, before::text, after::text,
    encode(request_digest, 'hex'), correlation_id
from access.audit_log
order by audit_log.sequence
