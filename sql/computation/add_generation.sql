-- A row is one computed version of a slice, in force from now on.
insert into computation.generations
    (dataset, chain_id, period_id, is_current, content_digest, row_count, based_on, engine_version, run_id,
     terms_digest)
values
    (%(dataset)s, %(chain_id)s, %(period_id)s, true, %(content_digest)s, %(row_count)s, %(based_on)s,
     %(engine_version)s, %(run_id)s, %(terms_digest)s)
returning generation_id
