-- When the first of an entity's attributes expires (CIM 009 §4.22); null where none does, which is nearly everywhere.
alter table broker.entity add column lapses timestamptz;
create index entity_lapses on broker.entity (lapses) where lapses is not null;
