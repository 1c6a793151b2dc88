-- One row: the number and the hash of the last row of the audit log, as kept beside it.
select sequence, hash
from access.audit_head
