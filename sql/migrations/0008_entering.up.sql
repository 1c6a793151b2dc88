-- Entering is asked at every request, by primary keys: its plans are made once for a session. The service asks for
-- a new plan each time otherwise, which its pages with their many optional filters need.
alter function access.enter(integer, text) set plan_cache_mode = auto;
