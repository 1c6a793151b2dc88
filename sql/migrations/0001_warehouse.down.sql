-- Removes the warehouse with everything in it; Dagster's own schema is not touched.

drop schema access cascade;
drop schema computation cascade;
drop schema canonical cascade;
drop schema staging cascade;
drop schema registry cascade;
