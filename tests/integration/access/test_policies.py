"""Every table is enumerated: one that is made without a forced policy, or open to all, fails here."""

import pytest

from aurora_resources.warehouse.connection import DbConnection, Warehouse

IN_SCHEMAS = "n.nspname in ('registry', 'staging', 'canonical', 'computation', 'access')"
UNPROTECTED = f"""
select c.oid::regclass::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where {IN_SCHEMAS} and (
    (c.relkind in ('r', 'p') and not (
        c.relrowsecurity and c.relforcerowsecurity
        and exists (select from pg_policy as p where p.polrelid = c.oid)
    ))
    or (c.relkind = 'v' and not coalesce('security_invoker=true' = any (c.reloptions), false))
    or c.relkind in ('m', 'f')
) order by 1
"""
# What a partner is shown of a table that says whose a row is depends on the partner.
NOT_BY_PARTNER = f"""
select c.oid::regclass::text, p.polname from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_policy as p on p.polrelid = c.oid and p.polpermissive
where {IN_SCHEMAS}
    and (p.polroles = array[0::oid] or 'aurora_api'::regrole = any (p.polroles))
    and exists (
        select from pg_attribute as a where a.attrelid = c.oid and not a.attisdropped
            and a.attname in ('partner_id', 'agreement_id', 'wallet_id', 'line_id', 'statement_id', 'user_id')
    )
    and pg_get_expr(p.polqual, p.polrelid) !~ 'partner_id = .*app.partner_id'
"""
# A table in a policy is asked for every row: fifty times slower, and it leaks when it is itself unprotected.
WITH_TABLE = "select polrelid::regclass::text, polname from pg_policy where {} ~* '\\mfrom\\s'"
OPEN_TO_ALL = f"""
select c.oid::regclass::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace,
    aclexplode(c.relacl) as given
where {IN_SCHEMAS} and given.grantee = 0
union all
select nspname from pg_namespace as n, aclexplode(nspacl) as given where {IN_SCHEMAS} and given.grantee = 0
"""


def rows(connection: DbConnection, query: str) -> list[tuple[object, ...]]:
    return connection.execute(query.encode()).fetchall()


def test_every_table_and_view_is_protected(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        assert rows(connection, UNPROTECTED) == []
        assert rows(connection, NOT_BY_PARTNER) == []
        assert rows(connection, OPEN_TO_ALL) == []
        for expression in ("pg_get_expr(polqual, polrelid)", "pg_get_expr(polwithcheck, polrelid)"):
            assert rows(connection, WITH_TABLE.format(expression)) == []


@pytest.mark.parametrize(
    ("made", "query", "found"),
    [
        ("create table computation.new (partner_id integer)", UNPROTECTED, "computation.new"),
        (
            "create table computation.new (partner_id integer);"
            "alter table computation.new enable row level security;"
            "create policy p on computation.new using (true)",
            UNPROTECTED,
            "computation.new",
        ),
        (
            "alter table computation.commission_lines no force row level security",
            UNPROTECTED,
            "computation.commission_lines",
        ),
        (
            "create view computation.seen as select * from computation.commission_lines",
            UNPROTECTED,
            "computation.seen",
        ),
        (
            "create materialized view computation.kept as select * from computation.commission_lines",
            UNPROTECTED,
            "computation.kept",
        ),
        (
            "create policy open on computation.statements to aurora_api using (true)",
            NOT_BY_PARTNER,
            "computation.statements",
        ),
        ("create policy open on access.users using (true)", NOT_BY_PARTNER, "access.users"),
        ("grant select on registry.partners to public", OPEN_TO_ALL, "registry.partners"),
    ],
)
def test_the_enumeration_finds_what_is_open(warehouse: Warehouse, made: str, query: str, found: str) -> None:
    with warehouse.connect() as connection:
        connection.execute(made.encode())
        assert [row[0] for row in rows(connection, query)] == [found]
        connection.rollback()


def test_no_role_passes_by_and_all_belongs_to_the_owner(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        roles = rows(
            connection,
            "select rolname, rolcanlogin from pg_roles where rolname ~ '^aurora_' and not rolsuper"
            " and not rolbypassrls and not rolinherit and not rolcreaterole and not rolcreatedb order by 1",
        )
        owned = rows(
            connection,
            "select distinct pg_get_userbyid(c.relowner) from pg_class as c"
            f" join pg_namespace as n on n.oid = c.relnamespace where {IN_SCHEMAS}"
            f" union select pg_get_userbyid(n.nspowner) from pg_namespace as n where {IN_SCHEMAS}"
            " union select pg_get_userbyid(f.proowner) from pg_proc as f"
            f" join pg_namespace as n on n.oid = f.pronamespace where {IN_SCHEMAS}",
        )
    assert roles == [
        ("aurora_api", True),
        ("aurora_auth", False),
        ("aurora_owner", False),
        ("aurora_pipeline", True),
        ("aurora_staff", False),
    ]
    assert owned == [("aurora_owner",)]


def test_doors_with_the_owners_rights_are_few_and_cannot_be_led_astray(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        doors = rows(
            connection,
            "select f.oid::regproc::text, f.proconfig::text,"
            " has_function_privilege('public', f.oid, 'execute')"
            " from pg_proc as f join pg_namespace as n on n.oid = f.pronamespace"
            f" where {IN_SCHEMAS} and f.prosecdef order by 1",
        )
    path = '{"search_path=pg_catalog, pg_temp"}'
    path_and_plans = path.replace("}", ",plan_cache_mode=auto}")
    assert doors == [
        ("access.append_audit", path, False),
        ("access.enter", path_and_plans, False),
        ("computation.next_statement_number", path, False),
    ]


def test_append_only_tables_have_no_grant_that_says_otherwise(warehouse: Warehouse) -> None:
    tables = (
        "registry.agreement_versions",
        "registry.agreement_rules",
        "staging.payloads",
        "computation.overrides",
        "computation.commission_lines",
        "access.audit_log",
    )
    with warehouse.connect() as connection:
        for table in tables:
            for role in ("aurora_pipeline", "aurora_api", "aurora_staff", "aurora_auth"):
                given = connection.execute(
                    "select has_table_privilege(%s, %s, 'update, delete, truncate')", [role, table]
                ).fetchone()
                assert given == (False,), (role, table)
