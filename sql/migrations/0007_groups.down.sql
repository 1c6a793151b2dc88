-- Forgets the declared groups; the configuration still has them.

alter table canonical.validator_meta drop column group_name, drop column operator, drop column client;
