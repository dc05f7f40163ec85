-- What is done by the clock: when each is due next. A process that does one holds its row, so that no other does it too.
create table base.job (
    name text primary key,
    due timestamptz not null,
    finished timestamptz,
    failure text                       -- why the last try failed; null where it did not
);
