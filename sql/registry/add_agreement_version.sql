-- A row is one version of an agreement.
insert into registry.agreement_versions (agreement_id, version, valid_from, valid_until, reason)
values (%(agreement_id)s, %(version)s, %(valid_from)s, %(valid_until)s, %(reason)s)
