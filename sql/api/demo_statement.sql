-- One row: a partner's statement of a period, and how many responses are behind that period's books.
select partner.name, statement.period_id, statement.status, statement.total, statement.line_count,
    (
        select count(distinct member.payload_id)
        from staging.ingestions as ingestion
        join staging.ingestion_payloads as member using (ingestion_id)
        where
            ingestion.chain_id = statement.chain_id and ingestion.period_id = statement.period_id
            and ingestion.is_current
    )
from computation.commission_statements_current as statement
join registry.partners as partner using (partner_id)
where
    statement.chain_id = %(chain_id)s and statement.period_id = %(last)s and partner.code = %(partner)s
