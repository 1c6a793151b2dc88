-- The user whom an external issuer knows by this subject.
select user_id from access.users where oidc_issuer = %(issuer)s and oidc_subject = %(subject)s
