-- The index and the plans as they were.
alter function access.enter(integer, text) reset plan_cache_mode;
drop index computation.commission_lines_by_partner;
create index commission_lines_by_partner
    on computation.commission_lines (partner_id, chain_id, period_id, validator_key);
