create schema audit;

-- How far each chain has come. `ground` is empty in the chain that a person sees; what may only be shown later has
-- a chain for itself per ground, so that no gap in the person's own numbers tells of it (ADR 0031).
create table audit.chain (
    subject text not null,
    ground text not null default '',
    number bigint not null,
    leaf bytea not null,                  -- of its last entry; empty before the first
    primary key (subject, ground)
) with (fillfactor = 70);                 -- each append writes here twice: room on the page keeps that cheap

-- What happened. A row may be deleted (erasure): the leaf stays, and every proof with it.
create table audit.entry (
    id bigint generated always as identity primary key,
    subject text not null,
    ground text not null default '',      -- of its chain
    number bigint not null,               -- in its chain, from 1 without a gap; 0 where there is no person
    at timestamptz not null,
    kind text not null,
    event bytea not null,                 -- canonical JSON
    salt bytea not null
);
create unique index entry_chain on audit.entry (subject, ground, number) where subject <> '';
create index entry_subject_at on audit.entry (subject, at) where subject <> '';

-- The leaves of the tree: SHA-256(salt ‖ event). `position` is given by the sequencer, in the order of commits.
create table audit.leaf (
    entry bigint primary key,
    hash bytea not null check (length(hash) = 32),
    position bigint unique
);
create index leaf_waiting on audit.leaf (entry) where position is null;
