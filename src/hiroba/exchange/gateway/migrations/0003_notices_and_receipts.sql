-- What people were shown before they agreed, by its hash: kept as long as a grant may be asked about.
create table gateway.notice (
    sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
    text text not null,                   -- canonical JSON: grants/notice.py
    made timestamptz not null
);

-- The keys that sign receipts: the newest signs, all are published.
create table gateway.receipt_key (
    kid text primary key,
    jwk jsonb not null,                   -- with its private part
    made timestamptz not null
);
