-- Who runs a validator for whom, as declared for a period.

alter table canonical.validator_meta
    add column group_name text,
    add column operator text,
    add column client text;
comment on column canonical.validator_meta.group_name is
    'The group the validator is in during the period, as declared; null: in none.';
comment on column canonical.validator_meta.operator is 'Who runs the group, as declared.';
comment on column canonical.validator_meta.client is
    'Whose stake the group runs, as declared; null: the operators own, or not declared.';
