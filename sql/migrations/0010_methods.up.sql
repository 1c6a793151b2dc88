-- The attribution methods are listed once, in the engine (aurora_assets/commission/methods): a new one changes no
-- table. What writes a rule has its method from that list, and a line takes over its rule's.
alter table registry.agreement_rules
    drop constraint agreement_rules_method_check,
    add constraint agreement_rules_method_check check (method ~ '^[A-Z]+(_[A-Z]+)*$');
alter table computation.commission_lines drop constraint commission_lines_method_check;

comment on column registry.agreement_rules.method is 'How the base is found: the name of an attribution method.';
comment on column computation.commission_lines.method is
    'How the base is found: the name of an attribution method.';
