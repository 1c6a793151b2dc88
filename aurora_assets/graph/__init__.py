"""Everything that imports Dagster: assets, checks, jobs, sensors, partitions and run storage."""
