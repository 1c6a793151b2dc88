-- Plans of entering are made as the session says again.
alter function access.enter(integer, text) reset plan_cache_mode;
