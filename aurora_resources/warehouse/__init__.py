"""The warehouse: the PostgreSQL server (embedded or given), connections, migrations and named SQL.

No Dagster here, and no rule about money: sets are in `sql/`, rules in `aurora_assets.commission`.
"""
