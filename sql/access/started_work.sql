-- At most one row: what a user started before under this key of theirs.
select reference, request_digest
from access.started_work
where user_id = %(user_id)s and operation = %(operation)s and idempotency_key = %(idempotency_key)s
