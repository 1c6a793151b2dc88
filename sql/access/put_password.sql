-- A user's new password hash; the version is raised, so that an edit begun before it is refused.
update access.users set password_hash = %(password_hash)s, version = version + 1
where user_id = %(user_id)s
