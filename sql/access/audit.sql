-- name: append_audit
-- One row: the number of the audit row written.
select access.append_audit(
    %(actor)s, %(action)s, %(object_type)s, %(object_id)s, %(outcome)s, %(reason)s, %(before)s::jsonb,
    %(after)s::jsonb, %(partner_id)s::integer, %(user_id)s::integer, %(request_digest)s::bytea,
    %(correlation_id)s
)

-- name: audit_head
-- One row: the number and the hash of the last row of the audit log, as kept beside it.
select sequence, hash
from access.audit_head

-- name: audit_rows
-- A row is one row of the audit log: number, hashes, and the texts that the hash is over, in their order.
select sequence, previous_hash, hash, sequence::text,
    to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), actor, user_id::text, action,
    object_type, object_id, partner_id::text, outcome, reason, before::text, after::text,
    encode(request_digest, 'hex'), correlation_id
from access.audit_log
order by audit_log.sequence

-- name: audit_page
-- A row is one entry of the audit log, the newest first; source: whatever people and programs did.
select entry.sequence, entry.at, entry.actor, entry.action, entry.object_type, entry.object_id,
    partner.code as partner_code, entry.outcome, entry.reason, entry.before::text, entry.after::text,
    encode(entry.request_digest, 'hex') as request_digest, entry.correlation_id, encode(entry.hash, 'hex') as hash
from access.audit_log as entry
left join registry.partners as partner using (partner_id)
where
    (%(actor)s::text is null or entry.actor = %(actor)s)
    and (%(action)s::text is null or entry.action = %(action)s or starts_with(entry.action, %(action)s || '.'))
    and (%(object_type)s::text is null or entry.object_type = %(object_type)s)
    and (%(object_id)s::text is null or entry.object_id = %(object_id)s)
    and (%(partner_code)s::text is null or partner.code = %(partner_code)s)
    and (%(outcomes)s::text[] is null or entry.outcome = any(%(outcomes)s))
    and (%(correlation_id)s::text is null or entry.correlation_id = %(correlation_id)s)
    and (%(since)s::timestamptz is null or entry.at >= %(since)s::timestamptz)
    and (%(until)s::timestamptz is null or entry.at < %(until)s::timestamptz)
    and (%(after_sequence)s::bigint is null or entry.sequence < %(after_sequence)s)
    and (%(sequence)s::bigint is null or entry.sequence = %(sequence)s)
order by entry.sequence desc
limit %(row_limit)s
