-- What processes keep in memory (subscriptions, registrations, contexts) carries a number here, raised by each write to it.
create table base.version (
    name text primary key,
    number bigint not null default 0
);
