-- Somebody who signs in. What is known of them beside this stands where it is needed: credentials here, the rest in
-- a personal tenant, as entities. The id never leaves this schema.
create table identity.person (
    id text primary key,
    made timestamptz not null default now()
);

-- The keys of pairwise IDs, one per epoch: the newest makes new pairs, the older ones are kept to know where a pair is from.
create table identity.pair_key (
    epoch int primary key,
    secret bytea not null check (length(secret) = 32),
    made timestamptz not null default now()
);

-- One person as one sector knows them. Computed once and kept: a new epoch changes no pair that is there.
create table identity.pair (
    sector text not null,
    person text not null references identity.person on delete cascade,
    epoch int not null references identity.pair_key,
    subject text not null,
    primary key (sector, person),
    unique (sector, subject)
);
create index pair_person on identity.pair (person);
