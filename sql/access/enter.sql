-- Who enters, as the database knows them now (one row; refusal says why not), and this transaction becomes theirs:
-- their settings, and for whoever acts through a role (null: as aurora_api alone, as partners do) that role.
select entered.refusal, entered.user_id, entered.username, entered.display_name, entered.role, entered.partner_id,
    entered.chain_ids, entered.validator_keys, entered.scopes,
    case when entered.refusal is null and acting.role is not null
        then set_config('role', acting.role, true) end as acting_as
from access.enter(%(user_id)s::integer, %(session_id)s::text) as entered
cross join lateral (
    select coalesce(%(as_role)s::text, case when entered.role <> 'PARTNER' then 'aurora_staff' end)
) as acting (role)
