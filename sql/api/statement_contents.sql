-- A row is what one submitted statement says, frozen; source: the submission.
select statement_id::text, content, encode(content_sha256, 'hex') as sha256
from computation.statements
where statement_id = any(%(statement_ids)s::uuid[]) and content is not null
