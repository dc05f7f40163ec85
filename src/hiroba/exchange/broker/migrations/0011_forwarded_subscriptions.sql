-- Subscriptions that go on to context sources (CIM 009 §5.8.1.4): through whom one came, and its copies elsewhere.
alter table broker.subscription add column via text not null default '';         -- the request's header, so that no copy goes back
alter table broker.source_subscription add column via text not null default '';  -- the same rows; always empty

create table broker.subscription_copy (
    remote text primary key,               -- the id it is given at the source; who knows it may notify, so nobody can guess it
    named text not null,                   -- the id the source says it has there: the same, unless the source chose another
    tenant text not null,
    subscription text not null,
    registration text not null,
    source jsonb not null,                 -- the registration as it was last: it is asked by that when it is gone here
    owner text not null,                   -- of the registration
    digest bytea not null,                 -- of what the source is to have
    revision bigint not null default 1,    -- raised when that changes
    wanted boolean not null default true,  -- false: it is to be deleted there
    state text not null default 'absent' check (state in ('absent', 'unsure', 'there')),
    members text[] not null default '{}',  -- of the document, as the source was sent it last
    due timestamptz default now(),         -- when the source is to be asked; null: all is as it should be, or was refused
    busy timestamptz,                      -- until when a process is at it; null: none is
    tries integer not null default 0,      -- that failed, one after the other
    trouble text not null default '',      -- what came of the last one
    modified timestamptz not null default now()
);
create unique index subscription_copy_wanted on broker.subscription_copy (tenant, subscription, registration) where wanted;
create index subscription_copy_registration on broker.subscription_copy (tenant, registration);
create index subscription_copy_named on broker.subscription_copy (named);
create index subscription_copy_due on broker.subscription_copy (due) where due is not null;

-- Up to which numbers of the memories 'subscriptions' and 'sources' it is settled which copies there are to be.
create table broker.forwarding (
    only_one boolean primary key default true check (only_one),
    subscriptions bigint not null default 0,
    sources bigint not null default 0
);
insert into broker.forwarding default values;

-- Subscriptions to context sources as they are shown: with those that follow from subscriptions to entities (§5.8.1.4).
create view broker.source_subscription_shown as
    select tenant, id, owner, document, question, expires, created, modified, via, deleted from broker.source_subscription
     union all
    select tenant, 'urn:ngsi-ld:Subscription:sources-of:' || id, owner,
           document || jsonb_build_object('id', 'urn:ngsi-ld:Subscription:sources-of:' || id), '', expires, created, modified, via,
           deleted
      from broker.subscription
     where coalesce((document ->> 'localOnly')::boolean, false) is false;
