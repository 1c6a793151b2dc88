-- name: lock_active_admins
-- The administrators who can sign in, locked: the last of them must stay.
select user_id from access.users
where role = 'ADMIN' and active and (expires_at is null or expires_at > now())
order by user_id
for update

-- name: add_user
-- A new user. Without a hash nobody can sign in with a password.
insert into access.users
    (username, display_name, role, partner_id, chain_ids, validator_keys, password_hash, oidc_issuer, oidc_subject,
    expires_at)
values
    (%(username)s, %(display_name)s, %(role)s, %(partner_id)s, %(chain_ids)s, %(validator_keys)s,
    %(password_hash)s, %(oidc_issuer)s, %(oidc_subject)s, %(expires_at)s)
returning user_id

-- name: update_user
-- A user as they are from now on, if nobody has changed them since the version that was looked at.
update access.users set display_name = %(display_name)s, role = %(role)s, partner_id = %(partner_id)s,
    chain_ids = %(chain_ids)s, validator_keys = %(validator_keys)s, oidc_issuer = %(oidc_issuer)s,
    oidc_subject = %(oidc_subject)s, active = %(active)s, expires_at = %(expires_at)s, version = version + 1
where user_id = %(user_id)s and version = %(expected_version)s
returning user_id

-- name: lock_user
-- One user, without the hash; locked until the end of the transaction.
select person.user_id, person.username, person.display_name, person.role, person.partner_id,
    (select code from registry.partners where partner_id = person.partner_id) as partner_code, person.chain_ids,
    person.validator_keys, person.oidc_issuer, person.oidc_subject, person.password_hash is not null as has_password,
    person.active, person.expires_at, person.created_at, person.version
from access.users as person
where person.user_id = %(user_id)s
for update of person

-- name: user_page
-- A page of users, by username.
select person.user_id, person.username, person.display_name, person.role, person.partner_id,
    (select code from registry.partners where partner_id = person.partner_id) as partner_code, person.chain_ids,
    person.validator_keys, person.oidc_issuer, person.oidc_subject, person.password_hash is not null as has_password,
    person.active, person.expires_at, person.created_at, person.version
from access.users as person
where (%(roles)s::text[] is null or person.role = any(%(roles)s))
    and (%(active)s::boolean is null or person.active = %(active)s)
    and (%(after_username)s::text is null or person.username > %(after_username)s)
order by person.username
limit %(row_limit)s

-- name: user_of_name
-- The user of that name, without the hash.
select person.user_id, person.username, person.display_name, person.role, person.partner_id,
    (select code from registry.partners where partner_id = person.partner_id) as partner_code, person.chain_ids,
    person.validator_keys, person.oidc_issuer, person.oidc_subject, person.password_hash is not null as has_password,
    person.active, person.expires_at, person.created_at, person.version
from access.users as person
where person.username = %(username)s

-- name: user_id_of_name
-- The id of the user of that name.
select user_id from access.users where username = %(username)s

-- name: user_id_of_subject
-- The user whom an external issuer knows by this subject.
select user_id from access.users where oidc_issuer = %(issuer)s and oidc_subject = %(subject)s

-- name: authenticate
-- Who enters, as the database knows them now (one row; refusal says why not), and this transaction becomes theirs:
-- their settings, and for a caller that acts through a role (null: as aurora_api alone, as partners do) that role.
select entered.refusal, entered.user_id, entered.username, entered.display_name, entered.role, entered.partner_id,
    entered.chain_ids, entered.validator_keys, entered.scopes,
    case when entered.refusal is null and acting.role is not null
        then set_config('role', acting.role, true) end as acting_as
from access.enter(%(user_id)s::integer, %(session_id)s::text) as entered
cross join lateral (
    select coalesce(%(as_role)s::text, case when entered.role <> 'PARTNER' then 'aurora_staff' end)
) as acting (role)

-- name: credentials
-- What a sign-in is checked against: one row, or none for an unknown username.
select user_id, username, password_hash, active, expires_at <= now() as expired
from access.users
where username = %(username)s

-- name: password_hash
-- The hash of a user's password; null when they have none.
select password_hash from access.users where user_id = %(user_id)s

-- name: put_password
-- A user's new password hash; the version is raised, so that an edit begun before it is refused.
update access.users set password_hash = %(password_hash)s, version = version + 1
where user_id = %(user_id)s

-- name: renew_password_hash
-- The same password under a newer hash, after a sign-in with it; not a change that anybody made.
update access.users set password_hash = %(password_hash)s
where user_id = %(user_id)s and password_hash = %(replaced)s
