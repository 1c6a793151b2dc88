-- Comments go with their tables (0001); taking them back alone would change nothing anybody relies on.

do $$ begin end $$;
