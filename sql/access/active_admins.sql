-- The administrators who can sign in, locked: the last of them must stay.
select user_id from access.users
where role = 'ADMIN' and active and (expires_at is null or expires_at > now())
order by user_id
for update
