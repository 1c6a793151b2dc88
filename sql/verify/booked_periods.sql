-- A row is a period of the range that has books: a P&L or commission lines were computed for it.
select distinct period_id
from computation.generations
where chain_id = %(chain_id)s and period_id between %(first)s and %(last)s
order by period_id
