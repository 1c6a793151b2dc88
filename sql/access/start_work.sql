-- A row is what a user started under a key of theirs: asked again, it is not started twice.
insert into access.started_work (user_id, operation, idempotency_key, request_digest, reference)
values (%(user_id)s, %(operation)s, %(idempotency_key)s, %(request_digest)s, %(reference)s)
