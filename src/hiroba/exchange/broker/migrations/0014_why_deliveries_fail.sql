-- Why the last attempt to deliver to a subscription failed; empty where it went well.
alter table broker.delivery add column reason text not null default '';
