-- A tenant of personal data: nothing but the gateway opens it, and everything in it is somebody's.
alter table broker.tenant add column personal boolean not null default false;

-- Whose it is: that tenant's own key of the person, which no answer ever carries. Null where it is nobody's, as everywhere else.
alter table broker.entity add column subject text;
alter table broker.entity add column mentions text[];   -- people that may be named in doc, by the same keys; null: none
alter table broker.evolution add column subject text;
alter table broker.instance add column subject text;
alter table broker.owed add column subject text;
alter table broker.dead_letter add column subject text;

create index entity_subject on broker.entity (tenant, subject) where subject is not null;
create index evolution_subject on broker.evolution (tenant, subject) where subject is not null;
create index instance_subject on broker.instance (tenant, subject) where subject is not null;
