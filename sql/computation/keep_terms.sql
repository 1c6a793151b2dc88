-- The terms a generation was computed under again, with the same result; its rows stay as they are.
update computation.generations
set terms_digest = %(terms_digest)s
where generation_id = %(generation_id)s and terms_digest is distinct from %(terms_digest)s
