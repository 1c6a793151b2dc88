-- A row is one finished set of responses.
insert into staging.ingestions
    (chain_id, period_id, role, state, is_current, content_digest, payload_count, head_period, findings, run_id)
values
    (%(chain_id)s, %(period_id)s, %(role)s, %(state)s, true, %(content_digest)s, %(payload_count)s,
     %(head_period)s, %(findings)s, %(run_id)s)
returning ingestion_id, state, head_period, payload_count, content_digest, findings
