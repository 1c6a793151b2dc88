-- A row is one statement, in DRAFT until it is submitted.
insert into computation.statements (statement_id, partner_id, chain_id, billing_month, status)
values (%(statement_id)s, %(partner_id)s, %(chain_id)s, %(month)s, 'DRAFT')
on conflict do nothing
