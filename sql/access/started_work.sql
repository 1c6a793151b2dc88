-- name: start_work
-- A row is what a user started under a key of theirs: asked again, it is not started twice.
insert into access.started_work (user_id, operation, idempotency_key, request_digest, reference)
values (%(user_id)s, %(operation)s, %(idempotency_key)s, %(request_digest)s, %(reference)s)

-- name: started_work
-- At most one row: what a user started before under this key of theirs.
select reference, request_digest
from access.started_work
where user_id = %(user_id)s and operation = %(operation)s and idempotency_key = %(idempotency_key)s
