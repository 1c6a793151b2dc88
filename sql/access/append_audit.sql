-- One row: the number of the audit row written.
select access.append_audit(
    %(actor)s, %(action)s, %(object_type)s, %(object_id)s, %(outcome)s, %(reason)s, %(before)s::jsonb,
    %(after)s::jsonb, %(partner_id)s::integer, %(user_id)s::integer, %(request_digest)s::bytea,
    %(correlation_id)s
)
