-- The id of the user of that name.
select user_id from access.users where username = %(username)s
