-- The three methods of the first engine are listed in the tables again; rows with another one refuse this.
alter table computation.commission_lines
    add constraint commission_lines_method_check
    check (method in ('CLIENT_REVENUE', 'STAKE_WEIGHT', 'FIXED_SHARE'));
alter table registry.agreement_rules
    drop constraint agreement_rules_method_check,
    add constraint agreement_rules_method_check
    check (method in ('CLIENT_REVENUE', 'STAKE_WEIGHT', 'FIXED_SHARE'));

comment on column registry.agreement_rules.method is
    'How the base is found: CLIENT_REVENUE, STAKE_WEIGHT or FIXED_SHARE.';
comment on column computation.commission_lines.method is
    'How the base is found: CLIENT_REVENUE, STAKE_WEIGHT or FIXED_SHARE.';
