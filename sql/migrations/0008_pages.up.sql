-- What makes a portal's pages quick, and changes nothing of what they show.

-- A partner's lines of a period in the order they are paged in: no page is sorted.
drop index computation.commission_lines_by_partner;
create index commission_lines_by_partner on computation.commission_lines
    (partner_id, chain_id, period_id, agreement_id, rule_id, coalesce(validator_key, ''), line_id);

-- Entering is asked at every request, by primary keys: its plans are made once for a session. The service asks for
-- a new plan each time otherwise, which its pages with their many optional filters need.
alter function access.enter(integer, text) set plan_cache_mode = auto;
