-- Takes back statements, overrides and corrections with what they hold; the lines they are about stay.

drop trigger never_truncated on computation.commission_statements;
drop trigger never_truncated on computation.commission_lines;
drop trigger released_stays on computation.commission_statements;
drop trigger released_stays on computation.commission_lines;
drop table computation.true_ups;
drop function computation.guard_true_up();
drop table computation.statements;
drop function computation.guard_statement();
drop function computation.refuse_born_later();
drop function computation.refuse_released_change();
drop table computation.overrides;
drop function computation.refuse_bad_confirmation();
drop index computation.commission_lines_by_line;
