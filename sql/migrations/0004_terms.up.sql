-- What terms the lines in force were computed under, so that a change of terms is noticed.

alter table computation.generations
    add column terms_digest bytea check (octet_length(terms_digest) = 32);
comment on column computation.generations.terms_digest is
    'SHA-256 of the agreements, wallets and rule histories it was last computed under; null: not kept.';
