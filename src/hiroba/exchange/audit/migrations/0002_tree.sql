-- Who this log is: one row, made at the first start. The secret keys are in a file beside the data, not here.
create table audit.identity (
    only_one boolean primary key default true check (only_one),
    log text not null,                    -- verifier keys: name+id+key (c2sp.org/signed-note)
    witness text not null
);

-- The tree in tiles of 256 hashes (c2sp.org/tlog-tiles); those at the right edge are not full.
-- Level -1 are the leaves themselves, level 0 their hashes, each level above the roots of full tiles.
create table audit.tile (
    level smallint,
    number bigint,
    hashes bytea not null check (length(hashes) between 32 and 8192 and length(hashes) % 32 = 0),
    primary key (level, number)
);
alter table audit.tile alter column hashes set storage external;  -- hashes cannot be compressed

-- Every tree that was ever signed.
create table audit.checkpoint (
    size bigint primary key,
    root bytea not null,
    signed text not null,                 -- the note with the log's own signature
    at timestamptz not null
);

-- Who watches this log, and up to where each has confirmed it.
create table audit.witness (
    name text primary key,
    key text not null,
    url text not null,                    -- add-checkpoint stands below it
    size bigint not null default 0,
    failure text not null default ''      -- of the last attempt
);

create table audit.cosignature (
    size bigint,
    witness text,
    line text not null,
    at timestamptz not null,
    primary key (size, witness)
);

-- Logs that this house watches, and the largest tree of each that it has confirmed.
create table audit.watched (
    origin text primary key,
    key text not null,
    size bigint not null default 0,
    root bytea,
    note text not null default ''         -- the last checkpoint, with its signatures and ours
);
