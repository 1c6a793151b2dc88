-- A row is one recompute that was asked for; Dagster's sensor takes it up.
insert into computation.recomputes
    (recompute_id, chain_id, from_period, to_period, force, status, reason, requested_by, correlation_id)
values
    (%(recompute_id)s, %(chain_id)s, %(from_period)s, %(to_period)s, %(force)s, 'PENDING', %(reason)s,
     %(requested_by)s, %(correlation_id)s)
