-- What is owed to subscriptions: one row per notification, written with the entity's own transaction, gone when it is delivered.
-- An entity's rows are written while its own row is locked, so that the order of their numbers is the order of its changes.
create table broker.owed (
    number bigint generated always as identity,
    tenant text not null,
    entity text not null,                 -- what it is about; '' where one notification is about many
    kind text not null,
    subscription text not null,
    slot smallint not null,               -- of the subscription: processes share the slots among them
    trigger text not null,
    at timestamptz not null,              -- when it happened
    data bytea not null,                  -- items of the notification's `data`, with commas between them
    primary key (number, tenant, entity)
)
-- a queue: rows live for milliseconds, and what they leave behind must not be walked over
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_insert_threshold = -1,
      autovacuum_vacuum_cost_delay = 0);
alter table broker.owed alter column data set storage external;  -- short-lived: packing costs more than it saves
create index owed_line on broker.owed (slot, tenant, kind, subscription, number);

-- How it went, per subscription.
create table broker.delivery (
    tenant text not null,
    kind text not null,
    subscription text not null,
    sent bigint not null default 0,
    failed bigint not null default 0,
    ok boolean,                           -- how the last attempt ended
    last_notification timestamptz,
    last_success timestamptz,
    last_failure timestamptz,
    failures int not null default 0,      -- one after the other, up to now
    primary key (tenant, kind, subscription)
)
with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- What could not be delivered in the end, kept to be looked at and sent again.
create table broker.dead_letter (
    number bigint not null,
    tenant text not null,
    entity text not null,
    kind text not null,
    subscription text not null,
    trigger text not null,
    at timestamptz not null,
    data bytea not null,
    died timestamptz not null,
    tries int not null,
    reason text not null,
    primary key (number, tenant, entity)
);
create index dead_letter_line on broker.dead_letter (tenant, kind, subscription, number);
