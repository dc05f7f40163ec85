-- Subscriptions to entities. One that was deleted leaves its key for a while, so that processes which remember it hear of it.
create table broker.subscription (
    tenant text not null,
    id text not null,
    number bigint not null,                -- of the memory 'subscriptions' (base.version) when it was written
    deleted boolean not null default false,
    owner text not null,
    document jsonb not null,               -- as CIM 009 §5.2.12 has it, names expanded
    question text not null,                -- its q, names expanded
    expires timestamptz,
    created timestamptz not null,
    modified timestamptz not null,
    primary key (tenant, id)
);
create index subscription_number on broker.subscription (number, tenant, id);
create index subscription_owner on broker.subscription (tenant, owner, id) where not deleted;

-- When the next notification of a subscription with timeInterval is due: a row of its own, since it changes all the time.
create table broker.subscription_interval (
    tenant text not null,
    id text not null,
    due timestamptz not null,
    primary key (tenant, id)
);
create index subscription_interval_due on broker.subscription_interval (due);
