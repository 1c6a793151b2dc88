-- Forgets which text of the repeatable files is in force; the routines and policies stay as they are.

reset role;

drop table public.repeatable_files;
