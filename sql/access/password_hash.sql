-- The hash of a user's password; null when they have none.
select password_hash from access.users where user_id = %(user_id)s
