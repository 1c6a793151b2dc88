-- The same password under a newer hash, after a sign-in with it; not a change that anybody made.
update access.users set password_hash = %(password_hash)s
where user_id = %(user_id)s and password_hash = %(replaced)s
