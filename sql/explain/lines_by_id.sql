-- A row is a commission line whose id lies in a range, and the newest generation it is in, in force or not.
select distinct on (line.line_id) line.line_id, line.generation_id, generation.is_current
from computation.commission_lines as line
join computation.generations as generation using (generation_id)
where line.line_id between %(lowest)s and %(highest)s
order by line.line_id, generation.is_current desc, line.generation_id desc
limit %(row_limit)s
