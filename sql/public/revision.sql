-- A row is the revision that the tables are at; source: the migrations.
select version_num as revision
from public.alembic_version
