-- Forgets what terms the lines were computed under; the lines stay.

alter table computation.generations drop column terms_digest;
