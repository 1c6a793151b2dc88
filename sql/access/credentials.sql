-- What a sign-in is checked against: one row, or none for an unknown username.
select user_id, username, password_hash, active, expires_at <= now() as expired
from access.users
where username = %(username)s
