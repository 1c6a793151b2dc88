-- Takes back users, tokens, the audit log, started work and declared validators with what they hold.

drop trigger fill_chain on computation.findings;
drop function computation.fill_chain();
alter table computation.findings drop column chain_id;
drop trigger fill_wallet on registry.partner_wallets;
drop function registry.fill_wallet();
drop index registry.partner_wallets_by_partner;
alter table registry.partner_wallets drop column chain_id, drop column wallet, drop column notes;
drop trigger fill_partner on registry.agreement_rules;
drop trigger fill_partner on registry.agreement_versions;
drop function registry.fill_partner();
alter table registry.agreement_rules drop column partner_id;
alter table registry.agreement_versions drop column partner_id;
alter table registry.agreements drop constraint agreements_agreement_id_partner_id_key;
drop table registry.declared_validators;
drop table staging.failures;
drop table staging.heads;
drop table computation.recomputes;
drop table access.started_work;
drop table access.audit_head;
drop table access.audit_log;
drop table access.api_tokens;
drop table access.refresh_tokens;
drop table access.users;
drop domain access.user_role;
